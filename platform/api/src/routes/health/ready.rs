//! Ready means that requests can be answered: the database is there.

use axum::Json;
use axum::extract::State;

use super::Health;
use crate::problem::ApiError;
use crate::state::ApiState;

/// Whether requests can be answered.
#[utoipa::path(
    get,
    path = "/api/v1/health/ready",
    responses((status = 200, description = "they can", body = Health))
)]
pub(crate) async fn get_ready(State(state): State<ApiState>) -> Result<Json<Health>, ApiError> {
    state.store.system().next_due().await?;
    Ok(Json(Health { status: "ok" }))
}
