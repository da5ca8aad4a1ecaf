//! Makes or changes a lookup table. Every row must have every key column, and no key twice.

use std::collections::BTreeSet;

use axum::response::Response;
use tributary_model::document::LookupDocument;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::{Place, Problem};

use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::json::Document;
use crate::request::parts::Names;
use crate::wire::document::{NamePath, Save, SaveQuery, Saved, check_name, saved};

/// Wrong rows that are named in one answer.
const MOST_PLACES: usize = 100;

/// Makes or changes the lookup table.
#[utoipa::path(
    put,
    path = "/api/v1/tenants/{tenant}/lookups/{name}",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("name" = String, Path, description = "name of the lookup table"),
        SaveQuery
    ),
    request_body(content = Object, description = "lookups/<name>.json: name, title, key, rows"),
    responses(
        (status = 200, description = "changed, or as it was", body = Saved),
        (status = 201, description = "made", body = Saved)
    )
)]
pub(crate) async fn put_lookup(
    scope: Scope,
    Names(path): Names<NamePath>,
    Save(options): Save,
    Document(document): Document<LookupDocument>,
) -> Result<Response, ApiError> {
    check_name(&path.name, &document.name)?;
    check_rows(&document)?;
    let text = serde_json::to_string(&document)
        .map_err(|error| ApiError::internal(ErrorCode::Internal, &error))?;
    let put = scope.store.lookup_put(&path.name, &text, options).await?;
    saved(&path.name, put)
}

fn check_rows(document: &LookupDocument) -> Result<(), ApiError> {
    if document.key.is_empty() {
        let error = ApiError::new(ErrorCode::DocumentInvalid, "the table has no key column");
        return Err(error.at("/key"));
    }
    let mut seen = BTreeSet::new();
    let mut places = Vec::new();
    for (number, row) in document.rows.iter().enumerate() {
        let mut key = Vec::with_capacity(document.key.len());
        for column in &document.key {
            match row.get(column) {
                Some(value) => key.push(value.as_str()),
                None => places.push(Place {
                    pointer: format!("/rows/{number}"),
                    detail: format!("the key column {column:?} is missing"),
                }),
            }
        }
        if key.len() == document.key.len() && !seen.insert(key.clone()) {
            places.push(Place {
                pointer: format!("/rows/{number}"),
                detail: format!("the key {key:?} is in the table twice"),
            });
        }
        if places.len() >= MOST_PLACES {
            break;
        }
    }
    let Some(first) = places.first() else {
        return Ok(());
    };
    let detail = format!(
        "{} rows are wrong; the first: {}",
        places.len(),
        first.detail
    );
    let mut problem = Problem::new(ErrorCode::DocumentInvalid, detail).at(first.pointer.clone());
    problem.errors = places;
    Err(problem.into())
}
