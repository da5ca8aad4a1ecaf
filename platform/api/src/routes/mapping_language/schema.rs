//! The JSON Schema of mapping documents.

use axum::http::header;
use axum::response::IntoResponse;

/// The JSON Schema (2020-12) of mapping documents, for editors.
#[utoipa::path(
    get,
    path = "/api/v1/mapping-language/schema",
    responses((status = 200, description = "JSON Schema 2020-12", body = Object))
)]
pub(crate) async fn get_mapping_schema() -> impl IntoResponse {
    let schema = tributary_mapping::document::SCHEMA;
    ([(header::CONTENT_TYPE, "application/schema+json")], schema)
}
