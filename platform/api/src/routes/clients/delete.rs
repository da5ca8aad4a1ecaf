//! Removes a client: it gets no token any more. One that it has goes on for at most its life of 15
//! minutes.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use tributary_model::id::Slug;

use super::client_id;
use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::parts::Names;
use crate::state::ApiState;

/// The path.
#[derive(Deserialize)]
pub(crate) struct ClientPath {
    name: Slug,
}

/// Removes a client of the tenant. Tokens that it has end within 15 minutes.
#[utoipa::path(
    delete,
    path = "/api/v1/tenants/{tenant}/clients/{name}",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("name" = String, Path, description = "name of the client: what stands after the point of its id")
    ),
    responses((status = 204, description = "removed"))
)]
pub(crate) async fn delete_client(
    State(state): State<ApiState>,
    scope: Scope,
    Names(path): Names<ClientPath>,
) -> Result<StatusCode, ApiError> {
    let id = client_id(&scope.tenant, &path.name);
    let system = state.store.system();
    if !system.client_remove(&scope.tenant, &id).await? {
        return Err(ApiError::not_found());
    }
    Ok(StatusCode::NO_CONTENT)
}
