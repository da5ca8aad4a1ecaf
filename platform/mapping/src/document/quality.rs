//! Quality rules as their author writes them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What every record, or the run as a whole, must meet. Exactly one of `check`, `unique`, `schema`
/// and `reference` is set, which the published schema says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QualityRule {
    pub id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// id of the node the rule is about; the rule is checked once per element of its scope
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    #[serde(default, skip_serializing_if = "RuleScope::is_record")]
    pub scope: RuleScope,
    /// formula that must be true
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    /// target pointers whose values, taken together, no two elements of the record share
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unique: Vec<String>,
    /// JSON Schema of the target document
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    /// lookup that must have the value as a key
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    pub severity: RuleSeverity,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<RuleAction>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleScope {
    #[default]
    Record,
    /// the figures of the run, when it has ended
    Run,
}

impl RuleScope {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde calls it with a reference"
    )]
    fn is_record(&self) -> bool {
        *self == Self::Record
    }
}

/// How bad a broken rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleSeverity {
    Warn,
    Error,
    /// as an error, and the run is to be stopped
    Fail,
}

/// What a broken rule does with the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleAction {
    /// quarantine (with severity `error`)
    Reject,
    /// a warning (with severity `warn`)
    Flag,
}
