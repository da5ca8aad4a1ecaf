//! An error for a person: what, where, which value, what to do. Libraries turn their errors
//! into a [`Problem`] at their edge; `api` writes it as problem+json (RFC 9457), `cli` prints it.

use serde::{Deserialize, Serialize};

use crate::error_code::{ErrorCode, Owner};

/// An error with a stable code that can be shown to a user as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{detail}")]
pub struct Problem {
    pub code: ErrorCode,
    pub owner: Owner,
    /// what happened, with names and values; no secret, no inside path, no SQL
    pub detail: String,
    /// what to do
    pub hint: String,
    /// JSON Pointer into the document or request, if there is one
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// further places of the same failure
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Place>,
    /// how long the other side asked to wait
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// One place in a document that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// JSON Pointer (RFC 6901)
    pub pointer: String,
    /// what is wrong there
    pub detail: String,
}

impl Problem {
    /// A problem with owner and hint from the catalogue.
    #[must_use]
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        let info = code.info();
        Self {
            code,
            owner: info.owner,
            detail: detail.into(),
            hint: info.hint.to_owned(),
            pointer: None,
            errors: Vec::new(),
            retry_after_ms: None,
        }
    }

    /// Says where in the document.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// Replaces the catalogue's hint by a better one.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Whether the platform may try again by itself. A connector's failure is for good unless it comes
    /// with a time to wait: then it was its process that ended, not its code that failed.
    #[must_use]
    pub fn transient(&self) -> bool {
        let process_ended =
            self.code == ErrorCode::ConnectorFailed && self.retry_after_ms.is_some();
        self.code.info().transient || process_ended
    }
}
