//! Between the contract's errors and the platform's problems. The code travels with the error, so
//! that a failure of a capability arrives as what it was after its way through a guest.

use tributary_model::error_code::{ErrorCode, Owner};
use tributary_model::issue::shorten;
use tributary_model::problem::Problem;

use crate::bindings::contract::types::{Error, ErrorKind};

/// Longest message that a connector may make up, characters.
const MAX_MESSAGE_CHARS: usize = 2_000;

/// Longest pointer that a connector may make up, characters.
const MAX_POINTER_CHARS: usize = 500;

/// A host failure as the guest sees it.
pub(crate) fn to_guest(problem: &Problem) -> Error {
    let kind = match problem.code {
        ErrorCode::ConfigInvalid => ErrorKind::Config,
        ErrorCode::ConnectionAuth | ErrorCode::HostKeyChanged | ErrorCode::SourcePermission => {
            ErrorKind::Auth
        }
        ErrorCode::SourceNotFound => ErrorKind::NotFound,
        ErrorCode::ConnectionRefused | ErrorCode::ConnectorDenied => ErrorKind::Denied,
        ErrorCode::RateLimited => ErrorKind::RateLimited,
        ErrorCode::RunCancelled => ErrorKind::Cancelled,
        ErrorCode::ConnectionUnreachable | ErrorCode::ConnectionTimeout => ErrorKind::Transient,
        code if code.info().transient => ErrorKind::Transient,
        code if code.info().owner == Owner::Connector => ErrorKind::Bug,
        _ => ErrorKind::Data,
    };
    Error {
        kind,
        code: Some(problem.code.as_str().to_owned()),
        message: problem.detail.clone(),
        field: problem.pointer.clone(),
        retry_after_ms: problem
            .retry_after_ms
            .map(|ms| u32::try_from(ms).unwrap_or(u32::MAX)),
    }
}

/// What a guest answered. `last` is the last failure that the host gave it: if the guest passes
/// that one on, nothing of it is lost.
pub(crate) fn to_problem(error: &Error, last: Option<&Problem>) -> Problem {
    let code = error.code.as_deref().and_then(ErrorCode::parse);
    if let Some(last) = last
        && code == Some(last.code)
        && error.message == last.detail
    {
        return last.clone();
    }
    let code = code
        .filter(|code| speakable(*code))
        .unwrap_or(match error.kind {
            ErrorKind::Config => ErrorCode::ConfigInvalid,
            ErrorKind::Auth => ErrorCode::ConnectionAuth,
            ErrorKind::NotFound => ErrorCode::SourceNotFound,
            ErrorKind::Transient => ErrorCode::ConnectionUnreachable,
            ErrorKind::RateLimited => ErrorCode::RateLimited,
            ErrorKind::Data => ErrorCode::SourceProtocol,
            ErrorKind::Unsupported => ErrorCode::ConfigInvalid,
            ErrorKind::Denied => ErrorCode::ConnectorDenied,
            ErrorKind::Cancelled => ErrorCode::RunCancelled,
            ErrorKind::Bug => ErrorCode::ConnectorFailed,
        });
    let mut problem = Problem::new(code, shorten(&error.message, MAX_MESSAGE_CHARS));
    problem.pointer = error
        .field
        .as_deref()
        .map(|field| shorten(field, MAX_POINTER_CHARS));
    // A mistake of the connector's own does not go away by waiting, and only the host may say that it may.
    problem.retry_after_ms = match code {
        ErrorCode::ConnectorFailed => None,
        _ => error.retry_after_ms.map(u64::from),
    };
    problem
}

/// Codes about the platform itself are not a connector's to use.
fn speakable(code: ErrorCode) -> bool {
    !matches!(
        code,
        ErrorCode::Internal | ErrorCode::StorageFailed | ErrorCode::ReconciliationFailed
    )
}
