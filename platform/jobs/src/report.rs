//! The run report: what a run did, in figures. Stored with the run and shown by API and CLI.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tributary_engine::reconcile::Reconciliation;
use tributary_engine::rules::StoppingRecord;
use tributary_mapping::RunRuleResult;
use tributary_model::counters::Counters;
use tributary_model::problem::Problem;
use tributary_model::state::{RecordState, RunState};

use crate::parts::FailedPartLine;

/// See the module.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunReport {
    pub state: RunState,
    /// why the run is not green, if there is one reason for all of it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// parts of the source that could not be read; 100 at most are named
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_parts: Vec<FailedPartLine>,
    pub counters: Counters,
    pub reconciliation: Reconciliation,
    /// sums of the amounts that the mapping declares, per state
    pub amounts: Vec<AmountLine>,
    /// rules over the run, met or not, with what was expected and measured
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RunRuleResult>,
    /// records that break a rule with the severity `fail`, and the first of them
    #[serde(default, skip_serializing_if = "is_zero")]
    pub stopping: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stopped_by: Vec<StoppingRecord>,
    /// versions of the lookup tables, by name
    #[serde(default)]
    pub lookups: BTreeMap<String, u32>,
    pub partitions: u64,
    pub batches: u64,
    /// calls to the target
    pub calls: u64,
    /// time spent waiting for the target, summed over calls, ms
    pub target_ms: u64,
    /// from the start of this attempt to this report, ms
    pub duration_ms: i64,
    pub rows_per_s: u64,
    /// highest memory use of the process so far, MiB; 0 where the system does not tell
    pub process_peak_mib: u64,
    /// digest of mapping, parameters and lookup tables
    pub plan_digest: String,
    pub source_connector: String,
    pub target_connector: String,
}

/// One amount in one state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AmountLine {
    /// JSON Pointer of the amount in the target document
    pub name: String,
    pub state: RecordState,
    /// exact decimal; absent: the sum has more than 28 digits
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<String>,
    pub records: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The process's peak resident set, MiB, as Linux tells it.
pub(crate) fn process_peak_mib() -> u64 {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return 0;
    };
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|kib| kib.parse::<u64>().ok())
        .map_or(0, |kib| kib / 1024)
}
