//! Cancels a run: nothing new is started, what is under way ends or is given back.

use axum::Json;
use axum::extract::State;
use tributary_model::error_code::ErrorCode;
use tributary_model::state::RunState;

use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::parts::Names;
use crate::state::ApiState;
use crate::wire::run::{RunPath, RunView, view};

/// Cancels the run. One that is being cancelled already is no fault.
#[utoipa::path(
    post,
    path = "/api/v1/tenants/{tenant}/runs/{run}/cancel",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("run" = String, Path, description = "id of the run")
    ),
    responses(
        (status = 200, description = "the run, cancelled or about to be", body = RunView),
        (status = 409, description = "it is over")
    )
)]
pub(crate) async fn cancel_run(
    State(state): State<ApiState>,
    scope: Scope,
    Names(path): Names<RunPath>,
) -> Result<Json<RunView>, ApiError> {
    let after = scope.store.run_cancel(&path.run).await?;
    let after = after.ok_or_else(ApiError::not_found)?;
    if !matches!(after, RunState::Cancelling | RunState::Cancelled) {
        let detail = format!("run {} is over: {}", path.run, after.as_str());
        return Err(ApiError::new(ErrorCode::Conflict, detail).hint("there is nothing to cancel"));
    }
    let run = scope.store.run(&path.run).await?;
    let run = run.ok_or_else(ApiError::not_found)?;
    state.cancelled.notify_one();
    Ok(Json(view(&scope.store, run, state.clock.now_ms()).await?))
}
