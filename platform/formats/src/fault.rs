//! What is wrong with one row. A fault names its code, its place, the value and what to expect;
//! it never stops the rows after it.

use tributary_model::error_code::ErrorCode;
use tributary_model::rows::RowPosition;

/// The longest excerpt of a bad value that a fault carries, in characters.
pub const EXCERPT_CHARS: usize = 120;

/// One row that cannot be read as declared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RowFault {
    pub code: ErrorCode,
    /// where the row starts in the source
    pub position: RowPosition,
    /// what was expected and what was found, for a person
    pub message: String,
    /// the offending text, cut to [`EXCERPT_CHARS`]
    pub value: String,
}

impl RowFault {
    /// A fault whose value is an excerpt of `bytes`, read as UTF-8 as far as that goes.
    #[must_use]
    pub fn new(
        code: ErrorCode,
        position: RowPosition,
        message: impl Into<String>,
        bytes: &[u8],
    ) -> Self {
        Self {
            code,
            position,
            message: message.into(),
            value: excerpt(bytes),
        }
    }
}

/// The first [`EXCERPT_CHARS`] characters of `bytes`, with `…` when there was more.
#[must_use]
pub fn excerpt(bytes: &[u8]) -> String {
    // Four bytes are the longest character, so the cut can only touch characters that are dropped.
    let head = bytes.get(..EXCERPT_CHARS * 4 + 4).unwrap_or(bytes);
    let text = String::from_utf8_lossy(head);
    let mut short: String = text.chars().take(EXCERPT_CHARS).collect();
    if text.chars().nth(EXCERPT_CHARS).is_some() {
        short.push('…');
    }
    short
}
