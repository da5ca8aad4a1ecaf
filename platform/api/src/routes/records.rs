//! What happened to one record, found by the customer's own key, across runs.

use axum::Json;
use serde::Deserialize;
use tributary_model::id::Slug;
use tributary_store::record_key_hash;

use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::parts::Names;
use crate::wire::record::{RecordLife, life};

/// Longest life line in an answer.
const MOST_STEPS: u32 = 1000;

/// The path.
#[derive(Deserialize)]
pub(crate) struct RecordPath {
    name: Slug,
    key: String,
}

/// The record's life line: every run that met it, and what became of it there.
#[utoipa::path(
    get,
    path = "/api/v1/tenants/{tenant}/integrations/{name}/records/{key}",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("name" = String, Path, description = "name of the integration"),
        ("key" = String, Path, description = "the record's key, URL-encoded")
    ),
    responses((status = 200, description = "the life line, the newest first", body = RecordLife))
)]
pub(crate) async fn get_record(
    scope: Scope,
    Names(path): Names<RecordPath>,
) -> Result<Json<RecordLife>, ApiError> {
    let hash = record_key_hash(&path.key);
    let entries = scope
        .store
        .record_life(&path.name, &hash, MOST_STEPS)
        .await?;
    if entries.is_empty() {
        return Err(ApiError::not_found());
    }
    Ok(Json(life(path.key, entries)))
}
