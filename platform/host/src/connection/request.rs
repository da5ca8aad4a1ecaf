//! Requests and answers as plain data.

use bytes::Bytes;
use tributary_model::problem::Problem;

/// A request below a connection's base address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpRequest {
    /// GET, HEAD, POST, PUT, PATCH or DELETE
    pub method: String,
    /// below the base address; without query
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: Option<Bytes>,
    /// becomes the header `Idempotency-Key`
    pub idempotency_key: Option<String>,
    /// for the whole exchange; `None` = 60,000
    pub timeout_ms: Option<u64>,
}

/// An answer, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    pub status: u16,
    /// names in lower case; `set-cookie` left out
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    pub duration_ms: u64,
}

impl HttpResponse {
    /// The first header of that name (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// No answer.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{problem}")]
pub struct SendError {
    pub problem: Problem,
    /// false: the request surely never left, so nothing happened at the other side
    pub sent: bool,
}

impl SendError {
    pub(crate) fn unsent(problem: Problem) -> Self {
        Self {
            problem,
            sent: false,
        }
    }
}
