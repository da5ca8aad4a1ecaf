//! What S3's errors mean for a person. The store's own message is left out: it may repeat what was
//! signed.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::S3Endpoint;
use crate::connection::SendError;
use crate::connection::config_problem;

type Failure<E> = SdkError<E, HttpResponse>;

impl S3Endpoint {
    /// A failure about `path`.
    pub(super) fn problem<E: ProvideErrorMetadata>(
        &self,
        path: &str,
        error: &Failure<E>,
    ) -> Problem {
        self.send_error(path, error).problem
    }

    /// As [`Self::problem`], with whether the request left.
    pub(super) fn send_error<E: ProvideErrorMetadata>(
        &self,
        path: &str,
        error: &Failure<E>,
    ) -> SendError {
        let problem = match error {
            SdkError::DispatchFailure(failure) => {
                let cause = failure
                    .as_connector_error()
                    .and_then(std::error::Error::source)
                    .and_then(|cause| cause.downcast_ref::<SendError>());
                return match cause {
                    Some(error) => error.clone(),
                    None => SendError::unsent(self.unreachable()),
                };
            }
            SdkError::ServiceError(service) => {
                let status = service.raw().status().as_u16();
                self.refusal(path, service.err().code(), status)
            }
            SdkError::ResponseError(response) => {
                let status = response.raw().status().as_u16();
                self.refusal(path, None, status)
            }
            SdkError::ConstructionFailure(_) => {
                let detail = format!("no request for {path:?} on {} could be made", self.place);
                return SendError::unsent(Problem::new(ErrorCode::SourceProtocol, detail));
            }
            _ => self.unreachable(),
        };
        SendError {
            problem,
            sent: true,
        }
    }

    fn unreachable(&self) -> Problem {
        let detail = format!("the connection to {} broke", self.place);
        Problem::new(ErrorCode::ConnectionUnreachable, detail)
    }

    fn refusal(&self, path: &str, code: Option<&str>, status: u16) -> Problem {
        let place = &self.place;
        let named = code.map(|code| format!(" ({code})")).unwrap_or_default();
        match (code.unwrap_or_default(), status) {
            (
                "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "ExpiredToken" | "InvalidToken"
                | "RequestTimeTooSkewed" | "TokenRefreshRequired" | "InvalidSecurity"
                | "NotSignedUp",
                _,
            )
            | (_, 401) => {
                let detail = format!("{place} refused the access key{named}");
                let problem = Problem::new(ErrorCode::ConnectionAuth, detail);
                match code {
                    Some("RequestTimeTooSkewed") => problem.hint("set this machine's clock"),
                    _ => problem,
                }
            }
            ("NoSuchBucket", _) => {
                let detail = format!("{place} has no bucket {:?}", self.bucket);
                Problem::new(ErrorCode::SourceNotFound, detail).at("/endpoint/bucket")
            }
            ("AuthorizationHeaderMalformed" | "PermanentRedirect" | "TemporaryRedirect", _)
            | (_, 300..=399) => config_problem(
                "/endpoint/region",
                format!(
                    "{place} says that the bucket {:?} belongs to another region or address",
                    self.bucket
                ),
            )
            .hint("enter the bucket's region, or the address of its store; redirects are not followed"),
            ("PreconditionFailed", _) | (_, 412) => changed(path, place),
            ("NoSuchKey" | "NotFound", _) | (_, 404) => {
                let detail = format!("{path:?} in the bucket {:?} on {place} does not exist", self.bucket);
                Problem::new(ErrorCode::SourceNotFound, detail)
            }
            ("SlowDown" | "RequestLimitExceeded" | "Throttling", _) | (_, 429) => {
                let detail = format!("{place} asks to slow down{named}");
                Problem::new(ErrorCode::RateLimited, detail)
            }
            (_, 403) => {
                let detail = format!("{path:?} in the bucket {:?} on {place} may not be used{named}", self.bucket);
                let hint = "let the bucket's owner allow s3:ListBucket and s3:GetObject to this key (and s3:PutObject, s3:DeleteObject if files are written or moved)";
                Problem::new(ErrorCode::SourcePermission, detail).hint(hint)
            }
            (_, 500..=599) => {
                let detail = format!("{place} answers with the server error {status}{named}");
                Problem::new(ErrorCode::ConnectionUnreachable, detail)
            }
            _ => {
                let detail = format!("{place} answered {status}{named} for {path:?}");
                Problem::new(ErrorCode::SourceProtocol, detail)
            }
        }
    }
}

/// The object is another one by now.
pub(super) fn changed(path: &str, place: &str) -> Problem {
    let detail = format!("{path:?} on {place} was replaced after it was listed");
    Problem::new(ErrorCode::FileChanged, detail)
}
