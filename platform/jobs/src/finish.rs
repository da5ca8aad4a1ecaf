//! Work of kind `finish`: reconciles a run whose work is all done, writes the manifest, moves the
//! cursors and closes it, in that order.

use serde_json::json;
use tributary_engine::reconcile::{Sides, reconcile, verdict};
use tributary_lake::Layer;
use tributary_model::document::LoadMode;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::state::RunState;
use tributary_store::{CursorMove, Fenced, Lease, RunTotals};

use crate::context::RunContext;
use crate::objects;
use crate::report::{AmountLine, RunReport, process_peak_mib};
use crate::services::{Services, store_problem};

/// Closes the lease's run.
pub(crate) async fn run(
    services: &Services,
    context: &RunContext,
    lease: &Lease,
) -> Result<Fenced<()>, Problem> {
    let store = &context.store;
    let totals = store
        .run_totals(&context.run.id)
        .await
        .map_err(|error| store_problem(&error))?;
    let report = report(services, context, &totals);
    write_manifest(services, context, lease, &report).await?;
    let moves = if advances(report.state) && context.run.mode == LoadMode::Incremental {
        cursor_moves(context, &totals)
    } else {
        Vec::new()
    };
    let text = serde_json::to_string(&report)
        .map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
    store
        .finish_run(lease, report.state, &text, moves)
        .await
        .map_err(|error| store_problem(&error))
}

/// Whether the stream's cursor may move: all that was read is accounted for. Quarantined
/// records count, since they wait in the ledger.
fn advances(state: RunState) -> bool {
    matches!(
        state,
        RunState::Succeeded | RunState::CompletedWithErrors
    )
}

fn report(services: &Services, context: &RunContext, totals: &RunTotals) -> RunReport {
    let sides = Sides {
        counters: totals.counters,
        rows_in_pages: totals.rows_in_pages,
        rows_in_batches: totals.rows_in_batches,
    };
    let tolerance = context.integration.tolerance;
    let (state, problem) = verdict(&sides, tolerance, totals.problem.clone());
    let started_ms = context.run.started_ms.unwrap_or(context.run.created_ms);
    let duration_ms = (services.clock.now_ms() - started_ms).max(1);
    let rows = i64::try_from(totals.counters.rows).unwrap_or(i64::MAX);
    let amounts = totals.amounts.iter().map(|sum| AmountLine {
        name: sum.name.clone(),
        state: sum.state,
        total: sum.total.clone(),
        records: sum.count,
    });
    RunReport {
        state,
        problem,
        counters: totals.counters,
        reconciliation: reconcile(&sides),
        amounts: amounts.collect(),
        partitions: totals.partitions,
        batches: totals.batches,
        calls: totals.calls,
        target_ms: totals.target_ms,
        duration_ms,
        rows_per_s: u64::try_from(rows.saturating_mul(1_000) / duration_ms).unwrap_or(0),
        process_peak_mib: process_peak_mib(),
        plan_digest: data_encoding::HEXLOWER.encode(&context.plan.digest()),
        source_connector: connector_name(&context.source),
        target_connector: connector_name(&context.target),
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

fn cursor_moves(context: &RunContext, totals: &RunTotals) -> Vec<CursorMove> {
    totals
        .partition_states
        .iter()
        .filter_map(|partition| {
            Some(CursorMove {
                stream: context.integration.source.stream.clone(),
                partition_key: partition.key.clone(),
                generation: 0,
                cursor: partition.state.clone()?,
            })
        })
        .collect()
}
