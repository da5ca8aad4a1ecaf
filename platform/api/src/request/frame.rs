//! The frame around every request: an id, a span, one log line, a guard against panics, and the
//! body of every error answer.
//!
//! Invariants: every answer carries `x-request-id`; every answer from 400 up is problem+json, also
//! those that axum or a layer made, unless it is a page for people; a panic is a 500 with nothing in it, and is logged once here.

use std::panic::AssertUnwindSafe;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;
use tracing::Instrument;
use tributary_model::error_code::ErrorCode;

use crate::problem::{ApiError, render};
use crate::state::ApiState;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Marks an answer, by its extensions, as a page that a person reads, whatever its status.
#[derive(Clone, Copy)]
pub(crate) struct ForPeople;

/// The outermost layer but one.
pub(crate) async fn frame(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let id = format!("req_{}", state.ids.next_id());
    let route = request.extensions().get::<MatchedPath>();
    // the route's form, not the path: paths hold record keys, which are customers' data
    let route = route.map_or("-", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!(
        "request",
        request.id = %id,
        http.method = %request.method(),
        http.route = %route,
        client.id = tracing::field::Empty,
    );
    let started = std::time::Instant::now();
    let answered = AssertUnwindSafe(next.run(request))
        .catch_unwind()
        .instrument(span.clone())
        .await;
    let _entered = span.enter();
    let mut response = match answered {
        Ok(response) => finish(response, &id),
        Err(panic) => {
            let error = ApiError {
                cause: Some(format!("panic: {}", panic_text(panic.as_ref()))),
                ..ApiError::new(
                    ErrorCode::Internal,
                    "the platform could not answer this request",
                )
            };
            failed(&error, &id)
        }
    };
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(
        http.status = response.status().as_u16(),
        duration_ms,
        "request answered"
    );
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// Writes the problem of an error answer.
fn finish(mut response: Response, id: &str) -> Response {
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        return keep_allow(failed(&error, id), &response);
    }
    let status = response.status();
    if status.as_u16() < 400 || response.extensions().get::<ForPeople>().is_some() {
        return response;
    }
    // made by axum or a layer, with a text of its own
    let error = match status {
        StatusCode::PAYLOAD_TOO_LARGE => {
            ApiError::request("the body is longer than this route takes")
        }
        StatusCode::REQUEST_TIMEOUT => ApiError::request("the body did not come in time"),
        StatusCode::SERVICE_UNAVAILABLE => ApiError::new(
            ErrorCode::StorageFailed,
            "the platform could not answer in time",
        ),
        status if status.is_client_error() => ApiError::request("the request could not be read"),
        _ => ApiError::new(
            ErrorCode::Internal,
            "the platform could not answer this request",
        ),
    };
    keep_allow(failed(&error.with_status(status), id), &response)
}

/// Logs what is ours to mend, once, and renders.
fn failed(error: &ApiError, id: &str) -> Response {
    if error.status.is_server_error() {
        let cause = error.cause.as_deref().unwrap_or("-");
        tracing::error!(error.code = %error.problem.code, error.cause = cause, "request failed");
    } else {
        tracing::debug!(error.code = %error.problem.code, detail = %error.problem.detail, "request refused");
    }
    render(error, id)
}

/// RFC 9110 §15.5.6: a 405 names the methods there are.
fn keep_allow(mut rendered: Response, original: &Response) -> Response {
    if let Some(allow) = original.headers().get(header::ALLOW) {
        rendered.headers_mut().insert(header::ALLOW, allow.clone());
    }
    rendered
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a text")
}

/// Answers are data: no guessing of types, no framing, no shared caches.
pub(crate) async fn secure_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in [
        (header::CACHE_CONTROL, "private, no-cache"),
        (
            // a page with a style or a form has a policy of its own
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ] {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}
