//! Takes a file back: its row says so first, then its bytes go. What a run has read already is the run's.

use axum::extract::State;
use axum::http::StatusCode;
use tributary_store::UploadChange;

use super::{UploadPath, check_connection};
use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::parts::Names;
use crate::state::ApiState;

/// Deletes all versions of a file.
#[utoipa::path(
    delete,
    path = "/api/v1/tenants/{tenant}/uploads/{name}/{file}",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("name" = String, Path, description = "name of a connection of kind uploads"),
        ("file" = String, Path, description = "name of the file, URL-encoded")
    ),
    responses((status = 204, description = "its bytes are gone; rows that a run has read are not"))
)]
pub(crate) async fn delete_upload(
    State(state): State<ApiState>,
    scope: Scope,
    Names(path): Names<UploadPath>,
) -> Result<StatusCode, ApiError> {
    let file = path.file()?;
    check_connection(&scope, &path.name).await?;
    let deleted = scope.store.upload_delete(&path.name, file.as_str(), None);
    let (change, gone) = deleted.await?;
    if change != UploadChange::Done {
        return Err(ApiError::not_found());
    }
    let vault = scope.vault(&state)?;
    for pieces in gone {
        // a failure leaves garbage that nobody names any more
        if let Err(error) = state.lake.remove_pieces(&vault, &pieces).await {
            tracing::warn!(%error, "pieces of a deleted file were not removed");
        }
    }
    Ok(StatusCode::NO_CONTENT)
}
