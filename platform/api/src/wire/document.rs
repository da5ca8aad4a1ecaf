//! What is common to the documents of a tenant: saving and listing them.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tributary_model::clock::UnixMillis;
use tributary_model::error_code::ErrorCode;
use tributary_model::id::Slug;
use tributary_model::problem::Place;
use tributary_store::{Origin, Put, PutOptions, PutOutcome};
use utoipa::{IntoParams, ToSchema};

use super::time;
use crate::problem::{ApiError, PlaceBody};
use crate::request::parts::Query;

/// `{name}` of a path.
#[derive(Deserialize)]
pub(crate) struct NamePath {
    pub(crate) name: Slug,
}

/// Who saves.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SaveQuery {
    /// `person` (if absent) or `apply`; an apply keeps what a person changed since the last one
    #[serde(default)]
    #[param(value_type = Option<String>)]
    origin: OriginWord,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OriginWord {
    #[default]
    Person,
    Apply,
}

/// How to save: `?origin=` and `If-Match`.
pub(crate) struct Save(pub(crate) PutOptions);

impl<S: Send + Sync> FromRequestParts<S> for Save {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Query(query) = Query::<SaveQuery>::from_request_parts(parts, state).await?;
        let origin = match query.origin {
            OriginWord::Person => Origin::Person,
            OriginWord::Apply => Origin::Applied,
        };
        let none_match = parts.headers.get(header::IF_NONE_MATCH);
        let expected_version = match (parts.headers.get(header::IF_MATCH), none_match) {
            (None, None) => None,
            (None, Some(value)) if value == "*" => Some(0),
            (Some(value), None) => Some(version_of(value)?),
            _ => {
                let detail = "use If-Match with a version, or If-None-Match: *, not both";
                return Err(ApiError::request(detail));
            }
        };
        Ok(Self(PutOptions {
            origin,
            expected_version,
        }))
    }
}

/// `"7"`, as `ETag` gave it.
fn version_of(value: &HeaderValue) -> Result<u32, ApiError> {
    let text = value.to_str().unwrap_or_default();
    let inner = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    inner
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| ApiError::request("If-Match is not an ETag that this route gave out"))
}

/// `ETag` of a version.
pub(crate) fn etag(version: u32) -> (HeaderName, String) {
    (header::ETAG, format!("\"{version}\""))
}

/// What saving did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Saved {
    name: String,
    /// `created`, `updated`, `unchanged` or `kept_person_change`
    outcome: &'static str,
    /// the version that is current now; also the `ETag`
    version: u32,
    /// what the check of a mapping says and does not refuse
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<PlaceBody>)]
    warnings: Vec<Place>,
}

/// The answer to a `PUT`: 201 if it is new, else 200.
pub(crate) fn saved(name: &Slug, put: Put) -> Result<Response, ApiError> {
    saved_with(name, put, Vec::new())
}

/// The same with warnings.
pub(crate) fn saved_with(
    name: &Slug,
    put: Put,
    warnings: Vec<Place>,
) -> Result<Response, ApiError> {
    let (status, outcome) = match put.outcome {
        PutOutcome::Created => (StatusCode::CREATED, "created"),
        PutOutcome::Updated => (StatusCode::OK, "updated"),
        PutOutcome::Unchanged => (StatusCode::OK, "unchanged"),
        PutOutcome::KeptPersonChange => (StatusCode::OK, "kept_person_change"),
        PutOutcome::Conflict => {
            let detail = format!("{name} is at version {} now", put.version);
            return Err(ApiError::new(ErrorCode::Conflict, detail));
        }
    };
    let body = Saved {
        name: name.to_string(),
        outcome,
        version: put.version,
        warnings,
    };
    Ok((status, [etag(put.version)], Json(body)).into_response())
}

/// One document as it was put, with its version as `ETag`.
pub(crate) fn document(found: Option<tributary_store::Document>) -> Result<Response, ApiError> {
    let found = found.ok_or_else(ApiError::not_found)?;
    Ok(json_text(found.version, found.content))
}

/// A stored JSON text.
pub(crate) fn json_text(version: u32, content: String) -> Response {
    let kind = (header::CONTENT_TYPE, "application/json".to_owned());
    ([kind, etag(version)], content).into_response()
}

/// The list of documents of one kind.
pub(crate) fn list(documents: Vec<tributary_store::DocumentHead>) -> DocumentList {
    let items = documents.into_iter().map(|document| DocumentSummary {
        title: document.title,
        name: document.name.into(),
        version: document.version,
        origin: origin_word(document.origin),
        updated_at: document.updated_ms,
    });
    DocumentList {
        items: items.collect(),
    }
}

pub(crate) fn origin_word(origin: Origin) -> &'static str {
    match origin {
        Origin::Applied => "apply",
        Origin::Person => "person",
    }
}

/// Reads a stored document again; what does not fit was stored by a newer program.
pub(crate) fn stored<T: DeserializeOwned>(content: &str) -> Result<T, ApiError> {
    serde_json::from_str(content).map_err(|error| ApiError::internal(ErrorCode::Internal, &error))
}

/// The name in the document must be the one in the path.
pub(crate) fn check_name(path: &Slug, document: &Slug) -> Result<(), ApiError> {
    if path == document {
        return Ok(());
    }
    let detail = format!("the document is named {document}, the address says {path}");
    Err(ApiError::new(ErrorCode::DocumentInvalid, detail).at("/name"))
}

/// Documents of one kind, all of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DocumentList {
    pub(crate) items: Vec<DocumentSummary>,
}

/// One document in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DocumentSummary {
    pub(crate) name: String,
    pub(crate) title: String,
    /// grows with each change
    pub(crate) version: u32,
    /// who changed it last: `person` or `apply`
    pub(crate) origin: &'static str,
    #[serde(serialize_with = "time::serialize")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) updated_at: UnixMillis,
}

/// Which version.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct VersionQuery {
    /// a version from 1; the current one if absent
    pub(crate) version: Option<u32>,
}
