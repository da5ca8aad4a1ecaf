//! The ways by which a tenant's text can become a connection.

use std::sync::Arc;

use serde_json::{Value, json};
use tributary_host::{CallContext, Connector, EgressPolicy, Host, HttpRequest};
use tributary_model::error_code::ErrorCode;
use tributary_model::manifest::EndpointKind;
use tributary_model::problem::Problem;

use crate::support::{SECRET, context, host, http_document};

/// Every kind of endpoint has a channel here: a new kind does not compile until it has one.
pub(crate) fn channel_of(kind: EndpointKind) -> &'static str {
    match kind {
        EndpointKind::Http => "http",
        EndpointKind::Sftp => "sftp",
        EndpointKind::S3 => "s3",
        EndpointKind::Sql => "sql",
        EndpointKind::Tcp => "tcp",
        // no address: nothing of theirs can become a connection
        EndpointKind::Uploads | EndpointKind::Push => "none",
    }
}

fn get(path: &str) -> HttpRequest {
    HttpRequest {
        method: "GET".to_owned(),
        path: path.to_owned(),
        timeout_ms: Some(5_000),
        ..HttpRequest::default()
    }
}

/// A connection to `base_url` under the operator's `grants`.
pub(crate) fn http(base_url: &str, grants: &[String]) -> Result<CallContext, Problem> {
    let policy = EgressPolicy {
        allow: grants.to_vec(),
    };
    context(http_document(base_url, SECRET), &policy)
}

/// One request; the answer's status or the problem.
pub(crate) async fn send(call: &CallContext, path: &str) -> Result<u16, Problem> {
    let answer = call.connection.send(get(path)).await;
    answer
        .map(|answer| answer.status)
        .map_err(|error| error.problem)
}

/// One request to `base_url` with nothing granted.
pub(crate) async fn direct(base_url: &str) -> Problem {
    match http(base_url, &[]) {
        Ok(call) => send(&call, "x").await.unwrap_err(),
        Err(problem) => problem,
    }
}

/// The built-in SFTP connector, asked to check its connection.
pub(crate) struct Sftp {
    host: Host,
    connector: Arc<Connector>,
}

impl Sftp {
    pub(crate) async fn load() -> Self {
        let host = host(&[]);
        let connector = host.load(&crate::support::component("sftp")).await.unwrap();
        Self { host, connector }
    }

    /// Whether the check came through. It never should: nobody speaks SSH here.
    pub(crate) async fn check(&self, name: &str) -> bool {
        let document = json!({
            "name": "files", "connector": "sftp",
            "endpoint": {"kind": "sftp", "host": name, "port": 22, "user": "acme", "auth": "password",
                "host_keys": []},
            "secrets": {"password": SECRET},
        });
        let Ok(call) = context(document, self.host.egress()) else {
            return false;
        };
        let steps = self.connector.check(&call, &config()).await;
        steps.is_ok_and(|steps| !steps.is_empty() && steps.iter().all(|step| step.ok))
    }
}

fn config() -> Value {
    json!({"stream": "orders", "folder": "/in", "pattern": "*.csv", "csv": {}})
}

/// What may be said about a spelling that is not dialled.
pub(crate) fn is_refusal(problem: &Problem) -> bool {
    let known = [
        ErrorCode::ConnectionRefused,
        ErrorCode::ConfigInvalid,
        ErrorCode::ConnectorDenied,
    ];
    let no_name = ["could not be resolved", "invalid dns name"];
    let unresolved = no_name.iter().any(|words| problem.detail.contains(words));
    known.contains(&problem.code) || problem.code == ErrorCode::ConnectionUnreachable && unresolved
}
