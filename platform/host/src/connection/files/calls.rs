//! A target's calls against files, in the words of HTTP, so that retries, receipts and settling
//! are the same as for an API: `PUT path` writes the body as that file, atomically and over what
//! was there; `HEAD path` looks at it.
//!
//! Answers: 201 written, with `etag` where the store gives one and `x-tributary-sha256`; 200 there,
//! with `content-length`; 404 not there; 403 not allowed. A failure of the connection is no
//! answer, as in HTTP.

use std::time::{Duration, Instant};

use bytes::Bytes;
use data_encoding::HEXLOWER;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::{FileSession, check_path, only_read};
use crate::connection::s3::S3Writer;
use crate::connection::{HttpRequest, HttpResponse, SendError};

/// For one call, if it does not say otherwise.
const TIMEOUT_MS: u64 = 60_000;

impl FileSession {
    /// See the module.
    pub(crate) async fn call(&mut self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let started = Instant::now();
        check_path(&request.path).map_err(SendError::unsent)?;
        let path = request.path.as_str();
        let climbs = path.split('/').any(|step| matches!(step, "." | ".."));
        if climbs || !request.query.is_empty() {
            let detail = format!("{path:?} is no place of a file for a target");
            return Err(SendError::unsent(Problem::new(
                ErrorCode::ConnectorDenied,
                detail,
            )));
        }
        let method = request.method.as_str();
        let body = request.body.unwrap_or_default();
        let work = async {
            match method {
                "PUT" => self.put(path, body).await,
                _ => self.look(path).await,
            }
        };
        let limit = Duration::from_millis(request.timeout_ms.unwrap_or(TIMEOUT_MS));
        let answer = match method {
            "PUT" | "HEAD" => tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
                let detail = format!("{method} {path:?} took longer than {limit:?}");
                Err(sent(Problem::new(ErrorCode::ConnectionTimeout, detail)))
            }),
            other => {
                let detail = format!("files take PUT and HEAD, not {other:?}");
                Err(SendError::unsent(Problem::new(
                    ErrorCode::ConnectorDenied,
                    detail,
                )))
            }
        };
        let (status, headers) = answer.or_else(refused)?;
        Ok(HttpResponse {
            status,
            headers,
            body: Bytes::new(),
            duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        })
    }

    async fn put(&mut self, path: &str, body: Bytes) -> Result<Answer, SendError> {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &body);
        let mut headers = vec![header(
            "x-tributary-sha256",
            HEXLOWER.encode(digest.as_ref()),
        )];
        match self {
            Self::Sftp(lease) => lease.put(path, &body).await.map_err(sent)?,
            Self::S3(s3) => {
                let mut writer = S3Writer::new(s3, path).map_err(SendError::unsent)?;
                writer.write(&body).await?;
                let version = writer.commit().await?;
                headers.extend(version.map(|version| header("etag", version)));
            }
            Self::Stored(_) => return Err(SendError::unsent(comes_in(path))),
            // a recording answers before a session is made
            Self::Played(_) => return Err(SendError::unsent(only_read(path))),
        }
        Ok((201, headers))
    }

    async fn look(&mut self, path: &str) -> Result<Answer, SendError> {
        let entry = self.stat(path).await.map_err(SendError::unsent)?;
        let mut headers = vec![header("content-length", entry.size.to_string())];
        headers.extend(entry.version.map(|version| header("etag", version)));
        Ok((200, headers))
    }
}

fn comes_in(path: &str) -> Problem {
    let detail = format!("{path:?} lies among what came in, where nothing is written");
    Problem::new(ErrorCode::ConnectorDenied, detail)
}

type Answer = (u16, Vec<(String, String)>);

fn header(name: &str, value: String) -> (String, String) {
    (name.to_owned(), value)
}

/// Writing had begun, so some of it may be there.
fn sent(problem: Problem) -> SendError {
    SendError {
        problem,
        sent: true,
    }
}

/// What the other side said is an answer; what kept it from speaking is none.
fn refused(error: SendError) -> Result<Answer, SendError> {
    let status = match error.problem.code {
        ErrorCode::SourceNotFound => 404,
        ErrorCode::SourcePermission => 403,
        ErrorCode::RateLimited => 429,
        _ => return Err(error),
    };
    let detail = error.problem.detail.replace(|c: char| c.is_control(), " ");
    Ok((status, vec![header("x-tributary-detail", detail)]))
}
