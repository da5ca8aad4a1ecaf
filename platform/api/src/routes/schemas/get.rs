//! One schema, as it was put.

use axum::response::Response;

use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::parts::{Names, Query};
use crate::wire::document::{NamePath, VersionQuery, document};

/// The schema, now or at `version`.
#[utoipa::path(
    get,
    path = "/api/v1/tenants/{tenant}/schemas/{name}",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("name" = String, Path, description = "name of the schema"),
        VersionQuery
    ),
    responses((status = 200, description = "the document; its version is the ETag", body = Object))
)]
pub(crate) async fn get_schema(
    scope: Scope,
    Names(path): Names<NamePath>,
    Query(query): Query<VersionQuery>,
) -> Result<Response, ApiError> {
    document(scope.store.schema(&path.name, query.version).await?)
}
