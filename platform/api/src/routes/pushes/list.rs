//! The batches that were pushed for an integration, page by page.

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{PushView, view};
use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::page;
use crate::request::parts::{Names, Query};
use crate::wire::document::NamePath;

/// Which batches.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PushesQuery {
    /// 1 to 1000, 100 if absent
    limit: Option<u32>,
    /// `next` of the page before
    after: Option<String>,
}

/// Batches.
#[derive(Serialize, ToSchema)]
pub(crate) struct PushPage {
    items: Vec<PushView>,
    /// to be passed as `after` for the next page
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// The batches of an integration, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/tenants/{tenant}/integrations/{name}/pushes",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("name" = String, Path, description = "name of the integration"),
        PushesQuery
    ),
    responses((status = 200, description = "a page of batches", body = PushPage))
)]
pub(crate) async fn list_pushes(
    scope: Scope,
    Names(path): Names<NamePath>,
    Query(query): Query<PushesQuery>,
) -> Result<Json<PushPage>, ApiError> {
    let integration = scope.store.integration(&path.name, None).await?;
    integration.ok_or_else(ApiError::not_found)?;
    let limit = page::limit(query.limit)?;
    let before = query
        .after
        .as_deref()
        .map(page::decode::<u64>)
        .transpose()?;
    // one more, for `page::cut`
    let mut pushes = scope.store.pushes(&path.name, before, limit + 1).await?;
    let next = page::cut(&mut pushes, limit, |push| push.seq);
    let items = pushes.into_iter().map(view).collect();
    Ok(Json(PushPage { items, next }))
}
