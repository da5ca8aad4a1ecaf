//! One run: state, counters, reconciliation, amounts, issues, throughput.

use axum::Json;
use axum::extract::State;

use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::parts::Names;
use crate::state::ApiState;
use crate::wire::run::{RunPath, RunView, view};

/// The run, as of now.
#[utoipa::path(
    get,
    path = "/api/v1/tenants/{tenant}/runs/{run}",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("run" = String, Path, description = "id of the run")
    ),
    responses((status = 200, description = "the run", body = RunView))
)]
pub(crate) async fn get_run(
    State(state): State<ApiState>,
    scope: Scope,
    Names(path): Names<RunPath>,
) -> Result<Json<RunView>, ApiError> {
    let run = scope.store.run(&path.run).await?;
    let run = run.ok_or_else(ApiError::not_found)?;
    Ok(Json(view(&scope.store, run, state.clock.now_ms()).await?))
}
