//! A mapping's own tests: sample rows and what must come of them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Exact;

/// Rows of one record (or one group) and the expected outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestCase {
    pub name: String,
    /// parameter values for this test
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub params: Map<String, Value>,
    /// CSV: the column names
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// CSV: the field separator, default `;`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// CSV: the row as text; JSON: the value itself, or its text
    pub rows: Vec<Exact>,
    /// the target document; numbers are compared by their exact value
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Exact>,
    /// the target document as its exact text
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect_text: Option<String>,
    /// no row is left after the filters
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expect_skipped: bool,
    /// all issues, in order; members not written are not compared
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expect_issues: Vec<ExpectedIssue>,
}

/// The parts of an issue that a test may name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExpectedIssue {
    pub code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}
