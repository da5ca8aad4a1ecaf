//! Every lookup table of the tenant.

use axum::Json;

use crate::auth::Scope;
use crate::problem::ApiError;
use crate::wire::document::{DocumentList, list};

/// Every lookup table, by name.
#[utoipa::path(
    get,
    path = "/api/v1/tenants/{tenant}/lookups",
    params(("tenant" = String, Path, description = "name of the tenant")),
    responses((status = 200, description = "the lookup tables", body = DocumentList))
)]
pub(crate) async fn list_lookups(scope: Scope) -> Result<Json<DocumentList>, ApiError> {
    Ok(Json(list(scope.store.lookups().await?)))
}
