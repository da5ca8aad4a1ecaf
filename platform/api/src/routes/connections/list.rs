//! Every connection of the tenant.

use axum::Json;
use tributary_store::document_title;

use crate::auth::Scope;
use crate::problem::ApiError;
use crate::wire::document::{DocumentList, DocumentSummary, origin_word};

/// Every connection, by name.
#[utoipa::path(
    get,
    path = "/api/v1/tenants/{tenant}/connections",
    params(("tenant" = String, Path, description = "name of the tenant")),
    responses((status = 200, description = "the connections", body = DocumentList))
)]
pub(crate) async fn list_connections(scope: Scope) -> Result<Json<DocumentList>, ApiError> {
    let connections = scope.store.connections().await?;
    let items = connections.into_iter().map(|connection| DocumentSummary {
        title: document_title(&connection.content),
        name: connection.name.into(),
        version: connection.version,
        origin: origin_word(connection.origin),
        updated_at: connection.updated_ms,
    });
    Ok(Json(DocumentList {
        items: items.collect(),
    }))
}
