//! Rows for a target: as a case has them, and as the engine would hand them over.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tributary_host::TargetBatch;

use crate::case::Case;

/// What keys begin with if a case does not say.
const KEY_PREFIX: &str = "conformance-key-";
/// Longest beginning of a key: keys stand in headers.
const MAX_PREFIX_CHARS: usize = 100;

/// Rows for a target.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseBatch {
    pub stream: String,
    /// what the rows' keys begin with in place of `conformance-key-`; a number follows
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_prefix: Option<String>,
    pub rows: Vec<Box<RawValue>>,
}

impl CaseBatch {
    /// The key of the row at a place, from 0.
    #[must_use]
    pub fn key(&self, row: usize) -> String {
        let prefix = self.key_prefix.as_deref().unwrap_or(KEY_PREFIX);
        format!("{prefix}{row:04}")
    }

    /// Whether its keys can be sent.
    ///
    /// # Errors
    /// What is wrong with their beginning.
    pub fn check(&self) -> Result<(), String> {
        let Some(prefix) = &self.key_prefix else {
            return Ok(());
        };
        let fits = (1..=MAX_PREFIX_CHARS).contains(&prefix.len());
        match fits && prefix.bytes().all(|byte| byte.is_ascii_graphic()) {
            true => Ok(()),
            false => Err(format!(
                "key_prefix is {prefix:?}; it must be 1 to {MAX_PREFIX_CHARS} signs of ASCII, without blanks"
            )),
        }
    }
}

/// The same as the engine would hand it over.
pub(crate) struct Rows {
    stream: String,
    ndjson: Vec<u8>,
    pub(crate) keys: Vec<String>,
}

impl Rows {
    pub(crate) fn of(batch: &CaseBatch) -> Self {
        let mut ndjson = Vec::new();
        for row in &batch.rows {
            // One line each; digits and order stay as they were written.
            ndjson.extend(
                row.get()
                    .bytes()
                    .filter(|byte| !matches!(byte, b'\n' | b'\r')),
            );
            ndjson.push(b'\n');
        }
        Self {
            stream: batch.stream.clone(),
            ndjson,
            keys: (0..batch.rows.len()).map(|row| batch.key(row)).collect(),
        }
    }

    /// `None` for a case without a batch.
    pub(crate) fn in_case(case: &Case) -> Option<Self> {
        case.batch.as_ref().map(Self::of)
    }

    pub(crate) fn batch(&self) -> TargetBatch<'_> {
        TargetBatch {
            stream: &self.stream,
            ndjson: &self.ndjson,
            rows: u32::try_from(self.keys.len()).unwrap_or(u32::MAX),
            keys: &self.keys,
        }
    }
}
