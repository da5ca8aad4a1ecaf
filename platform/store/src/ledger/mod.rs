//! Runs, their work, and what became of every record.
//!
//! One file per step of a run: `run` (create, read, events), `plan`, `extract`, `batch`,
//! `control` (fail, cancel, redrive), `gate` (delivery that waits for rules), `pause` (circuit
//! breaker), `finish`, `log`, and for reading `record` (index, life line) and
//! `report` (counters, amounts, issues). State changes go through `lifecycle` only.

mod batch;
mod commit;
mod control;
mod encode;
mod extract;
mod finish;
mod gate;
pub(crate) mod lifecycle;
mod log;
mod outcome;
mod pause;
mod plan;
mod record;
mod report;
mod run;
mod types;

pub use batch::{Batch, BatchState, StoredOutcome};
pub use control::Redrive;
pub use extract::{NewBatch, NewPage, Page};
pub use finish::{CursorMove, StreamCursor};
pub use gate::BatchCheck;
pub use outcome::{BatchAmount, BatchObjects, BatchResult, RecordIssue, RecordOutcome};
pub use pause::{Resume, TargetFailure};
pub use plan::{NewPartition, NewPlan, Partition};
pub use record::{LifeEntry, Seen, record_key_hash};
pub use report::{Amount, IssueCount, IssueFilter, IssueRow};
pub use run::{Enqueued, NewRun, Run, RunEvent, RunFilter};
pub use types::{Fenced, Lease, LeaseKey};
