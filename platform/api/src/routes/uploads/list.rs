//! The files that customers sent for a connection, page by page.

use axum::Json;
use serde::{Deserialize, Serialize};
use tributary_model::state::UploadState;
use tributary_store::UploadFilter;
use utoipa::{IntoParams, ToSchema};

use super::{UploadView, check_connection, view};
use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::page;
use crate::request::parts::{Names, Query};
use crate::wire::document::NamePath;

/// Which files.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UploadsQuery {
    /// only in this state: `ready`, `archived` or `deleted`
    #[param(value_type = Option<String>)]
    state: Option<UploadState>,
    /// 1 to 1000, 100 if absent
    limit: Option<u32>,
    /// `next` of the page before
    after: Option<String>,
}

/// Files.
#[derive(Serialize, ToSchema)]
pub(crate) struct UploadPage {
    items: Vec<UploadView>,
    /// to be passed as `after` for the next page
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// The newest version of each file, by name.
#[utoipa::path(
    get,
    path = "/api/v1/tenants/{tenant}/uploads/{name}",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("name" = String, Path, description = "name of a connection of kind uploads"),
        UploadsQuery
    ),
    responses((status = 200, description = "a page of files", body = UploadPage))
)]
pub(crate) async fn list_uploads(
    scope: Scope,
    Names(path): Names<NamePath>,
    Query(query): Query<UploadsQuery>,
) -> Result<Json<UploadPage>, ApiError> {
    check_connection(&scope, &path.name).await?;
    let limit = page::limit(query.limit)?;
    let after = query.after.as_deref().map(page::decode::<String>);
    let filter = UploadFilter {
        state: query.state,
        after: after.transpose()?,
        // one more, for `page::cut`
        limit: limit + 1,
    };
    let mut uploads = scope.store.uploads(&path.name, &filter).await?;
    let next = page::cut(&mut uploads, limit, |upload| upload.name.clone());
    let items = uploads.into_iter().map(view).collect();
    Ok(Json(UploadPage { items, next }))
}
