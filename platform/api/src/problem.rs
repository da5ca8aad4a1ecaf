//! Errors on the wire: RFC 9457 `application/problem+json` from [`model::problem::Problem`].
//!
//! A handler returns [`ApiError`]; the outermost layer (`request::frame`) writes the body, because
//! only it knows the request's id. Invariants: every answer from 400 up has this form; a 5xx says
//! nothing of our inside, its cause goes to the log under the request's id and nowhere else.

use std::error::Error;
use std::fmt::Write as _;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tributary_lake::LakeError;
use tributary_model::error_code::{ErrorCode, Owner};
use tributary_model::problem::{Place, Problem};
use tributary_store::StoreError;
use tributary_vault::VaultError;
use utoipa::ToSchema;

/// What a handler answers with when it cannot do what was asked.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) problem: Box<Problem>,
    /// the chain of causes, for the log only
    pub(crate) cause: Option<String>,
}

/// `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'a> {
    /// address of the page that explains the code, relative to the server
    #[serde(rename = "type")]
    kind: String,
    /// what happened, in general
    title: &'a str,
    status: u16,
    /// stable word for programs
    code: &'a str,
    /// who has to act: customer, mapping, connection, connector, target or platform
    #[schema(value_type = String)]
    owner: Owner,
    /// what happened, with the particulars
    detail: &'a str,
    /// what to do
    hint: &'a str,
    /// id of this request; name it when you ask for help
    instance: &'a str,
    /// JSON Pointer (RFC 6901) into the body, if one place is wrong
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'a str>,
    /// every wrong place
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<PlaceBody>)]
    errors: &'a [Place],
    /// how long to wait, milliseconds
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

/// One wrong place. (The schema of `model::problem::Place`.)
#[derive(ToSchema)]
#[schema(as = Place)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct PlaceBody {
    /// JSON Pointer (RFC 6901) into the body
    pointer: String,
    detail: String,
}

impl ApiError {
    pub(crate) fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Problem::new(code, detail).into()
    }

    /// The same answer for what is not there and for what belongs to someone else.
    pub(crate) fn not_found() -> Self {
        Self::new(ErrorCode::NotFound, "there is no such object")
    }

    /// The request breaks a rule of the API.
    pub(crate) fn request(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::RequestInvalid, detail)
    }

    /// Ours, not the caller's: the cause is kept for the log.
    pub(crate) fn internal(code: ErrorCode, cause: &(dyn Error + 'static)) -> Self {
        let detail = match code {
            ErrorCode::StorageFailed => "the platform could not reach its storage",
            _ => "the platform could not answer this request",
        };
        let mut error = Self::new(code, detail);
        error.cause = Some(chain(cause));
        error
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn at(mut self, pointer: impl Into<String>) -> Self {
        self.problem.pointer = Some(pointer.into());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.problem.hint = hint.into();
        self
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self {
            status: status_of(problem.code),
            problem: Box::new(problem),
            cause: None,
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::Database(_) | StoreError::Connect { .. } | StoreError::File { .. } => {
                ErrorCode::StorageFailed
            }
            _ => ErrorCode::Internal,
        };
        Self::internal(code, &error)
    }
}

impl From<VaultError> for ApiError {
    fn from(error: VaultError) -> Self {
        Self::internal(ErrorCode::Internal, &error)
    }
}

impl From<LakeError> for ApiError {
    fn from(error: LakeError) -> Self {
        Self::internal(ErrorCode::StorageFailed, &error)
    }
}

/// Errors of a library with all their sources, on one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        // writing to a String cannot fail
        let _ = write!(text, ": {error}");
        source = error.source();
    }
    text
}

/// The status that goes with a code.
pub(crate) fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::TokenMissing
        | ErrorCode::TokenInvalid
        | ErrorCode::TokenExpired
        | ErrorCode::CredentialsInvalid => StatusCode::UNAUTHORIZED,
        ErrorCode::Forbidden => StatusCode::FORBIDDEN,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::RawGone => StatusCode::GONE,
        ErrorCode::RequestInvalid => StatusCode::BAD_REQUEST,
        ErrorCode::Conflict | ErrorCode::RunCancelled => StatusCode::CONFLICT,
        ErrorCode::TooManyRequests | ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::StorageFailed => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Internal | ErrorCode::ReconciliationFailed => StatusCode::INTERNAL_SERVER_ERROR,
        // what a person wrote (a document, a component) or a system it names
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

impl IntoResponse for ApiError {
    /// Only the status; the body is written by `request::frame`, which finds `self` in the
    /// response's extensions.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The whole answer, with the request's id.
pub(crate) fn render(error: &ApiError, request_id: &str) -> Response {
    let problem = &error.problem;
    let info = problem.code.info();
    let body = ProblemBody {
        kind: format!("/docs/errors/{}", info.code),
        title: info.title,
        status: error.status.as_u16(),
        code: info.code,
        owner: problem.owner,
        detail: &problem.detail,
        hint: &problem.hint,
        instance: request_id,
        pointer: problem.pointer.as_deref(),
        errors: &problem.errors,
        retry_after_ms: problem.retry_after_ms,
    };
    // texts and numbers only: this cannot fail
    let bytes = serde_json::to_vec(&body).unwrap_or_default();
    let mut response = (error.status, bytes).into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("application/problem+json");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if error.status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer realm=\"tributary\"");
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    if let Some(wait_ms) = problem.retry_after_ms {
        let seconds = wait_ms.div_ceil(1000).max(1);
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_an_error_status_and_inside_text_stays_inside() {
        for code in ErrorCode::ALL {
            assert!(status_of(*code).as_u16() >= 400, "{code}");
        }
        let cause = std::io::Error::other("/var/lib/tributary/db: disk I/O error");
        let error = ApiError::internal(ErrorCode::StorageFailed, &cause);
        assert_eq!(error.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(!error.problem.detail.contains("disk"));
        assert!(error.cause.unwrap().contains("disk I/O error"));
    }
}
