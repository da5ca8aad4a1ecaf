//! Every client of the tenant, without secrets.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Scope;
use crate::problem::ApiError;
use crate::state::ApiState;

/// A client.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClientBody {
    client_id: String,
    role: &'static str,
    /// milliseconds since 1970, UTC
    created_at: i64,
}

/// Clients.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClientList {
    items: Vec<ClientBody>,
}

/// Every client, by id.
#[utoipa::path(
    get,
    path = "/api/v1/tenants/{tenant}/clients",
    params(("tenant" = String, Path, description = "name of the tenant")),
    responses((status = 200, description = "the clients", body = ClientList))
)]
pub(crate) async fn list_clients(
    State(state): State<ApiState>,
    scope: Scope,
) -> Result<Json<ClientList>, ApiError> {
    let clients = state.store.system().clients(Some(&scope.tenant)).await?;
    let items = clients.into_iter().map(|client| ClientBody {
        client_id: client.client_id,
        role: client.role.as_str(),
        created_at: client.created_ms,
    });
    Ok(Json(ClientList {
        items: items.collect(),
    }))
}
