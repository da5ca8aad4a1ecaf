//! Downloads: a body that is made piece by piece while it is sent, with bounded memory.
//!
//! Invariant: a piece that cannot be made breaks the connection; a client never takes a part for
//! the whole. One of the tenant's slots of `Limits::downloads` is held until the end.

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream::try_unfold;
use tributary_model::id::TenantId;

use super::format::Format;
use super::slots::Slot;
use crate::problem::ApiError;
use crate::state::ApiState;

/// Takes a slot, or says when to come again.
pub(crate) fn slot(state: &ApiState, tenant: &TenantId) -> Result<Slot, ApiError> {
    state.limits.downloads.claim(tenant, "downloads")
}

/// What makes the pieces.
pub(crate) trait Pieces: Send + 'static {
    /// The next piece, `None` at the end. Empty pieces are allowed.
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, ApiError>> + Send;
}

/// The answer: a file named `name` in `format`.
pub(crate) fn download<P: Pieces>(pieces: P, slot: Slot, name: &str, format: Format) -> Response {
    let stream = try_unfold((pieces, slot), |(mut pieces, slot)| async move {
        match pieces.next().await {
            Ok(Some(bytes)) => Ok(Some((bytes, (pieces, slot)))),
            Ok(None) => Ok(None),
            Err(error) => {
                let cause = error.cause.unwrap_or_else(|| error.problem.detail.clone());
                tracing::error!(error.code = %error.problem.code, error.cause = cause, "a download broke");
                Err(std::io::Error::other("the download broke"))
            }
        }
    });
    // names are made of slugs and ids: nothing to quote
    let file = format!("attachment; filename=\"{name}.{}\"", format.extension());
    let headers = [
        (header::CONTENT_TYPE, format.content_type().to_owned()),
        (header::CONTENT_DISPOSITION, file),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, Body::from_stream(stream)).into_response()
}
