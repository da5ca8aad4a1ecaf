//! How far a partition was read, as the ledger keeps it: the connector's checkpoint and whether
//! the source has been read to its end.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// the connector's own; only it reads it
    pub(crate) checkpoint: Option<Value>,
    /// all pages are stored; grouping may still be under way
    pub(crate) read_done: bool,
}

impl Progress {
    /// From the ledger's text.
    pub(crate) fn parse(text: Option<&str>) -> Result<Self, Problem> {
        let Some(text) = text else {
            return Ok(Self::default());
        };
        serde_json::from_str(text).map_err(|error| {
            let detail = format!("a partition's stored progress cannot be read: {error}");
            Problem::new(ErrorCode::StorageFailed, detail)
        })
    }

    /// As the ledger's text.
    pub(crate) fn text(&self) -> String {
        serde_json::json!({ "checkpoint": self.checkpoint, "read_done": self.read_done })
            .to_string()
    }
}

/// The progress of a partition that starts at the stream's stored cursor.
pub(crate) fn start(cursor: Option<&Value>) -> Option<String> {
    let checkpoint = Some(cursor?.clone());
    let progress = Progress {
        checkpoint,
        read_done: false,
    };
    Some(progress.text())
}

/// What a partition's cursor is kept under: the descriptor's `key`, or nothing for a stream that
/// is read as a whole.
pub(crate) fn partition_key(descriptor: &Value) -> String {
    let key = descriptor.get("key").and_then(Value::as_str);
    key.unwrap_or_default().to_owned()
}
