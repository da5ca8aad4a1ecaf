//! The result lines of a batch: what a customer downloads, one JSON object per record.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use tributary_model::detail::Detail;
use tributary_model::issue::Issue;
use tributary_model::rows::RowPosition;
use tributary_model::state::RecordState;

/// One record's result.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ResultLine<'a> {
    /// the record's own key; empty if it could not be read
    pub key: Cow<'a, str>,
    pub state: RecordState,
    /// file or request that it came from
    pub source: Cow<'a, str>,
    /// where its first row stands there
    pub position: RowPosition,
    /// the target's own id
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<Cow<'a, str>>,
    /// what the target answered for it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Cow<'a, Detail>>,
    /// errors and warnings
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issues: Vec<Issue>,
}

/// Appends `line` as NDJSON.
///
/// # Errors
/// Never for values made by this crate; serde's error is passed on all the same.
pub fn append(out: &mut Vec<u8>, line: &ResultLine<'_>) -> Result<(), serde_json::Error> {
    serde_json::to_writer(&mut *out, line)?;
    out.push(b'\n');
    Ok(())
}
