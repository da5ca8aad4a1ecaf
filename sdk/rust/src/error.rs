//! Making errors. The kind decides what the platform does next, so choose it with care: only
//! `transient` and `rate_limited` are tried again.

use crate::{Error, ErrorKind};

impl Error {
    /// An error of any kind.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            code: None,
            message: message.into(),
            field: None,
            retry_after_ms: None,
        }
    }

    /// The configuration must change; `field` is a JSON Pointer into the connection document.
    #[must_use]
    pub fn config(field: &str, message: impl Into<String>) -> Self {
        let mut error = Self::new(ErrorKind::Config, message);
        error.field = Some(field.to_owned());
        error
    }

    /// What the other side sent can't be used.
    #[must_use]
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Data, message)
    }

    /// Worth another try.
    #[must_use]
    pub fn transient(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Transient, message)
    }

    /// The other side asks to wait.
    #[must_use]
    pub fn rate_limited(message: impl Into<String>, retry_after_ms: Option<u32>) -> Self {
        let mut error = Self::new(ErrorKind::RateLimited, message);
        error.retry_after_ms = retry_after_ms;
        error
    }

    /// The connector's own mistake.
    #[must_use]
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Bug, message)
    }

    /// A stable code of the platform's catalogue that is more exact than the kind.
    #[must_use]
    pub fn with_code(mut self, code: &str) -> Self {
        self.code = Some(code.to_owned());
        self
    }
}

/// What a [`crate::tcp::Socket`] said through `std::io`, as it was said; anything else is about the bytes that
/// came.
impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(error) => error,
            Err(error) => Self::data(format!("what came cannot be used: {error}")),
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::bug(format!("JSON: {error}"))
    }
}
