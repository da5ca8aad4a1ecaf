//! One record's problem: where it is, which value, which rule, what to do and who must act.

use serde::{Deserialize, Serialize};

use crate::error_code::{ErrorCode, Owner};
use crate::rows::{RowPosition, ValuePlace};

/// The step in which a problem was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Extract,
    Map,
    Deliver,
}

impl Stage {
    /// The word used in the database, API and UI.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Extract => "extract",
            Self::Map => "map",
            Self::Deliver => "deliver",
        }
    }

    /// The stage named by `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Extract, Self::Map, Self::Deliver]
            .into_iter()
            .find(|stage| stage.as_str() == word)
    }
}

/// How bad it is for the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// the record went on
    Warning,
    /// the record did not
    Error,
}

/// One problem of one record. Empty options mean "does not apply".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    pub stage: Stage,
    pub code: ErrorCode,
    pub severity: Severity,
    pub owner: Owner,
    /// id of the mapping node or quality rule
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// RFC 9535 path in the source record
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_path: Option<String>,
    /// RFC 6901 pointer in the target document
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_path: Option<String>,
    /// the value as found (masked if the field is sensitive), at most 200 characters
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// what happened, with the particulars
    pub message: String,
    /// what to do
    pub hint: String,
    /// line and byte in the source
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<RowPosition>,
    /// where in that row the value stands, if the issue is about one
    #[serde(default, rename = "at", skip_serializing_if = "Option::is_none")]
    pub place: Option<ValuePlace>,
}

impl Issue {
    /// An error with owner and hint from the catalogue.
    #[must_use]
    pub fn error(stage: Stage, code: ErrorCode, message: impl Into<String>) -> Self {
        let info = code.info();
        Self {
            stage,
            code,
            severity: Severity::Error,
            owner: info.owner,
            rule: None,
            source_path: None,
            target_path: None,
            value: None,
            message: message.into(),
            hint: info.hint.to_owned(),
            position: None,
            place: None,
        }
    }

    /// Sets the value, cut to 200 characters.
    #[must_use]
    pub fn with_value(mut self, value: &str) -> Self {
        self.value = Some(shorten(value, 200));
        self
    }

    /// Sets the position in the source.
    #[must_use]
    pub fn at(mut self, position: RowPosition) -> Self {
        self.position = Some(position);
        self
    }
}

/// `text` cut to at most `limit` characters, with an ellipsis where something was cut.
#[must_use]
pub fn shorten(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some((cut, _)) => {
            let mut short = text.get(..cut).unwrap_or_default().to_owned();
            short.push('…');
            short
        }
    }
}
