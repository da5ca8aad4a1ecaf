//! `Idempotency-Key`: the caller's name for a request, so that one whose answer was lost can be repeated.

use axum::http::HeaderMap;

use crate::problem::ApiError;

/// Most characters of a key.
const MOST_KEY: usize = 200;

/// The request's key, if it has one.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let wrong = || {
        let detail = "Idempotency-Key is not one text of 1 to 200 visible ASCII characters";
        ApiError::request(detail)
    };
    let text = value.to_str().map_err(|_| wrong())?;
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if values.next().is_some() || text.is_empty() || text.len() > MOST_KEY || !visible {
        return Err(wrong());
    }
    Ok(Some(text.to_owned()))
}
