//! Every integration of the tenant.

use axum::Json;

use crate::auth::Scope;
use crate::problem::ApiError;
use crate::wire::document::{DocumentList, list};

/// Every integration, by name.
#[utoipa::path(
    get,
    path = "/api/v1/tenants/{tenant}/integrations",
    params(("tenant" = String, Path, description = "name of the tenant")),
    responses((status = 200, description = "the integrations", body = DocumentList))
)]
pub(crate) async fn list_integrations(scope: Scope) -> Result<Json<DocumentList>, ApiError> {
    Ok(Json(list(scope.store.integrations().await?)))
}
