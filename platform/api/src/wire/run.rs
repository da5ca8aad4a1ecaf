//! Runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tributary_model::clock::UnixMillis;
use tributary_model::counters::Counters;
use tributary_model::id::RunId;
use tributary_model::problem::Problem;
use tributary_model::source_shape::{DriftFinding, DriftKind};
use tributary_model::state::RunState;
use tributary_model::usage::ConnectorUsage;
use tributary_store::{Amount, FailedPart, IssueCount, Run, RunWork, TenantStore};
use utoipa::ToSchema;

use super::time;
use crate::problem::ApiError;

/// `{run}` of a path.
#[derive(Deserialize)]
pub(crate) struct RunPath {
    pub(crate) run: RunId,
}

/// A page of runs, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunPage {
    pub(crate) items: Vec<RunSummary>,
    /// pass it as `after` for the next page; absent on the last one
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// A run in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunSummary {
    id: String,
    integration: String,
    integration_version: u32,
    mapping_revision: u32,
    /// `full` or `incremental`
    mode: &'static str,
    /// who or what started it
    trigger: String,
    /// `queued`, `planning`, `running`, `paused`, `succeeded`, `completed_with_errors`, `failed`,
    /// `cancelling` or `cancelled`
    state: &'static str,
    /// nothing more happens by itself
    terminal: bool,
    /// 1, and one more with each redrive
    attempt: u32,
    #[serde(serialize_with = "time::serialize")]
    #[schema(value_type = String, format = DateTime)]
    created_at: UnixMillis,
    #[serde(serialize_with = "time::serialize_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<UnixMillis>,
    #[serde(serialize_with = "time::serialize_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<UnixMillis>,
    /// why it failed or waits
    problem: Option<RunProblem>,
    /// of a paused run: when its target is tried again
    #[serde(serialize_with = "time::serialize_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    resume_at: Option<UnixMillis>,
    counters: CountersView,
}

/// Why a run failed or waits.
#[derive(Debug, Serialize, ToSchema)]
struct RunProblem {
    code: &'static str,
    detail: String,
    hint: String,
}

/// A run with everything that can be said about it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunView {
    #[serde(flatten)]
    summary: RunSummary,
    tenant: String,
    /// digests of the connectors that run, by name
    connectors: BTreeMap<String, String>,
    /// versions of the lookup tables that the mapping uses, by name
    lookups: BTreeMap<String, u32>,
    /// records read and in no state: 0 in a sound run
    unexplained: i64,
    /// sums of the declared amount fields, by name and record state
    amounts: Vec<AmountView>,
    /// issues by code, rule and owner
    issues: Vec<IssueCountView>,
    throughput: Throughput,
    /// the report that closed the run: reconciliation, figures, versions; of a run that was cancelled
    /// or failed before its end, what is known (`partial`); absent while it is under way
    #[schema(value_type = Option<Object>)]
    report: Option<serde_json::Value>,
    /// what the connectors used so far, by side (`source`, `target`), over all attempts
    usage: BTreeMap<String, UsageView>,
    /// parts of the source (files, ranges of keys) that could not be read: the run went on without them,
    /// and a redrive takes them up again; 100 at most
    failed_parts: Vec<FailedPartView>,
    /// how the source differs from its schema, or from what the last good run saw; 100 at most
    drift: Vec<DriftView>,
}

/// A part of the source that could not be read.
#[derive(Debug, Serialize, ToSchema)]
struct FailedPartView {
    /// number of the partition
    no: u32,
    /// a file's path, or what else the connector calls it
    part: String,
    problem: RunProblem,
}

/// What one side's connector used.
#[derive(Debug, Serialize, ToSchema)]
struct UsageView {
    /// name and version
    connector: String,
    /// instances of the component
    instances: u64,
    /// inside of calls, host calls with their decoding included
    cpu_ms: u64,
    /// most linear memory of one instance
    peak_memory_bytes: u64,
    /// bodies and files that came, decompressed, without headers
    bytes_in: u64,
    /// bodies and files that were sent, without headers
    bytes_out: u64,
    /// calls into the host, by capability
    host_calls: BTreeMap<String, u64>,
}

/// One difference.
#[derive(Debug, Serialize, ToSchema)]
struct DriftView {
    /// `missing`: the mapping reads it; `lost`: nothing reads it; `added`; `moved`
    #[schema(value_type = String)]
    kind: DriftKind,
    name: String,
    /// what it is probably called now
    renamed_to: Option<String>,
    /// file or request where it was seen first
    source: String,
    message: String,
}

/// Records by state. `read` is the sum of all others but `rows`.
#[derive(Debug, Serialize, ToSchema)]
struct CountersView {
    /// source rows, before grouping
    rows: u64,
    read: u64,
    delivered: u64,
    unchanged: u64,
    skipped: u64,
    quarantined: u64,
    rejected: u64,
    uncertain: u64,
    pending: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct AmountView {
    name: String,
    /// of the records
    state: &'static str,
    /// exact decimal; `null`: the sum has more than 28 digits
    amount: Option<String>,
    records: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct IssueCountView {
    code: &'static str,
    rule: Option<String>,
    owner: String,
    /// issues, not records
    count: u64,
}

/// Since the start of this attempt, until the end or now.
#[derive(Debug, Serialize, ToSchema)]
struct Throughput {
    duration_ms: u64,
    rows_per_s: u64,
    records_per_s: u64,
}

/// `run` for a list.
pub(crate) fn summary(run: Run, counters: Counters) -> RunSummary {
    RunSummary {
        id: run.id.to_string(),
        integration: run.integration.into(),
        integration_version: run.integration_version,
        mapping_revision: run.mapping_revision,
        mode: run.mode.as_str(),
        trigger: run.trigger,
        state: run.state.as_str(),
        terminal: run.state.terminal(),
        attempt: run.attempt,
        created_at: run.created_ms,
        started_at: run.started_ms,
        finished_at: run.finished_ms,
        problem: reason(run.problem, run.report.as_deref()).map(problem_view),
        resume_at: run.resume_ms.filter(|_| run.state == RunState::Paused),
        counters: counters.into(),
    }
}

fn problem_view(problem: Problem) -> RunProblem {
    RunProblem {
        code: problem.code.as_str(),
        detail: problem.detail,
        hint: problem.hint,
    }
}

fn failed_part_view(failed: FailedPart) -> FailedPartView {
    FailedPartView {
        no: failed.no,
        part: failed.label,
        problem: problem_view(failed.problem),
    }
}

/// Why the run is not green: what stopped it, or the verdict of its report.
fn reason(problem: Option<Problem>, report: Option<&str>) -> Option<Problem> {
    #[derive(Deserialize)]
    struct Verdict {
        problem: Option<Problem>,
    }
    problem.or_else(|| serde_json::from_str::<Verdict>(report?).ok()?.problem)
}

/// Everything about `run`, as of now.
pub(crate) async fn view(
    store: &TenantStore,
    mut run: Run,
    now: UnixMillis,
) -> Result<RunView, ApiError> {
    let counters = store.run_counters(&run.id).await?;
    let amounts = store.run_amounts(&run.id).await?;
    let issues = store.issue_counts(&run.id).await?;
    let failed_parts = store.failed_parts(&run.id).await?;
    let throughput = throughput(&run, &counters, now);
    let report = match report(&run) {
        None if run.state.terminal() => {
            let work = store.run_work(&run.id).await?;
            Some(partial(&run, &counters, &work, &throughput))
        }
        report => report,
    };
    Ok(RunView {
        connectors: run.connectors.clone(),
        lookups: run.lookups.clone().unwrap_or_default(),
        throughput,
        tenant: store.tenant().to_string(),
        report,
        usage: std::mem::take(&mut run.usage)
            .into_iter()
            .map(|(side, used)| (side, usage_view(used)))
            .collect(),
        failed_parts: failed_parts.into_iter().map(failed_part_view).collect(),
        drift: std::mem::take(&mut run.drift)
            .into_iter()
            .map(drift_view)
            .collect(),
        summary: summary(run, counters),
        unexplained: counters.unexplained(),
        amounts: amounts.into_iter().map(amount_view).collect(),
        issues: issues.into_iter().map(issue_count_view).collect(),
    })
}

/// The stored report; what `jobs` wrote is passed on as it is.
fn report(run: &Run) -> Option<serde_json::Value> {
    let text = run.report.as_deref()?;
    serde_json::from_str(text).ok()
}

/// What can be said of a run that nothing closed: it was cancelled, or failed before its end.
fn partial(
    run: &Run,
    counters: &Counters,
    work: &RunWork,
    throughput: &Throughput,
) -> serde_json::Value {
    let records = counters.unexplained();
    let rows = i128::from(work.rows_in_pages) - i128::from(counters.rows);
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    serde_json::json!({
        "partial": true,
        "state": run.state,
        "problem": run.problem,
        "counters": counters,
        "reconciliation": {
            "records_unexplained": records,
            "rows_unexplained": rows,
            "balanced": records == 0 && rows == 0,
        },
        "partitions": work.partitions,
        "batches": work.batches,
        "calls": work.calls,
        "target_ms": work.target_ms,
        "duration_ms": throughput.duration_ms,
        "rows_per_s": throughput.rows_per_s,
    })
}

fn throughput(run: &Run, counters: &Counters, now: UnixMillis) -> Throughput {
    let started = run.attempt_started_ms.or(run.started_ms);
    let begin = started.unwrap_or(run.created_ms);
    let end = run.finished_ms.unwrap_or(now);
    let duration_ms = u64::try_from(end - begin).unwrap_or(0);
    let per_s = |count: u64| count.saturating_mul(1000) / duration_ms.max(1);
    Throughput {
        duration_ms,
        rows_per_s: per_s(counters.rows),
        records_per_s: per_s(counters.read),
    }
}

impl From<Counters> for CountersView {
    fn from(counters: Counters) -> Self {
        Self {
            rows: counters.rows,
            read: counters.read,
            delivered: counters.delivered,
            unchanged: counters.unchanged,
            skipped: counters.skipped,
            quarantined: counters.quarantined,
            rejected: counters.rejected,
            uncertain: counters.uncertain,
            pending: counters.pending,
        }
    }
}

fn usage_view(used: ConnectorUsage) -> UsageView {
    UsageView {
        connector: used.connector,
        instances: used.usage.instances,
        cpu_ms: used.usage.cpu_us / 1_000,
        peak_memory_bytes: used.usage.peak_memory_bytes,
        bytes_in: used.usage.bytes_in,
        bytes_out: used.usage.bytes_out,
        host_calls: used.usage.host_calls,
    }
}

fn drift_view(finding: DriftFinding) -> DriftView {
    DriftView {
        kind: finding.kind,
        name: finding.name,
        renamed_to: finding.renamed_to,
        source: finding.source,
        message: finding.message,
    }
}

fn amount_view(amount: Amount) -> AmountView {
    AmountView {
        name: amount.name,
        state: amount.state.as_str(),
        amount: amount.amount,
        records: amount.records,
    }
}

fn issue_count_view(count: IssueCount) -> IssueCountView {
    IssueCountView {
        code: count.code.as_str(),
        rule: count.rule,
        owner: super::record::owner_word(count.owner),
        count: count.issues,
    }
}
