//! Faults of the other side, each as the product's host would see it.

use std::time::Duration;

use bytes::Bytes;
use tributary_host::{HttpResponse, SendError};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

/// What `Retry-After` says, seconds.
pub(crate) const RETRY_AFTER_S: u64 = 7;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// the credential is not accepted
    Unauthorised,
    /// nobody answers
    Unreachable,
    /// the address is not one that the operator allows
    Refused,
    /// 429, wait
    RateLimited,
    /// 503
    ServerError,
    /// the line breaks in the middle of the answer
    Cut,
    /// the answer ends early and nothing says so
    Truncated,
    /// an answer takes this long
    Slow(Duration),
    /// a server error that repeats what we sent to it
    Echo(String),
}

/// Which requests a fault is for.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// the request with this number, from 0; `None`: all
    pub(crate) at: Option<usize>,
    pub(crate) fault: Fault,
}

impl Plan {
    pub(crate) fn always(fault: Fault) -> Self {
        Self { at: None, fault }
    }

    pub(crate) fn once(at: usize, fault: Fault) -> Self {
        let at = Some(at);
        Self { at, fault }
    }

    pub(crate) fn hits(&self, number: usize) -> bool {
        self.at.is_none_or(|at| at == number)
    }
}

impl Fault {
    /// The answer to an HTTP request in place of the good one; `None`: the good one after all.
    pub(crate) fn answer(
        &self,
        good: Option<&HttpResponse>,
    ) -> Option<Result<HttpResponse, SendError>> {
        let status = |status: u16, body: &str| {
            let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
            if status == 429 {
                headers.push(("retry-after".to_owned(), RETRY_AFTER_S.to_string()));
            }
            HttpResponse {
                status,
                headers,
                body: Bytes::from(body.to_owned()),
                duration_ms: 1,
            }
        };
        Some(match self {
            Self::Unauthorised => Ok(status(401, r#"{"error":"the credential is not known"}"#)),
            Self::RateLimited => Ok(status(429, r#"{"error":"too many requests"}"#)),
            Self::ServerError => Ok(status(503, r#"{"error":"the server is ill"}"#)),
            Self::Echo(text) => {
                let mut answer = status(500, &format!(r#"{{"error":"you sent {text}"}}"#));
                answer.headers.push(("x-debug".to_owned(), text.clone()));
                Ok(answer)
            }
            Self::Truncated => {
                let mut answer = good?.clone();
                answer.body.truncate(answer.body.len() / 2);
                Ok(answer)
            }
            Self::Unreachable | Self::Refused | Self::Cut => Err(SendError {
                problem: self.problem("the API")?,
                sent: *self == Self::Cut,
            }),
            Self::Slow(_) => return None,
        })
    }

    /// The failure of a request for `what`; `None` if the request does not fail by this.
    pub(crate) fn problem(&self, what: &str) -> Option<Problem> {
        let (code, detail) = match self {
            Self::Unauthorised => (
                ErrorCode::ConnectionAuth,
                "the server refuses the credential",
            ),
            Self::Unreachable => (ErrorCode::ConnectionUnreachable, "nobody answers"),
            Self::Refused => (ErrorCode::ConnectionRefused, "the address is not granted"),
            Self::ServerError => (ErrorCode::ConnectionUnreachable, "the server is ill"),
            Self::Cut => (ErrorCode::ConnectionUnreachable, "the connection broke"),
            Self::RateLimited | Self::Truncated | Self::Slow(_) | Self::Echo(_) => return None,
        };
        Some(Problem::new(code, format!("{what}: {detail}")))
    }
}
