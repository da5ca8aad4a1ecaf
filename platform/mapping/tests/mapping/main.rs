//! The tests of this crate from outside, in one program, because every program links everything anew.
//! `tests/cases/*.json` need no Rust to write (see [`cases`]). Deliberately absent: the test of
//! allocations, whose counting allocator would count those of all other tests.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "test code"
)]

mod bad_input;
mod canonical;
mod cases;
mod cents;
mod check;
mod components;
mod dates_and_numbers;
mod decimals;
mod document_page;
mod documentation;
mod documents;
mod explaining;
mod function_cases;
mod functions;
mod json_path_suite;
mod json_schema_suite;
mod json_suite;
mod places;
mod reference;
mod sensitive;
mod suites;
mod templates;
mod texts;
