//! The forms of connections: for each kind of endpoint and credential what has to be entered. The
//! same for everybody, so no tenant is in the path.

use axum::http::header;
use axum::response::IntoResponse;

/// The kinds of endpoints and credentials with titles, examples and JSON Schemas (2020-12) of
/// `endpoint.auth` and `secrets`; secrets are marked `writeOnly`.
#[utoipa::path(
    get,
    path = "/api/v1/connection-forms",
    responses((status = 200, description = "forms by kind of endpoint and credential", body = Object))
)]
pub(crate) async fn get_connection_forms() -> impl IntoResponse {
    let forms = tributary_model::connection_form::FORMS;
    ([(header::CONTENT_TYPE, "application/json")], forms)
}
