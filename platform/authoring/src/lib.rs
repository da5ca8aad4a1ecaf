//! What one does with a mapping document outside a run: bring it into its form, start it from a
//! schema, a CSV, an API description or an analyst's sheet, suggest which source belongs to which
//! target, run it over files, test it, explain what it made and compare two versions of it. Used by
//! the command line and the API.
//!
//! Invariants: pure (texts and values in, documents and findings out); deterministic; nothing is
//! guessed silently: what a draft assumes stands in a field's `note` or in a [`Finding`], and what was
//! not understood is listed with its place. A draft passes the schema of documents, always.
//!
//! Deliberately absent: files and HTTP (`cli`, `api`), the meaning of documents (`mapping`), learning
//! across tenants (a [`suggest::Memory`] belongs to one).
//!
//! How to teach `suggest` a word: a synonym in `data/dictionary.json`; how to measure it: a pair of
//! schemas with the right answers in `tests/golden/`.

pub mod compare;
mod coverage;
mod draft;
mod explain_text;
mod flat;
mod function_text;
pub mod import;
mod leaves;
mod property;
pub mod records;
mod run_rules;
mod start;
pub mod suggest;
pub mod summary;
mod testing;

pub use coverage::{Coverage, Part, PartKind, coverage};
pub use draft::{Draft, Finding, UNMAPPED, unmapped};
pub use explain_text::{explain_text, explained, issue_text};
pub use flat::FlatWriter;
pub use function_text::{function_text, functions_about, functions_text};
pub use leaves::{leaves, place_of, without_numbers};
pub use property::{RandomFinding, RandomRecords, random_records};
pub use run_rules::{RunCheck, RunReport, StoppingRecord};
pub use start::{SourceShape, new_document};
pub use suggest::suggest;
pub use testing::{
    Difference, TargetCheck, TestOutcome, outcomes_text, rules_on_tests, test_document,
    update_expectations, verdict_word,
};
pub use tributary_mapping::schema::json_schema;

use tributary_mapping::document::template::{self, Written};
use tributary_mapping::{Diagnostic, document};

/// The canonical text of a document given as text.
///
/// # Errors
/// The findings of [`template::read`], if the text is no document.
pub fn format(bytes: &[u8]) -> Result<String, Vec<Diagnostic>> {
    match template::read(bytes)? {
        Written::Document(document) => Ok(document::canonical(&document)),
        Written::Derived(derived) => Ok(document::canonical_derived(&derived)),
    }
}
