//! Puts what connectors logged into the lake, sealed like everything else of the tenant: a log may
//! hold pieces of records.
//!
//! Invariant: the object is there before the row that names it. Lines since the last piece of work are
//! lost when a worker dies; they are for people, nothing depends on them.

use tributary_host::RUN_BYTES;
use tributary_lake::Layer;
use tributary_model::problem::Problem;
use tributary_store::Lease;

use crate::context::RunContext;
use crate::objects;
use crate::services::{Services, store_problem};

/// Keeps the lines that came since the last time.
pub(crate) async fn keep(
    services: &Services,
    context: &RunContext,
    lease: &Lease,
) -> Result<(), Problem> {
    let lines = context.log.take();
    if lines.is_empty() {
        return Ok(());
    }
    let bytes = lines.len() as u64;
    let place = match (lease.partition, lease.batch) {
        (Some(partition), Some(batch)) => format!(".p{partition:05}-b{batch:06}"),
        (Some(partition), None) => format!(".p{partition:05}"),
        _ => String::new(),
    };
    let kind = lease.kind.as_str();
    let name = format!("log.{kind}{place}.e{}.ndjson.zst", lease.epoch);
    let object = objects::put_named(services, context, Layer::Results, &name, lines.into()).await?;
    // false: the run's log is full, and these lines are dropped like all that follow
    let _taken = context
        .store
        .log_add(&context.run.id, &object, bytes, RUN_BYTES as u64)
        .await
        .map_err(|error| store_problem(&error))?;
    Ok(())
}
