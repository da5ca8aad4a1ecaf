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

/// Why bytes cannot be had any more, carried through `std::io::Read` inside of an
/// [`std::io::Error`], so that a limit or a damaged archive keeps its code and its text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ReadFault {
    pub code: ErrorCode,
    /// for a person
    pub message: String,
}

impl ReadFault {
    /// The fault as an error of `Read`.
    pub fn error(code: ErrorCode, message: impl Into<String>) -> std::io::Error {
        let fault = Self {
            code,
            message: message.into(),
        };
        std::io::Error::new(std::io::ErrorKind::InvalidData, fault)
    }

    /// What `error` says: the fault that one of our readers put into it, the early end of a
    /// compressed stream, or an error of the caller's reader.
    #[must_use]
    pub fn of(error: &std::io::Error) -> Self {
        if let Some(inner) = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<Self>())
        {
            return inner.clone();
        }
        if error.kind() == std::io::ErrorKind::UnexpectedEof {
            return Self {
                code: ErrorCode::FileTruncated,
                message: "the file ends too early".to_owned(),
            };
        }
        Self {
            code: ErrorCode::SourceProtocol,
            message: format!("the bytes could not be read: {error}"),
        }
    }

    /// The fault at a place.
    #[must_use]
    pub fn at(self, position: RowPosition) -> RowFault {
        RowFault::new(self.code, position, self.message, b"")
    }
}
