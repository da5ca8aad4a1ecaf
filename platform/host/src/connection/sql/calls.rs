//! A target's calls against a database, in the words of HTTP, so that retries, receipts and settling
//! are the same as for an API: `POST transaction` with `{"statements": […], "rows": [[0, […]], …]}`
//! binds each row's values to its statement and commits all of them together.
//!
//! Answers: 200 `{"rows": […]}` with `{"changed": n}` or `{"code", "message", "column"}` for each row, in
//! order: those that were refused are left out of the transaction, all others are in it. Otherwise
//! nothing was done: 409 the database refused all of them together, 400 the statements, 401 the account,
//! 403 a right is missing, 404 a table, 503 it is busy. A failure of the connection is no answer, as in
//! HTTP; only one while committing says that something may have been done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::json;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::changes::{Changes, Failure, RowResult};
use super::{Database, SqlEndpoint, mysql, postgres, sqlite};
use crate::connection::{HttpRequest, HttpResponse, SendError};

/// For one call, if it does not say otherwise.
const TIMEOUT_MS: u64 = 60_000;
/// Where a call goes.
const PATH: &str = "transaction";

impl SqlEndpoint {
    /// See the module.
    pub(crate) async fn call(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let started = Instant::now();
        if request.method != "POST" || request.path != PATH || !request.query.is_empty() {
            let detail = format!(
                "databases take POST {PATH}, not {} {:?}",
                request.method, request.path
            );
            let problem = Problem::new(ErrorCode::ConnectorDenied, detail);
            return Err(SendError::unsent(problem));
        }
        let body = request.body.unwrap_or_default();
        let changes = Changes::parse(&body).map_err(SendError::unsent)?;
        let limit = Duration::from_millis(request.timeout_ms.unwrap_or(TIMEOUT_MS));
        let done = tokio::time::timeout(limit, self.transact(changes)).await;
        let (status, body) = match done {
            Ok(Ok(results)) => (200, json!({ "rows": results })),
            Ok(Err(Failure::Undone(problem))) => (status_of(&problem), said(&problem)),
            Ok(Err(Failure::Lost { problem, sent })) => {
                let problem = self.covered(problem);
                return Err(SendError { problem, sent });
            }
            Err(_) => {
                let detail = format!("the transaction was not done within {limit:?}");
                let problem = Problem::new(ErrorCode::ConnectionTimeout, detail);
                return Err(SendError {
                    problem,
                    sent: true,
                });
            }
        };
        Ok(HttpResponse {
            status,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: self.redactor.body(Bytes::from(body.to_string()), false),
            duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        })
    }

    async fn transact(&self, changes: Changes) -> Result<Vec<RowResult>, Failure> {
        let unsent = |problem| Failure::Lost {
            problem,
            sent: false,
        };
        match &self.database {
            Database::Postgres(server) => {
                let mut session = postgres::open(server).await.map_err(unsent)?;
                postgres::transact(server, &mut session, &changes).await
            }
            Database::Mysql(server) => {
                let mut session = mysql::open(server).await.map_err(unsent)?;
                let results = mysql::transact(server, &mut session, &changes).await;
                // What was not committed ends with the session.
                let _ = session.disconnect().await;
                results
            }
            Database::Sqlite(file) => {
                let file = Arc::clone(file);
                let stopped = StopOnDrop::default();
                let flag = Arc::clone(&stopped.0);
                let work = move || sqlite::transact(&file, &changes, &flag);
                let results = tokio::task::spawn_blocking(work).await;
                drop(stopped);
                results.unwrap_or_else(|_| {
                    let detail = "the transaction ended in a panic";
                    Err(unsent(Problem::new(ErrorCode::Internal, detail)))
                })
            }
        }
    }
}

/// Tells work on another thread that nobody waits for it.
#[derive(Default)]
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn status_of(problem: &Problem) -> u16 {
    match problem.code {
        ErrorCode::ConfigInvalid => 400,
        ErrorCode::ConnectionAuth => 401,
        ErrorCode::SourcePermission | ErrorCode::ConnectorDenied => 403,
        ErrorCode::SourceNotFound => 404,
        code if code.info().transient => 503,
        _ => 409,
    }
}

fn said(problem: &Problem) -> serde_json::Value {
    json!({ "code": problem.code.as_str(), "message": problem.detail })
}
