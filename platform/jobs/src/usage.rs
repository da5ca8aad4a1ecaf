//! Keeps what a run's connectors used, so that it can be shown while the run goes on and after it.
//!
//! Invariants: what the host counted is taken once. Batches are many and short, so their part is kept
//! every [`EVERY`], with the partitions', when work fails, and when the run is closed. A worker that dies
//! loses what it had not kept: these figures are for people, nothing depends on them.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tributary_host::Connector;
use tributary_model::problem::Problem;
use tributary_model::state::WorkKind;
use tributary_model::usage::{ConnectorUsage, RunUsage};
use tributary_store::Lease;

use crate::context::{RunContext, Side};
use crate::services::store_problem;

/// How long the figures of batches may wait.
const EVERY: Duration = Duration::from_secs(2);

/// When they were kept last.
#[derive(Debug)]
pub(crate) struct UsageState(Mutex<Instant>);

impl Default for UsageState {
    fn default() -> Self {
        Self(Mutex::new(Instant::now()))
    }
}

/// After a piece of work.
pub(crate) async fn after(context: &RunContext, lease: &Lease, done: bool) -> Result<(), Problem> {
    let waits = || {
        let last = context.usage.0.lock();
        last.unwrap_or_else(PoisonError::into_inner).elapsed() < EVERY
    };
    if done && lease.kind == WorkKind::Batch && waits() {
        return Ok(());
    }
    keep(context).await
}

/// Adds what was used since the last time.
pub(crate) async fn keep(context: &RunContext) -> Result<(), Problem> {
    *context
        .usage
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner) = Instant::now();
    let mut since = RunUsage::new();
    for (name, side) in [("source", &context.source), ("target", &context.target)] {
        let used = taken(side);
        if !used.usage.is_empty() {
            since.insert(name.to_owned(), used);
        }
    }
    if since.is_empty() {
        return Ok(());
    }
    let kept = context.store.run_usage_add(&context.run.id, &since).await;
    kept.map_err(|error| store_problem(&error))
}

fn taken(side: &Side) -> ConnectorUsage {
    ConnectorUsage {
        connector: title(&side.connector),
        usage: side.call.connection.take_usage(),
    }
}

fn title(connector: &Connector) -> String {
    let manifest = connector.manifest();
    format!("{} {}", manifest.name, manifest.version)
}
