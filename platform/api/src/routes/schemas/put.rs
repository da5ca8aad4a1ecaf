//! Makes or changes a schema. It is kept as it was written; mappings that name it are checked against it
//! when they, or an integration that uses them, are put again.

use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::Value;
use tributary_model::error_code::ErrorCode;

use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::json::json_bytes;
use crate::request::parts::Names;
use crate::state::ApiState;
use crate::wire::document::{NamePath, Save, SaveQuery, Saved, saved};

/// Makes or changes the schema.
#[utoipa::path(
    put,
    path = "/api/v1/tenants/{tenant}/schemas/{name}",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("name" = String, Path, description = "name of the schema"),
        SaveQuery
    ),
    request_body(content = Object, description = "schemas/<name>.json: a JSON Schema (2020-12, \
    draft-07 or the dialect of OpenAPI 3)"),
    responses(
        (status = 200, description = "changed, or as it was", body = Saved),
        (status = 201, description = "made", body = Saved)
    )
)]
pub(crate) async fn put_schema(
    State(state): State<ApiState>,
    scope: Scope,
    Names(path): Names<NamePath>,
    Save(options): Save,
    request: Request,
) -> Result<Response, ApiError> {
    let bytes = json_bytes(request, &state).await?;
    let value: Value = serde_json::from_slice(&bytes)
        .map_err(|error| ApiError::new(ErrorCode::DocumentInvalid, error.to_string()))?;
    if !value.is_object() {
        let detail = "a JSON Schema is an object here";
        return Err(ApiError::new(ErrorCode::DocumentInvalid, detail).at(""));
    }
    let text = String::from_utf8(bytes.into())
        .map_err(|_| ApiError::new(ErrorCode::DocumentInvalid, "the document is not UTF-8"))?;
    let put = scope.store.schema_put(&path.name, &text, options).await?;
    saved(&path.name, put)
}
