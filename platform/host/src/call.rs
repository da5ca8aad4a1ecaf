//! The plain types that go in and out of a connector: no wasmtime and no WIT types, so that
//! engine and cli do not depend on either.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tributary_formats::page::Page;
use tributary_model::detail::Detail;
use tributary_model::error_code::{ErrorCode, Owner};
use tributary_model::id::TenantId;
use tributary_model::problem::Problem;

use crate::connection::{Connection, HttpRequest};
use crate::guest_log::GuestLog;

/// On whose behalf a connector is called, and with which connection.
#[derive(Debug, Clone)]
pub struct CallContext {
    pub tenant: TenantId,
    /// id of the run, for the log; `None` outside a run
    pub run: Option<String>,
    /// where the connector's lines go; `None` outside a run
    pub log: Option<Arc<GuestLog>>,
    pub connection: Arc<Connection>,
    /// ends the call within a second, whatever the guest does
    pub cancel: CancellationToken,
    /// asks the guest to come to an end by itself (`control.stopping`). A plan or read that returns after
    /// it is taken as stopped and not as done: nobody knows whether it saw all there was.
    pub stop: CancellationToken,
}

/// One step of a connection's check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckStep {
    pub name: String,
    pub ok: bool,
    pub message: String,
    /// what to do; only of a step that failed
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// of the catalogue; only of a step that failed, and if there is one for it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// time, ms. A connector answers all its steps at once: the last of them has the time of them all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
}

impl CheckStep {
    /// A step that worked.
    #[must_use]
    pub fn worked(name: &str, message: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            ok: true,
            message: message.into(),
            hint: None,
            code: None,
            took_ms: None,
        }
    }

    /// The step that did not; none follows it.
    #[must_use]
    pub fn failed(name: &str, problem: &Problem) -> Self {
        let place = problem.pointer.as_deref().map(|at| format!(" (at {at})"));
        Self {
            name: name.to_owned(),
            ok: false,
            message: format!("{}{}", problem.detail, place.unwrap_or_default()),
            hint: Some(problem.hint.clone()),
            code: Some(problem.code.as_str().to_owned()),
            took_ms: None,
        }
    }

    /// The step that a problem belongs to, by its code.
    #[must_use]
    pub fn of(problem: &Problem) -> Self {
        let name = match problem.code {
            ErrorCode::ConnectionAuth => "auth",
            ErrorCode::HostKeyChanged => "host_key",
            ErrorCode::SourcePermission => "permission",
            ErrorCode::SourceNotFound => "list",
            ErrorCode::ConfigInvalid => "config",
            ErrorCode::ConnectionRefused => "egress",
            ErrorCode::ConnectionUnreachable | ErrorCode::ConnectionTimeout => "connect",
            code if code.info().owner == Owner::Connector => "connector",
            _ => "platform",
        };
        Self::failed(name, problem)
    }
}

/// A stream that a source has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamInfo {
    pub name: String,
    /// JSON Schema 2020-12 of one row
    pub schema: Value,
    pub primary_key: Vec<String>,
    pub cursor_field: Option<String>,
    pub full: bool,
    pub incremental: bool,
    /// partitions may be read side by side
    pub partitioned: bool,
}

/// What to read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selection {
    pub stream: String,
    pub incremental: bool,
    /// one of the values that `partitions` answered
    pub partition: Option<Value>,
    /// the last stored checkpoint: of the stream for `partitions`, of the partition for `read`
    pub state: Option<Value>,
}

/// Something that came to be at a target, with its records of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// the target's name of it
    pub external_id: String,
    pub rows: u64,
    /// what the target said of the first of them
    pub detail: Option<Detail>,
}

/// What is put at a target at the end of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub path: String,
    pub content: Bytes,
}

/// What a source is going to read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReadPlan {
    /// parts that may be read side by side
    pub partitions: Vec<Value>,
    /// keys of checkpoints of earlier reads that are of no more use
    pub forgotten: Vec<String>,
}

/// Where pages go while a source is read. Calls come in order, one at a time; the guest goes on
/// meanwhile, a few pages ahead at most.
#[async_trait]
pub trait PageSink: Send {
    /// Takes the next page. An error ends the read with that problem.
    async fn page(&mut self, page: Page) -> Result<(), Problem>;
    /// "All pages before this are covered by `state`."
    async fn checkpoint(&mut self, state: Value) -> Result<(), Problem>;
}

/// What a read took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadStats {
    pub pages: u64,
    pub rows: u64,
    /// bytes of the pages, as received
    pub bytes: u64,
    pub checkpoints: u64,
    /// calls of the guest into the host
    pub host_calls: u64,
    pub cpu_ms: u64,
    pub wall_ms: u64,
}

/// Mapped records on their way to a target.
#[derive(Debug, Clone, Copy)]
pub struct TargetBatch<'a> {
    pub stream: &'a str,
    /// one JSON object per line, `\n` after each
    pub ndjson: &'a [u8],
    pub rows: u32,
    /// one idempotency key per row
    pub keys: &'a [String],
}

/// A call that the host shall send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetCall {
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    /// rows of the batch that it carries, from 0
    pub rows: Vec<u32>,
    pub idempotency_key: Option<String>,
    /// the connector's own, given back to `settle`
    pub context: Option<String>,
}

impl TargetCall {
    /// What goes out for it.
    #[must_use]
    pub fn request(&self, timeout_ms: Option<u64>) -> HttpRequest {
        HttpRequest {
            method: self.method.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            headers: self.headers.clone(),
            body: Some(self.body.clone()),
            idempotency_key: self.idempotency_key.clone(),
            timeout_ms,
        }
    }
}

/// What became of one row of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct RowOutcome {
    /// as in [`TargetCall::rows`]
    pub row: u32,
    pub outcome: Outcome,
}

/// See [`RowOutcome`].
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Delivered {
        /// the target's own id
        external_id: Option<String>,
        /// what the result report shows, a JSON object
        detail: Option<Detail>,
    },
    Rejected {
        /// the target's code
        code: String,
        /// the target's message
        message: String,
        /// JSON Pointer into the record
        field: Option<String>,
    },
    Retry {
        reason: RetryReason,
        message: String,
        retry_after_ms: Option<u64>,
    },
}

/// How a retry should be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryReason {
    /// the target is ill: wait with backoff
    Transient,
    /// the target asks to slow down
    RateLimited,
    /// the call as a whole was refused: send halves to find the row that is to blame
    Split,
}

/// What is known of one row whose call may have been done.
#[derive(Debug, Clone, PartialEq)]
pub struct RowFinding {
    /// as in [`TargetCall::rows`] of the inquiry
    pub row: u32,
    pub finding: Finding,
}

/// See [`RowFinding`].
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// it was done
    There {
        external_id: Option<String>,
        /// what the result report shows, a JSON object
        detail: Option<Detail>,
    },
    /// it was not done
    Absent,
    /// it cannot be told, and why
    Unclear(String),
    /// the target cannot say now
    Later {
        message: String,
        retry_after_ms: Option<u64>,
    },
}
