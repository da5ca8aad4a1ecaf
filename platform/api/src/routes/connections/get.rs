//! One connection, without its secrets: they are stored apart and sealed, so that this handler
//! could not show them if it tried.

use axum::response::Response;

use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::parts::Names;
use crate::wire::document::{NamePath, json_text};

/// The connection's document, without its secrets.
#[utoipa::path(
    get,
    path = "/api/v1/tenants/{tenant}/connections/{name}",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("name" = String, Path, description = "name of the connection")
    ),
    responses((status = 200, description = "the document; its version is the ETag", body = Object))
)]
pub(crate) async fn get_connection(
    scope: Scope,
    Names(path): Names<NamePath>,
) -> Result<Response, ApiError> {
    let found = scope.store.connection(&path.name).await?;
    let connection = found.ok_or_else(ApiError::not_found)?;
    Ok(json_text(connection.version, connection.content))
}
