//! Document to plan.
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tributary_model::document::LookupDocument;

use crate::diagnostic::{Diagnostic, code};
use crate::{Document, Plan};

/// What a document is checked and compiled with.
#[derive(Debug, Clone, Copy)]
pub struct Environment<'a> {
    /// the tenant's lookup documents, by name
    pub lookups: &'a BTreeMap<String, LookupDocument>,
    /// the integration's values for the parameters
    pub params: &'a BTreeMap<String, Value>,
    /// columns of the source, if they are known
    pub source_columns: Option<&'a [String]>,
}

/// All findings about a document.
#[must_use]
pub fn check(document: &Document, environment: &Environment<'_>) -> Vec<Diagnostic> {
    match compile(document, environment) {
        Ok(_) => Vec::new(),
        Err(diagnostics) => diagnostics,
    }
}

/// Compiles a document.
///
/// # Errors
/// The findings, if one of them is an error.
pub fn compile(
    _document: &Document,
    _environment: &Environment<'_>,
) -> Result<Arc<Plan>, Vec<Diagnostic>> {
    Err(vec![Diagnostic::error(
        code::ROW_STEPS,
        "",
        "the compiler is not there yet",
        "wait for the next commit",
    )])
}
