//! Functions of code: what a mapping may call that its own language cannot say. Plain data and two
//! ports, so that the mapping knows nothing of WebAssembly and the host nothing of mappings.
//!
//! Invariants: a function is pure: what it answers depends on the component's bytes and its input
//! alone; input and answer are JSON texts. Deliberately absent: loading and running a component
//! (`host`), and what becomes of an answer (`mapping`).

use std::fmt::{self, Debug};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::Slug;

/// Longest message of a fault, in characters.
const MESSAGE_LENGTH: usize = 300;

/// What a function takes or gives, and how that stands in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueType {
    /// a string
    Text,
    /// a number; all its digits count
    Number,
    Bool,
    /// a string `yyyy-MM-dd`
    Date,
    /// a string in the form of RFC 3339
    Datetime,
    /// an array
    List,
    /// an object or array
    Json,
    /// anything
    Any,
}

impl ValueType {
    /// The word of documents and manifests.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Bool => "bool",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::List => "list",
            Self::Json => "json",
            Self::Any => "any",
        }
    }
}

/// A function as its component's manifest tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionSpec {
    /// `a-z`, `0-9` and `_`, first a letter
    pub name: String,
    pub takes: ValueType,
    pub gives: ValueType,
    /// one sentence for people
    #[serde(default)]
    pub summary: String,
}

/// A component by name and version: `tax-ids@0.1.0`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ComponentRef {
    pub name: Slug,
    pub version: String,
}

impl FromStr for ComponentRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not of the form name@version, such as tax-ids@0.1.0");
        let (name, version) = text.split_once('@').ok_or_else(wrong)?;
        let name = Slug::parse(name).map_err(|_| wrong())?;
        let sign = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '-' | '+');
        if version.is_empty() || version.len() > 63 || !version.chars().all(sign) {
            return Err(wrong());
        }
        Ok(Self {
            name,
            version: version.to_owned(),
        })
    }
}

impl fmt::Display for ComponentRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

/// A component with functions, as far as it is known.
#[derive(Debug, Clone)]
pub struct FunctionComponent {
    /// of its bytes, with the algorithm before it: `sha256:…`
    pub digest: String,
    pub functions: Vec<FunctionSpec>,
    /// none: it is known, but cannot be run here
    pub code: Option<Arc<dyn FunctionCode>>,
}

/// A component that can be run.
pub trait FunctionCode: Debug + Send + Sync {
    /// An instance of its own for one worker. What cannot be opened says so at its first call.
    fn open(&self) -> Box<dyn FunctionCalls>;
}

/// An instance.
pub trait FunctionCalls: Debug + Send {
    /// Calls `function` with a JSON array, the value first and then its arguments, and appends what it
    /// answers, one JSON value, to `out`. Nobody has looked at the answer yet.
    ///
    /// # Errors
    /// [`FunctionFault`]; the next call works on as if this one had not been.
    fn call(
        &mut self,
        function: &str,
        input: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), FunctionFault>;
}

/// Why a function gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionFault {
    pub kind: FunctionFaultKind,
    /// bounded, without control characters
    pub message: String,
}

/// Who is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionFaultKind {
    /// the value: the function cannot work with it, and says why
    Refused,
    /// the function: it failed, was stopped, or broke its contract
    Failed,
}

impl FunctionFault {
    /// A fault with a message that a guest may have written.
    #[must_use]
    pub fn new(kind: FunctionFaultKind, message: &str) -> Self {
        Self {
            kind,
            message: plain(message),
        }
    }
}

/// One bounded line without control characters and without signs that change the direction of text.
fn plain(message: &str) -> String {
    let hidden = |sign: char| {
        sign.is_control() || matches!(sign, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let line: String = message
        .chars()
        .take(MESSAGE_LENGTH + 1)
        .map(|sign| if hidden(sign) { ' ' } else { sign })
        .collect();
    crate::issue::shorten(line.trim(), MESSAGE_LENGTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_a_name_and_a_version() {
        let reference: ComponentRef = "tax-ids@0.1.0".parse().unwrap();
        assert_eq!(reference.to_string(), "tax-ids@0.1.0");
        for wrong in ["", "tax-ids", "tax-ids@", "@1", "Tax@1", "a@1/2", "a@../b"] {
            assert!(wrong.parse::<ComponentRef>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_guest_cannot_write_into_a_terminal() {
        let text = format!("\u{1b}[31mred\r\nnext\u{202e}{}", "x".repeat(5_000));
        let fault = FunctionFault::new(FunctionFaultKind::Refused, &text);
        assert!(fault.message.starts_with("[31mred  next xxx"), "{fault:?}");
        assert!(fault.message.chars().count() <= MESSAGE_LENGTH + 1);
        assert!(!fault.message.chars().any(char::is_control));
    }
}
