//! Which publishers are trusted, and what was revoked.

use axum::extract::State;
use axum::response::Response;
use tributary_model::error_code::ErrorCode;
use tributary_model::trust::TrustDocument;

use crate::problem::ApiError;
use crate::state::ApiState;
use crate::wire::document::json_text;

/// The trust document; its `ETag` is for `If-Match`. Version 0 is the default, before any was put.
#[utoipa::path(
    get,
    path = "/api/v1/trust",
    responses((status = 200, description = "the trust document", body = Object))
)]
pub(crate) async fn get_trust(State(state): State<ApiState>) -> Result<Response, ApiError> {
    if let Some(stored) = state.store.system().trust().await? {
        return Ok(json_text(stored.version, stored.content));
    }
    let content = serde_json::to_string(&TrustDocument::default())
        .map_err(|error| ApiError::internal(ErrorCode::Internal, &error))?;
    Ok(json_text(0, content))
}
