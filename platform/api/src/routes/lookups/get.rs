//! One lookup table, as it was put.

use axum::response::Response;

use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::parts::{Names, Query};
use crate::wire::document::{NamePath, VersionQuery, document};

/// The lookup table, now or at `version`.
#[utoipa::path(
    get,
    path = "/api/v1/tenants/{tenant}/lookups/{name}",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("name" = String, Path, description = "name of the lookup table"),
        VersionQuery
    ),
    responses((status = 200, description = "the document; its version is the ETag", body = Object))
)]
pub(crate) async fn get_lookup(
    scope: Scope,
    Names(path): Names<NamePath>,
    Query(query): Query<VersionQuery>,
) -> Result<Response, ApiError> {
    document(scope.store.lookup(&path.name, query.version).await?)
}
