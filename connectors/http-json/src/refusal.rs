//! What the status of an answer means for the platform. The message names the request, the status
//! and the start of what the API said.

use tributary_sdk::serde_json::Value;
use tributary_sdk::{Error, ErrorKind, Response, control, serde_json};

use crate::pace;

/// Bytes of a refused answer that are looked at.
const JUDGED_BYTES: u32 = 16 << 10;
/// Characters of an answer that go into a message.
const SAID_CHARS: usize = 300;

/// An answer that was refused.
pub struct Refused<'a> {
    /// how people call the request
    pub label: &'a str,
    pub status: u16,
    pub retry_after_ms: Option<u32>,
    /// the start of the body
    pub body: &'a str,
}

/// The start of an answer's body, as text.
#[must_use]
pub fn start_of(response: &Response) -> String {
    let said = response.body.read(JUDGED_BYTES).unwrap_or_default();
    String::from_utf8_lossy(&said).into_owned()
}

/// The wait that an answer asks for, in ms.
#[must_use]
pub fn wait_of(response: &Response) -> Option<u32> {
    let text = header(response, "retry-after")?;
    pace::retry_after_ms(&text, control::now_ms)
}

/// The first header of that name (lower case).
#[must_use]
pub fn header(response: &Response, wanted: &str) -> Option<String> {
    let found = response.headers.iter().find(|(name, _)| name == wanted);
    found.map(|(_, value)| value.clone())
}

/// An answer of success that is a web page, which is never what was asked for.
///
/// # Errors
/// That it is one.
pub fn no_web_page(label: &str, response: &Response) -> Result<(), Error> {
    match header(response, "content-type").filter(|kind| kind.contains("html")) {
        None => Ok(()),
        Some(html) => {
            let message = format!(
                "{label}: the answer is a web page ({html}), not JSON; is the path right, and does the API want other credentials?"
            );
            Err(Error::data(message).with_code("source_protocol"))
        }
    }
}

/// What a status other than 2xx means.
#[must_use]
pub fn by_status(refused: &Refused<'_>) -> Error {
    let (label, status) = (refused.label, refused.status);
    let said = shortened(refused.body);
    let said = match said.is_empty() {
        true => said,
        false => format!(": {said}"),
    };
    let message = format!("{label}: status {status}{said}");
    match status {
        401 | 403 => Error::new(ErrorKind::Auth, message),
        404 | 410 => Error::new(ErrorKind::NotFound, message),
        429 => Error::rate_limited(message, refused.retry_after_ms),
        503 if refused.retry_after_ms.is_some() => {
            Error::rate_limited(message, refused.retry_after_ms)
        }
        408 | 425 | 500..=599 => Error::transient(message).with_code("source_protocol"),
        300..=399 => Error::new(
            ErrorKind::Config,
            format!("{message}; redirects are not followed, correct the base address or the path"),
        ),
        _ => Error::data(message),
    }
}

/// A probe into a body that is read already.
pub fn probe_of(body: &str) -> impl Fn(&str) -> Option<String> + use<> {
    let value: Option<Value> = serde_json::from_str(body).ok();
    move |pointer| match value.as_ref()?.pointer(pointer)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// The start of a text in one line.
#[must_use]
pub fn shortened(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(SAID_CHARS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_say_what_the_platform_should_do() {
        let refused = |status: u16, body| Refused {
            label: "GET x",
            status,
            retry_after_ms: Some(3000).filter(|_| status == 429),
            body,
        };
        for (status, kind) in [
            (401, ErrorKind::Auth),
            (404, ErrorKind::NotFound),
            (429, ErrorKind::RateLimited),
            (503, ErrorKind::Transient),
            (400, ErrorKind::Data),
            (302, ErrorKind::Config),
        ] {
            assert_eq!(by_status(&refused(status, "")).kind, kind, "{status}");
        }
        let limited = by_status(&refused(429, "slow\n down"));
        assert_eq!(limited.retry_after_ms, Some(3000));
        assert_eq!(limited.message, "GET x: status 429: slow down");
    }
}
