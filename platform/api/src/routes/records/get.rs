//! What happened to one record.

use axum::Json;

use super::{RecordPath, view};
use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::parts::Names;
use crate::wire::record::RecordLife;

/// The record's life line: every run that met it, what became of it there, and what people found out.
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
    Ok(Json(view(&scope, path).await?))
}
