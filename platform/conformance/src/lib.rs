//! A connector before it meets a server: cassettes, a test host with faults, and the conformance battery.
//!
//! - [`Case`]: a connection, what to do with it, and a [`Cassette`] of what the other side answers.
//! - [`battery`]: every check over every case; [`Report`] says what held, what did not and how to mend it.
//! - [`dev`]: check, and a read or a batch once, against a cassette or the real other side.
//!
//! Invariants: the connector runs in the host of the product, unchanged; only the other side is played.
//! A connector is judged by what it does, never by what it says. The clock of a case is the one of its
//! recording, so that a battery gives the same answer tomorrow. A cassette holds no secret: it is
//! recorded in front of the point where credentials are set.
//!
//! How to add a check: a function in [`mod@checks`], a row in [`CHECKS`], a section in
//! `platform/docs/connectors/conformance.md`, a fault of the fixture `tests/astray` that it finds.
//!
//! Deliberately absent: building components (`packaging`), whom to trust (`jobs`).

mod attempt;
mod batch;
mod case;
mod checks;
mod dev;
mod reading;
mod report;
mod rows;
mod side;
mod stand;

pub use attempt::{Attempt, RowTried, Sending};
pub use batch::CaseBatch;
pub use case::{Case, Cassette, Exchange, FunctionCall, RecordedFile, RecordedQuery};
pub use checks::{CHECKS, CheckInfo, battery};
pub use dev::{Dev, Tried, dev};
pub use report::{CheckResult, Report, Verdict};
pub use side::{Event, Listener, Player, Recorder};
