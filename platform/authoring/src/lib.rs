//! What one does with a mapping document outside a run: bring it into its form, start it from a
//! schema, a CSV, an API description or an analyst's sheet, and suggest which source belongs to which
//! target. Used by the command line and the API.
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

mod draft;
pub mod import;
mod start;
pub mod suggest;

pub use draft::{Draft, Finding, UNMAPPED, unmapped};
pub use start::{SourceShape, new_document};
pub use suggest::suggest;

use tributary_mapping::{Diagnostic, document};

/// The canonical text of a document given as text.
///
/// # Errors
/// The findings of [`document::parse`], if the text is no document.
pub fn format(bytes: &[u8]) -> Result<String, Vec<Diagnostic>> {
    document::parse(bytes).map(|document| document::canonical(&document))
}
