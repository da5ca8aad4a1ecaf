//! Workers: they lease work items from the ledger, let the engine do them and commit the result.
//!
//! Invariants: every commit carries the lease's epoch, so a worker that lost its lease cannot
//! harm the one that has it; no transaction is open across connector or network work; a payload
//! is in the lake before a row names it.
//!
//! Deliberately absent: SQL (`store`), what mapping and delivery mean (`engine`), HTTP routes
//! (`api`). Admission by fair share and schedules come with their own issue.
//!
//! How to add a kind of work: a variant of `model::state::WorkKind`, a file here with one
//! function `run`, a line in [`worker`].

mod adjacent;
mod batch;
mod before;
mod cancel;
mod components;
mod conclude;
mod context;
mod drift;
mod explain;
mod extract;
mod finish;
mod gate;
mod gather;
mod held;
mod intake;
mod intent;
mod log;
mod look;
mod objects;
mod parts;
mod pin;
mod pinned;
mod plan;
mod progress;
mod report;
mod retention;
mod retry;
mod send;
mod services;
mod spill;
mod target;
mod tokens;
mod trust;
mod usage;
mod worker;

pub use components::Components;
pub use explain::{RecordExplanation, explain_record};
pub use look::{Discovered, Wanted, check_connection, discover_streams, stored_connection};
pub use parts::FailedPartLine;
pub use report::RunReport;
pub use retention::{LetGo, let_go};
pub use services::Services;
pub use trust::{admit, digests, isolation, signer, still, verify_origin};
pub use worker::{Worker, WorkerOptions};
