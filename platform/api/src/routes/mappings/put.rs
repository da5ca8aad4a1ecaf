//! Makes or changes a mapping. It is kept as it was written, but only if it passes the check.

use axum::extract::{Request, State};
use axum::response::Response;
use tributary_model::error_code::ErrorCode;

use crate::auth::Scope;
use crate::mapping_check::{check, read};
use crate::problem::ApiError;
use crate::request::json::json_bytes;
use crate::request::parts::Names;
use crate::state::ApiState;
use crate::wire::document::{NamePath, Save, SaveQuery, Saved, check_name, saved_with};

/// Makes or changes the mapping; each change is a new version, old ones stay readable.
#[utoipa::path(
    put,
    path = "/api/v1/tenants/{tenant}/mappings/{name}",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("name" = String, Path, description = "name of the mapping"),
        SaveQuery
    ),
    request_body(content = Object, description = "mappings/<name>.json; with `extends` a template of the tenant with overrides"),
    responses(
        (status = 200, description = "changed, or as it was", body = Saved),
        (status = 201, description = "made", body = Saved)
    )
)]
pub(crate) async fn put_mapping(
    State(state): State<ApiState>,
    scope: Scope,
    Names(path): Names<NamePath>,
    Save(options): Save,
    request: Request,
) -> Result<Response, ApiError> {
    let bytes = json_bytes(request, &state).await?;
    let mapping = read(&scope.store, &bytes).await?;
    check_name(&path.name, &mapping.document.name)?;
    let warnings = check(&state.store.system(), &scope.store, &mapping, None).await?;
    let text = String::from_utf8(bytes.into())
        .map_err(|_| ApiError::new(ErrorCode::DocumentInvalid, "the document is not UTF-8"))?;
    let put = scope.store.mapping_put(&path.name, &text, options).await?;
    saved_with(&path.name, put, warnings)
}
