//! Takes up a run that is over: what failed, was cancelled, refused or left in doubt is tried
//! again; what is done stays done.

use axum::Json;
use axum::extract::State;
use tributary_model::error_code::ErrorCode;
use tributary_store::Redrive;

use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::parts::Names;
use crate::routes::runs::start::too_many_open;
use crate::state::ApiState;
use crate::wire::run::{RunPath, RunView, view};

/// Takes up the run again.
#[utoipa::path(
    post,
    path = "/api/v1/tenants/{tenant}/runs/{run}/redrive",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("run" = String, Path, description = "id of the run")
    ),
    responses(
        (status = 200, description = "queued again", body = RunView),
        (status = 409, description = "it is not over, there is nothing to try again, or another \
         run of the integration is under way"),
        (status = 422, description = "as many other runs are open as the tenant's plan allows")
    )
)]
pub(crate) async fn redrive_run(
    State(state): State<ApiState>,
    scope: Scope,
    Names(path): Names<RunPath>,
) -> Result<Json<RunView>, ApiError> {
    let conflict =
        |detail: String, hint: &str| ApiError::new(ErrorCode::Conflict, detail).hint(hint);
    let most_open = scope.plan.maxima.open_runs;
    let redrive = scope.store.run_redrive(&path.run, most_open).await?;
    let run = match redrive.ok_or_else(ApiError::not_found)? {
        Redrive::Queued(run) => run,
        Redrive::Refused { running } => {
            let detail = format!("a run of the integration is under way: {running}");
            return Err(conflict(detail, "wait for it, or cancel it"));
        }
        Redrive::Full { open } => return Err(too_many_open(&scope, open)),
        Redrive::NotOver(now) => {
            let detail = format!("run {} is {}", path.run, now.as_str());
            return Err(conflict(
                detail,
                "only a run that failed, was cancelled or completed with errors can be redriven",
            ));
        }
        Redrive::Nothing => {
            let detail = format!("every record of run {} is done", path.run);
            return Err(conflict(
                detail,
                "quarantined records need a correction and a new run",
            ));
        }
    };
    state.wake.notify_one();
    Ok(Json(view(&scope.store, *run, state.clock.now_ms()).await?))
}
