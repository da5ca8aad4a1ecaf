//! What an explanation is made of: its form is that of the API and of the command line.
//!
//! Invariants: what one version has written the next can read; only adds.

use serde::{Deserialize, Serialize};
use tributary_model::issue::Issue;
use tributary_model::rows::{RowPosition, ValuePlace};

use super::Verdict;
use crate::document::Combine;

/// A record with all that led to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    pub verdict: Verdict,
    pub key: String,
    /// the target document, if there is one
    pub output: Option<String>,
    /// in the order in which they were made
    pub fields: Vec<ExplainedField>,
    /// rows that a filter took out
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<DroppedRow>,
    pub issues: Vec<Issue>,
}

/// A field of the target, or a helper value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExplainedField {
    /// the node's id in the document
    pub node: String,
    /// JSON Pointer in the target document
    pub target: String,
    /// what the document says: `from $.qty`, `formula a * b`, …
    pub origin: String,
    pub inputs: Vec<ExplainedInput>,
    /// of a formula: how it came to its value, the innermost parts first
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<ExplainedPart>,
    /// of the first row, if the field combines the rows of a group
    pub steps: Vec<ExplainedStep>,
    /// what every row of a group brings to the value
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub combined: Option<ExplainedCombine>,
    /// functions of code that were called on the way, in formulas too
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ExplainedCall>,
    /// which case of a switch it was, from 1
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<usize>,
    /// what was written, as JSON; none: nothing was
    pub written: Option<String>,
    /// why nothing was written, or which way was taken
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// the value could not be made, or something that it needs could not
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
}

/// A part of a formula, with values in place of names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainedPart {
    /// `3 * 19.99 * 95 / 100`
    pub text: String,
    /// what it comes to, or why it comes to nothing
    pub value: String,
    pub failed: bool,
}

/// The rows behind a combined value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainedCombine {
    pub rule: Combine,
    /// the first of them, in the order in which they are combined
    pub rows: Vec<ExplainedRow>,
    /// rows behind those
    pub more: usize,
}

/// What one row brings to a combined value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainedRow {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<RowPosition>,
    /// where in that row it stands
    #[serde(default, rename = "at", skip_serializing_if = "Option::is_none")]
    pub place: Option<ValuePlace>,
    /// as it stands in the source
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// at the end of the chain, or why there is none
    pub value: String,
    pub failed: bool,
}

/// A row that a filter took out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DroppedRow {
    /// the filter's id in the document
    pub filter: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<RowPosition>,
    /// what the filter read
    pub inputs: Vec<ExplainedInput>,
}

/// A source value, or a value made before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExplainedInput {
    /// normalized path in the row, or the name of a field
    pub name: String,
    /// where the row stood, for a source value
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<RowPosition>,
    /// where in that row it stands
    #[serde(default, rename = "at", skip_serializing_if = "Option::is_none")]
    pub place: Option<ValuePlace>,
    /// as it stands there; none: nothing is there
    pub value: Option<String>,
    /// false: another of several paths was taken
    pub used: bool,
}

/// One function and what it made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExplainedStep {
    pub function: String,
    /// its arguments, as JSON
    pub arguments: String,
    /// the value after it, or why there is none
    pub value: String,
    pub failed: bool,
}

/// A call of a function of code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExplainedCall {
    /// as the document calls it
    pub name: String,
    /// name and version
    pub component: String,
    /// of the component's bytes
    pub digest: String,
    /// the function's name in the component
    pub function: String,
    /// JSON array: the value and its further values
    pub input: String,
    /// JSON, or why there is none
    pub answer: String,
    pub failed: bool,
}
