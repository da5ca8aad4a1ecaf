//! Runs, their work, and what became of every record.
//!
//! One file per step of a run: `run` (create, read, events), `plan`, `extract`, `part` (parts of the
//! source that cannot be read), `batch`, `control` (fail, cancel, redrive), `doubt` (calls whose outcome
//! nobody recorded), `gate` (delivery that waits for rules), `pause` (circuit breaker), `slow` (a target that
//! asks for time), `finish`, `log`, `settle` (a person's word on a record in doubt), and for reading `record`
//! (index, life line) and `report` (counters, amounts, issues). State changes go through `lifecycle` only.

mod batch;
mod commit;
mod control;
mod doubt;
mod encode;
mod extract;
mod finish;
mod gate;
pub(crate) mod lifecycle;
mod log;
mod observed;
mod outcome;
mod part;
mod pause;
mod plan;
mod record;
mod report;
mod run;
mod settle;
mod slow;
mod types;

pub use batch::{Batch, BatchState, StoredOutcome};
pub use control::Redrive;
pub use extract::{NewBatch, NewPage, Page};
pub use finish::{CursorMove, StreamCursor};
pub use gate::BatchCheck;
pub use observed::MOST_FINDINGS;
pub use outcome::{
    Again, Announced, BatchAmount, BatchObjects, BatchResult, RecordIssue, RecordOutcome, SentAt,
};
pub use part::{FailedPart, MOST_FAILED_PARTS};
pub use pause::{Resume, TargetFailure};
pub use plan::{NewPartition, NewPlan, Partition};
pub use record::{LifeEntry, Seen, record_key_hash};
pub use report::{Amount, IssueCount, IssueFilter, IssueRow, RunWork};
pub use run::{Enqueued, NewRun, Run, RunEvent, RunFilter};
pub use settle::{NewSettlement, Settled, Settlement};
pub use types::{Fenced, Lease, LeaseKey};
