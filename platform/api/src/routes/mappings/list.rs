//! Every mapping of the tenant.

use axum::Json;

use crate::auth::Scope;
use crate::problem::ApiError;
use crate::wire::document::{DocumentList, list};

/// Every mapping, by name.
#[utoipa::path(
    get,
    path = "/api/v1/tenants/{tenant}/mappings",
    params(("tenant" = String, Path, description = "name of the tenant")),
    responses((status = 200, description = "the mappings", body = DocumentList))
)]
pub(crate) async fn list_mappings(scope: Scope) -> Result<Json<DocumentList>, ApiError> {
    Ok(Json(list(scope.store.mappings().await?)))
}
