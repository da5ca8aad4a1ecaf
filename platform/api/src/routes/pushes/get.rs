//! The receipt of a batch, and which run has it.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use tributary_model::error_code::ErrorCode;
use tributary_model::id::Slug;
use tributary_store::Push;

use super::{PushReceipt, Refusal, view};
use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::parts::Names;
use crate::state::ApiState;

/// The path.
#[derive(Deserialize)]
pub(crate) struct PushPath {
    name: Slug,
    push: String,
}

/// One batch.
#[utoipa::path(
    get,
    path = "/api/v1/tenants/{tenant}/integrations/{name}/pushes/{push}",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("name" = String, Path, description = "name of the integration"),
        ("push" = String, Path, description = "id of the batch, from its receipt")
    ),
    responses((status = 200, description = "the receipt, and the run that has it", body = PushReceipt))
)]
pub(crate) async fn get_push(
    State(state): State<ApiState>,
    scope: Scope,
    Names(path): Names<PushPath>,
) -> Result<Json<PushReceipt>, ApiError> {
    let found = scope.store.push(&path.name, &path.push).await?;
    let push = found.ok_or_else(ApiError::not_found)?;
    Ok(Json(receipt(&state, &scope, push).await?))
}

/// The receipt of a batch, with what was refused.
pub(super) async fn receipt(
    state: &ApiState,
    scope: &Scope,
    push: Push,
) -> Result<PushReceipt, ApiError> {
    let mut refusals: Vec<Refusal> = Vec::new();
    if let Some(object) = &push.refusals {
        let vault = scope.vault(state)?;
        let text = state.lake.get(&vault, object, &scope.tenant).await?;
        refusals = serde_json::from_slice(&text)
            .map_err(|error| ApiError::internal(ErrorCode::Internal, &error))?;
    }
    Ok(PushReceipt {
        push: view(push),
        refusals,
    })
}
