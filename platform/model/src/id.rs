//! Names and ids. Things a person creates (tenants, connections, mappings, integrations) are
//! named by a [`Slug`] that the person chose; things the platform creates (runs, issues) get a
//! time-ordered id with a prefix that tells what it is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A name that is safe in URLs, object keys and SQL: `a-z`, `0-9`, `-`, first a letter,
/// 1 to 63 characters (the label rule of RFC 1035 §2.3.1, lower case).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

/// Why a text is no [`Slug`] or no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text breaks the slug rule.
    #[error("{0:?} is not a name: use 1 to 63 of a-z, 0-9 and '-', starting with a letter")]
    Slug(String),
    /// The text is no id of the expected kind.
    #[error("{text:?} is not an id of the form {prefix}…")]
    Prefix {
        /// what was given
        text: String,
        /// what it should start with
        prefix: &'static str,
    },
}

impl Slug {
    /// Checks and wraps `text`.
    ///
    /// # Errors
    /// [`IdError::Slug`] if the text breaks the rule above.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let bytes = text.as_bytes();
        let first_ok = bytes.first().is_some_and(u8::is_ascii_lowercase);
        let rest_ok = bytes
            .iter()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-');
        if first_ok && rest_ok && bytes.len() <= 63 {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdError::Slug(text.to_owned()))
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Slug {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Slug {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

/// Who owns an object. Every query and every object key starts with it.
pub type TenantId = Slug;

/// Identifies one execution of an integration: `run_` and a UUIDv7 in lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

impl RunId {
    const PREFIX: &'static str = "run_";

    /// A new id.
    pub fn generate(ids: &dyn IdSource) -> Self {
        Self(format!("{}{}", Self::PREFIX, ids.next_id()))
    }

    /// Checks and wraps `text`.
    ///
    /// # Errors
    /// [`IdError::Prefix`] if it is not `run_` and 32 hex digits.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let ok = text
            .strip_prefix(Self::PREFIX)
            .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit()));
        if ok {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdError::Prefix {
                text: text.to_owned(),
                prefix: Self::PREFIX,
            })
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for RunId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.0
    }
}

/// Source of unique, time-ordered ids.
pub trait IdSource: Send + Sync {
    /// 32 lower-case hex digits, growing with time.
    fn next_id(&self) -> String;
}

/// UUIDv7 (RFC 9562 §5.7).
#[derive(Debug, Clone, Copy, Default)]
pub struct UuidSource;

impl IdSource for UuidSource {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that makes random ids"
    )]
    fn next_id(&self) -> String {
        uuid::Uuid::now_v7().simple().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_follow_the_label_rule() {
        for good in ["a", "acme", "order-lines", "x9"] {
            assert!(Slug::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "9a", "A", "a_b", "a/b", "..", "ä", &"a".repeat(64)] {
            assert!(Slug::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn run_ids_round_trip() {
        let id = RunId::generate(&UuidSource);
        assert_eq!(RunId::parse(id.as_str()), Ok(id));
        assert!(RunId::parse("run_../../etc").is_err());
    }
}
