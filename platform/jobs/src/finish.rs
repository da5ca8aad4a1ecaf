//! Work of kind `finish`: reconciles a run whose work is all done, writes the manifest, moves the
//! cursors and closes it, in that order.

use std::collections::BTreeSet;

use serde_json::json;
use tributary_engine::reconcile::{Sides, reconcile, verdict};
use tributary_engine::rules;
use tributary_lake::Layer;
use tributary_model::counters::Counters;
use tributary_model::document::LoadMode;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::state::RunState;
use tributary_store::{Amount, BatchState, CursorMove, Fenced, Lease, Partition, StoreError};

use crate::conclude;
use crate::context::RunContext;
use crate::gate::{self, Judgement};
use crate::objects;
use crate::parts::{self, Rest};
use crate::report::{AmountLine, RunReport, process_peak_mib};
use crate::services::{Services, store_problem};
use crate::usage;

/// Closes the lease's run.
pub(crate) async fn run(
    services: &Services,
    context: &RunContext,
    lease: &Lease,
) -> Result<Fenced<()>, Problem> {
    let totals = Totals::read(context).await?;
    let judgement = gate::judge(context, totals.counters.read).await?;
    if lease.delivery_held && judgement.stop.is_none() && totals.problem.is_none() {
        let opened = context.store.open_delivery(lease).await;
        services.wake.notify_waiters();
        return opened.map_err(|error| store_problem(&error));
    }
    let stopped = judgement.stop.is_some();
    // what is pending comes by a redrive, and the word with it; a part that could not be read holds back nothing
    // of what the others wrote
    if !stopped && totals.counters.pending == 0 {
        conclude::run(services, context).await?;
    }
    // who asks for the run as soon as it is over shall see them
    usage::keep(context).await?;
    let report = report(services, context, &totals, judgement);
    write_manifest(services, context, lease, &report).await?;
    let moves = cursor_moves(context, &totals, (report.state, stopped))?;
    let text = serde_json::to_string(&report)
        .map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
    let finished = context
        .store
        .finish_run(lease, report.state, &text, &moves)
        .await
        .map_err(|error| store_problem(&error))?;
    Ok(match finished {
        Fenced::Lost => Fenced::Lost,
        Fenced::Done(state) => {
            tracing::info!(
                tenant.id = %context.tenant,
                run.id = %context.run.id,
                run.state = state.as_str(),
                "the run is over"
            );
            Fenced::Done(())
        }
    })
}

/// Batches read at a time while summing up.
const PAGE: u32 = 200;

/// Everything that the ledger knows about the run, summed up.
struct Totals {
    counters: Counters,
    amounts: Vec<Amount>,
    partitions: Vec<Partition>,
    rows_in_pages: u64,
    batches: u64,
    calls: u64,
    target_ms: u64,
    /// what stopped the run, or of the first part or batch that failed for good
    problem: Option<Problem>,
    /// all of it without the parts that failed
    rest: Rest,
}

impl Totals {
    async fn read(context: &RunContext) -> Result<Self, Problem> {
        Self::query(context)
            .await
            .map_err(|error| store_problem(&error))
    }

    async fn query(context: &RunContext) -> Result<Self, StoreError> {
        let (store, run) = (&context.store, &context.run.id);
        let fresh = store.run(run).await?;
        let partitions = store.partitions(run).await?;
        let stopped = fresh.and_then(|run| run.problem);
        let mut totals = Self {
            counters: store.run_counters(run).await?,
            amounts: store.run_amounts(run).await?,
            rows_in_pages: 0,
            batches: 0,
            calls: 0,
            target_ms: 0,
            problem: stopped.or_else(|| parts::problem(&partitions)),
            rest: Rest::default(),
            partitions,
        };
        let mut failed = BTreeSet::new();
        for partition in &totals.partitions {
            let pages = store.pages(run, partition.no).await?;
            let rows = pages.iter().map(|page| page.rows).sum::<u64>();
            totals.rows_in_pages += rows;
            match partition.problem {
                Some(_) => _ = failed.insert(partition.no),
                None => totals.rest.sides.rows_in_pages += rows,
            }
        }
        let mut after = None;
        loop {
            let batches = store.batches(run, after, PAGE).await?;
            let Some(last) = batches.last() else {
                return Ok(totals);
            };
            after = Some((last.partition, last.no));
            for batch in batches {
                totals.batches += 1;
                totals.calls += batch.calls;
                totals.target_ms += batch.target_ms;
                if !failed.contains(&batch.partition) {
                    totals.rest.add(&batch);
                }
                if batch.state == BatchState::Failed {
                    totals.problem = totals.problem.or(batch.problem);
                }
            }
        }
    }
}

/// Whether the stream's cursor may move: all that was read is accounted for. Quarantined
/// records count, since they wait in the ledger.
fn advances(state: RunState) -> bool {
    matches!(state, RunState::Succeeded | RunState::CompletedWithErrors)
}

fn report(
    services: &Services,
    context: &RunContext,
    totals: &Totals,
    judgement: Judgement,
) -> RunReport {
    let sides = Sides {
        counters: totals.counters,
        rows_in_pages: totals.rows_in_pages,
        rows_in_batches: totals.counters.rows,
    };
    let tolerance = context.integration.tolerance;
    let failure = judgement.stop.clone().or_else(|| totals.problem.clone());
    let (state, problem) = verdict(&sides, tolerance, failure);
    let (state, problem) = beyond_counters(totals, &judgement, state, problem);
    let run = &context.run;
    let started_ms = run.attempt_started_ms.or(run.started_ms);
    let started_ms = started_ms.unwrap_or(run.created_ms);
    let duration_ms = (services.clock.now_ms() - started_ms).max(1);
    let rows = i64::try_from(totals.counters.rows).unwrap_or(i64::MAX);
    let amounts = totals.amounts.iter().map(|sum| AmountLine {
        name: sum.name.clone(),
        state: sum.state,
        total: sum.amount.clone(),
        records: sum.records,
    });
    RunReport {
        state,
        problem,
        failed_parts: parts::lines(&totals.partitions),
        counters: totals.counters,
        reconciliation: reconcile(&sides),
        amounts: amounts.collect(),
        rules: judgement.results,
        stopping: judgement.figures.stopping,
        stopped_by: judgement.figures.stopped_by,
        lookups: context.mapping.lookups.clone(),
        partitions: totals.partitions.len() as u64,
        batches: totals.batches,
        calls: totals.calls,
        target_ms: totals.target_ms,
        duration_ms,
        rows_per_s: u64::try_from(rows.saturating_mul(1_000) / duration_ms).unwrap_or(0),
        process_peak_mib: process_peak_mib(),
        plan_digest: data_encoding::HEXLOWER.encode(&context.plan().digest()),
        source_connector: connector_name(&context.source),
        target_connector: connector_name(&context.target),
    }
}

/// What keeps a run from being green although its counters would let it.
fn beyond_counters(
    totals: &Totals,
    judgement: &Judgement,
    state: RunState,
    problem: Option<Problem>,
) -> (RunState, Option<Problem>) {
    if state == RunState::Failed {
        return (state, problem);
    }
    let unsummed = totals.amounts.iter().find(|sum| sum.amount.is_none());
    if let Some(sum) = unsummed {
        let detail = format!(
            "the sum of {} over the {} records has more digits than can be kept, so it cannot be \
             reconciled",
            sum.name,
            sum.state.as_str()
        );
        let problem = Problem::new(ErrorCode::ReconciliationFailed, detail)
            .hint("look for amounts that are absurdly large, or remove the field from amounts");
        return (RunState::Failed, Some(problem));
    }
    match rules::not_green(&judgement.results) {
        Some(broken) => (RunState::CompletedWithErrors, Some(broken)),
        None => (state, problem),
    }
}

fn connector_name(side: &crate::context::Side) -> String {
    let manifest = side.connector.manifest();
    format!(
        "{}@{} ({})",
        manifest.name,
        manifest.version,
        side.connector.digest()
    )
}

async fn write_manifest(
    services: &Services,
    context: &RunContext,
    lease: &Lease,
    report: &RunReport,
) -> Result<(), Problem> {
    let manifest = json!({
        "tenant": context.tenant,
        "integration": context.integration.name,
        "integration_version": context.run.integration_version,
        "mapping": context.integration.mapping,
        "mapping_revision": context.run.mapping_revision,
        "run": context.run.id,
        "attempt": context.run.attempt,
        "report": report,
    });
    let name = format!("_manifest.e{}.json.zst", lease.epoch);
    let bytes = manifest.to_string().into_bytes().into();
    objects::put_named(services, context, Layer::Results, &name, bytes).await?;
    Ok(())
}

/// After a good run all cursors move; after one whose only fault is that parts could not be read, those
/// of the other parts do.
fn cursor_moves(
    context: &RunContext,
    totals: &Totals,
    (state, stopped): (RunState, bool),
) -> Result<Vec<CursorMove>, Problem> {
    if context.run.mode != LoadMode::Incremental {
        return Ok(Vec::new());
    }
    let whole = advances(state);
    let parts_failed = totals.partitions.iter().any(|part| part.problem.is_some());
    if !whole && (stopped || !parts_failed || !rest_advances(context, totals)) {
        return Ok(Vec::new());
    }
    let stream = &context.integration.source.stream;
    parts::moves(stream, &totals.partitions, whole)
}

/// Whether all but the parts that failed is accounted for and within what the integration tolerates.
fn rest_advances(context: &RunContext, totals: &Totals) -> bool {
    let rest = &totals.rest;
    let (state, _) = verdict(&rest.sides, context.integration.tolerance, None);
    let summed = totals.amounts.iter().all(|sum| sum.amount.is_some());
    !rest.failed && summed && advances(state)
}
