//! Runs whose rules may stop them: every batch is mapped and checked, then all of them together are
//! judged, and only then delivery begins.
//!
//! Invariants: a check leaves nothing in the lake and calls nobody; it maps what the delivery will map,
//! byte for byte, so its verdict holds for it.

use tributary_engine::map::MappedBatch;
use tributary_engine::rules::{self, Figures};
use tributary_mapping::RunRuleResult;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_store::{Fenced, Lease};

use crate::context::RunContext;
use crate::services::store_problem;

/// Batches read at a time.
const PAGE: u32 = 500;

/// What the rules say of a run.
#[derive(Default)]
pub(crate) struct Judgement {
    pub(crate) figures: Figures,
    pub(crate) results: Vec<RunRuleResult>,
    /// why the run is to be stopped, if it is
    pub(crate) stop: Option<Problem>,
}

/// Keeps what a mapped batch came to; its delivery waits.
pub(crate) async fn check(
    context: &RunContext,
    lease: &Lease,
    mapped: &MappedBatch,
) -> Result<Fenced<()>, Problem> {
    let place = (lease.partition.unwrap_or(0), lease.batch.unwrap_or(0));
    let figures = Figures::of(context.plan(), mapped, place)?;
    let text = serde_json::to_string(&figures)
        .map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
    context
        .store
        .commit_check(lease, &text)
        .await
        .map_err(|error| store_problem(&error))
}

/// Judges all that was checked; `read` is what the run has read. Nothing to say of a run without such
/// rules, or that was begun before runs were held for them.
pub(crate) async fn judge(context: &RunContext, read: u64) -> Result<Judgement, Problem> {
    let plan = context.plan();
    if !plan.holds_delivery() {
        return Ok(Judgement::default());
    }
    let mut figures = Figures::default();
    let mut after = None;
    loop {
        let checks = context
            .store
            .run_checks(&context.run.id, after, PAGE)
            .await
            .map_err(|error| store_problem(&error))?;
        let Some(last) = checks.last() else { break };
        after = Some((last.partition, last.batch));
        for check in &checks {
            let batch: Figures = serde_json::from_str(&check.figures)
                .map_err(|error| Problem::new(ErrorCode::StorageFailed, error.to_string()))?;
            figures.add(plan, &batch)?;
        }
    }
    if figures.read == 0 && read > 0 {
        return Ok(Judgement::default());
    }
    let results = figures.check(&context.mapping.pinned)?;
    Ok(Judgement {
        stop: rules::stopped(&figures, &results),
        figures,
        results,
    })
}
