//! Mapping documents: parse, check, compile to a plan, evaluate.
//!
//! A [`Document`] is what a person wrote. [`compile`] turns it, with the tenant's lookups and the
//! integration's parameters, into an immutable [`Plan`]; a [`Worker`] of the plan maps records of one
//! stream from bytes to bytes and keeps its memory from record to record.
//!
//! Invariants: pure (no I/O, no clock, no async): the same document, parameters, tables and rows give
//! the same bytes; bad input never panics and is never dropped: a record that cannot be mapped
//! comes back with all its issues; numbers are exact decimals.
//!
//! Deliberately absent: reading files and pages (`formats`), collecting the rows of a group and
//! storing what comes out (`engine`).
//!
//! How to add a function: one file in `functions/` with its signature and examples, one line in
//! the table of `functions/mod.rs`; a test runs the examples and another compares the table with
//! `platform/docs/mapping/functions.md`.

mod compile;
mod counter_example;
mod date;
pub mod decimal;
pub mod diagnostic;
pub mod document;
mod formula;
pub mod functions;
pub mod path;
mod plan;
mod reader;
mod sample;
pub mod schema;
mod value;
mod worker;

pub use compile::failures::{FailurePoint, failure_points};
pub use compile::{Environment, check, compile};
pub use counter_example::{
    CounterExample, CounterExamples, FailedValue, MAX_EXAMPLES, broken_run_rules, check_samples,
};
pub use date::Date;
pub use decimal::Decimal;
pub use diagnostic::Diagnostic;
pub use document::{Document, parse};
pub use plan::{Grouping, MASK, MaskedTargets, Plan, RunFigures, RunRuleResult, Sensitive};
pub use sample::{MappedTest, TestReport, explain_test, map_test, run_tests};
pub use value::Kind;
pub use worker::{
    DroppedRow, ExplainedCall, ExplainedCombine, ExplainedField, ExplainedInput, ExplainedPart,
    ExplainedRow, ExplainedStep, Explanation, Outcome, Row, Verdict, Worker,
};
