//! The house's own rules, as ordinary tests: which crate may import which (`architecture`), how
//! files look (`tidy`), what we may depend on (`dependencies`), and that released contracts stay (`contract`).
//!
//! Every rule is a function from text to a list of faults, so that each module also holds a test
//! that feeds it a broken input: a rule that finds nothing must be able to find something.
//! Deliberately absent: allow-lists of files. A rule that needs an exception is the wrong rule.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first thing that is not as it should be"
)]

mod architecture;
mod contract;
mod dependencies;
mod licences;
mod repository;
mod tidy;
