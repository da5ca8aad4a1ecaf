//! What an HTTP status means for the platform, so that not every connector has to find out again.

use crate::{Error, ErrorKind, Response, Result};

/// Longest part of an answer that is repeated in a message, bytes.
const SAID_BYTES: u32 = 300;

impl Response {
    /// The answer, if its status is one of success.
    ///
    /// # Errors
    /// As [`Error::of_status`]; the beginning of the answer is in the message.
    pub fn succeeded(self, what: &str) -> Result<Self> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let said = self.body.read(SAID_BYTES).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let what = match said.trim() {
            "" => what.to_owned(),
            said => format!("{what} ({said})"),
        };
        Err(Error::of_status(&what, self.status, &self.headers))
    }
}

impl Error {
    /// 401 and 403 are `auth`, 404 and 410 `not-found`, 429 `rate-limited` with what `Retry-After` says,
    /// 408, 425 and 5xx `transient`; anything else is `data`.
    #[must_use]
    pub fn of_status(what: &str, status: u16, headers: &[(String, String)]) -> Self {
        let kind = match status {
            401 | 403 => ErrorKind::Auth,
            404 | 410 => ErrorKind::NotFound,
            429 => ErrorKind::RateLimited,
            408 | 425 | 500..=599 => ErrorKind::Transient,
            _ => ErrorKind::Data,
        };
        let mut error = Self::new(kind, format!("{what}: answered with status {status}"));
        error.retry_after_ms = retry_after_ms(headers);
        error
    }
}

/// `Retry-After` in seconds. The date form is passed over: the platform then waits by itself.
pub(crate) fn retry_after_ms(headers: &[(String, String)]) -> Option<u32> {
    let (_, value) = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
    let seconds: u32 = value.trim().parse().ok()?;
    Some(seconds.saturating_mul(1000))
}
