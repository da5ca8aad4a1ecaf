//! How one record of a run came to be. The work is done by whom `cli` passes in: it maps the stored
//! rows once more with every step written down, and calls nobody.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use tributary_model::id::RunId;

use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::parts::Names;
use crate::state::ApiState;

/// The path.
#[derive(Deserialize)]
pub(crate) struct RunRecordPath {
    run: RunId,
    key: String,
}

/// Explains the record: for each field its inputs with their places in the source, every step with its
/// value, and the versions of mapping and lookup tables. Sensitive values are masked.
#[utoipa::path(
    get,
    path = "/api/v1/tenants/{tenant}/runs/{run}/records/{key}/explain",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("run" = String, Path, description = "id of the run"),
        ("key" = String, Path, description = "the record's key, URL-encoded")
    ),
    responses(
        (status = 200, description = "run, partition, batch, ordinal, source, mapping, \
         mapping_revision, lookups (version by name) and explanation (verdict, key, fields, issues)",
         body = Object),
        (status = 410, description = "its rows are no longer kept")
    )
)]
pub(crate) async fn explain_record(
    State(state): State<ApiState>,
    scope: Scope,
    Names(path): Names<RunRecordPath>,
) -> Result<Json<Value>, ApiError> {
    let explained = (state.explain)(scope.tenant, path.run, path.key).await?;
    explained.map(Json).ok_or_else(ApiError::not_found)
}
