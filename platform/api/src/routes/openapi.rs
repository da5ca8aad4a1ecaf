//! The OpenAPI document, as built from the registry.

use axum::http::header;
use axum::response::IntoResponse;

/// The OpenAPI document of this API.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    responses((status = 200, description = "OpenAPI 3.1", body = Object))
)]
pub(crate) async fn get_openapi() -> impl IntoResponse {
    // plain data: this cannot fail
    let text = crate::openapi().to_pretty_json().unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json")], text)
}
