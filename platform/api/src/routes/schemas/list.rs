//! Every schema of the tenant.

use axum::Json;

use crate::auth::Scope;
use crate::problem::ApiError;
use crate::wire::document::{DocumentList, list};

/// Every schema, by name.
#[utoipa::path(
    get,
    path = "/api/v1/tenants/{tenant}/schemas",
    params(("tenant" = String, Path, description = "name of the tenant")),
    responses((status = 200, description = "the schemas", body = DocumentList))
)]
pub(crate) async fn list_schemas(scope: Scope) -> Result<Json<DocumentList>, ApiError> {
    Ok(Json(list(scope.store.schemas().await?)))
}
