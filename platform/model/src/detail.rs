//! What a target says of a record, for reports: JSON that the platform carries and does not read.
//!
//! Invariants: it is one line, so that it can stand in NDJSON, and not nested deeper than readers of
//! JSON commonly go. It stays the text that it was: a number never becomes a float.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// Brackets up to which a text cannot be too deep.
const SHALLOW: usize = 100;

/// See the module.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Detail(Box<RawValue>);

impl Detail {
    /// Reads a text.
    ///
    /// # Errors
    /// What is no JSON, or deeper than 127 levels.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let brackets = text.bytes().filter(|byte| matches!(byte, b'{' | b'['));
        let lines = text.bytes().any(|byte| matches!(byte, b'\n' | b'\r'));
        if !lines && brackets.count() <= SHALLOW {
            return serde_json::from_str(text).map(Self);
        }
        let value: Value = serde_json::from_str(text)?;
        RawValue::from_string(value.to_string()).map(Self)
    }

    /// The JSON text.
    #[must_use]
    pub fn get(&self) -> &str {
        self.0.get()
    }
}

impl PartialEq for Detail {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_stays_its_text_on_one_line() {
        let kept = |text: &str| Detail::parse(text).map(|detail| detail.get().to_owned());
        assert_eq!(kept(" {\"a\": 1.10} ").unwrap(), "{\"a\": 1.10}");
        let lines = kept("{\"a\": 1.10,\r\n \"b\": \"x\\ny\"}").unwrap();
        assert!(!lines.contains(['\n', '\r']), "{lines}");
        let value: Value = serde_json::from_str(&lines).unwrap();
        assert_eq!(value["b"], "x\ny");
        assert!(kept("{\"a\"").is_err());
        assert!(kept(&"[".repeat(101)).is_err());
        let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(kept(&deep(127)).is_ok());
        assert!(kept(&deep(128)).is_err());
    }
}
