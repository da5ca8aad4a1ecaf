//! The names that a source's rows have, as a run saw them, and how they differ from what was expected:
//! what was renamed, added or lost since.

use serde::{Deserialize, Serialize};

use crate::id::Slug;

/// What a run saw of its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceShape {
    pub connection: Slug,
    pub stream: String,
    /// columns of the header, or members at the top of the rows, in the order in which they came
    pub names: Vec<String>,
    /// those that every row has; of a header all
    pub always: Vec<String>,
    /// the names have places: a header
    pub header: bool,
}

/// What is different.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftKind {
    /// what the mapping reads is not there
    Missing,
    /// it is not there, and nothing reads it
    Lost,
    /// there, but not expected
    Added,
    /// at another place of the header; nothing depends on it
    Moved,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftFinding {
    pub kind: DriftKind,
    /// the column or member
    pub name: String,
    /// the name under which it probably is there now
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed_to: Option<String>,
    /// the file or request where it was seen first
    pub source: String,
    /// for a person
    pub message: String,
}

/// What a run does when something that its mapping reads is not there any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftPolicy {
    /// fails before anything of the file or page is delivered
    #[default]
    Fail,
    /// notes it and goes on, as far as the mapping can do without
    Warn,
}

impl DriftPolicy {
    /// Whether it is the default.
    #[must_use]
    pub fn usual(&self) -> bool {
        *self == Self::default()
    }
}
