//! Lets a paused run go on at once, without waiting for its next probe.

use axum::Json;
use axum::extract::State;
use tributary_model::error_code::ErrorCode;
use tributary_store::Resume;

use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::parts::Names;
use crate::state::ApiState;
use crate::wire::run::{RunPath, RunView, view};

/// Resumes the run. If its target still fails it is paused again.
#[utoipa::path(
    post,
    path = "/api/v1/tenants/{tenant}/runs/{run}/resume",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("run" = String, Path, description = "id of the run")
    ),
    responses(
        (status = 200, description = "running again", body = RunView),
        (status = 409, description = "it is not paused")
    )
)]
pub(crate) async fn resume_run(
    State(state): State<ApiState>,
    scope: Scope,
    Names(path): Names<RunPath>,
) -> Result<Json<RunView>, ApiError> {
    let resumed = scope.store.run_resume(&path.run).await?;
    match resumed.ok_or_else(ApiError::not_found)? {
        Resume::Resumed(run) => {
            state.wake.notify_one();
            Ok(Json(view(&scope.store, *run, state.clock.now_ms()).await?))
        }
        Resume::NotPaused(now) => {
            let detail = format!("run {} is {}", path.run, now.as_str());
            Err(ApiError::new(ErrorCode::Conflict, detail).hint("only a paused run can be resumed"))
        }
    }
}
