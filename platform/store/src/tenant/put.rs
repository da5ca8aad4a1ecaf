//! What happens when a document is put: one decision for every kind of document.
//!
//! Invariant: files that are applied again and again never undo a person's change, unless the
//! file itself changed since it was applied last.

use tributary_model::clock::UnixMillis;

use crate::error::StoreError;

/// Who changes a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// declarative files, applied as a whole (`tributary apply`, GitOps)
    Applied,
    /// somebody in the UI or by the API
    Person,
}

impl Origin {
    /// The word in the database and API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Person => "person",
        }
    }

    /// The origin named by `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Applied, Self::Person]
            .into_iter()
            .find(|origin| origin.as_str() == word)
    }
}

/// How to put a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PutOptions {
    pub origin: Origin,
    /// the version that the caller has read (If-Match); 0 means "there is none yet"
    pub expected_version: Option<u32>,
}

impl PutOptions {
    /// By declarative files.
    #[must_use]
    pub fn applied() -> Self {
        Self {
            origin: Origin::Applied,
            expected_version: None,
        }
    }

    /// By a person.
    #[must_use]
    pub fn person() -> Self {
        Self {
            origin: Origin::Person,
            expected_version: None,
        }
    }
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutOutcome {
    Created,
    Updated,
    /// the content is the same as before
    Unchanged,
    /// not written: a person changed it after the same content was applied
    KeptPersonChange,
    /// not written: it is at another version than `expected_version`
    Conflict,
}

/// Outcome, and the version that is current now (0: there is none).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Put {
    pub outcome: PutOutcome,
    pub version: u32,
}

/// What is stored now.
pub(crate) struct Current {
    pub(crate) version: u32,
    pub(crate) digest: [u8; 32],
    pub(crate) origin: Origin,
    pub(crate) applied_digest: Option<Vec<u8>>,
    pub(crate) created_at: UnixMillis,
}

pub(crate) fn decide(current: Option<&Current>, digest: &[u8; 32], options: PutOptions) -> Put {
    let version = current.map_or(0, |c| c.version);
    let put = |outcome, version| Put { outcome, version };
    if options.expected_version.is_some_and(|e| e != version) {
        return put(PutOutcome::Conflict, version);
    }
    let Some(current) = current else {
        return put(PutOutcome::Created, 1);
    };
    if current.digest == *digest {
        return put(PutOutcome::Unchanged, version);
    }
    let applied_again = current.applied_digest.as_deref() == Some(digest.as_slice());
    if options.origin == Origin::Applied && current.origin == Origin::Person && applied_again {
        return put(PutOutcome::KeptPersonChange, version);
    }
    put(PutOutcome::Updated, version.saturating_add(1))
}

/// The digest of a JSON text without regard to white space, with further parts mixed in.
pub(crate) fn digest(
    what: &'static str,
    content: &str,
    more: Option<&[u8; 32]>,
) -> Result<[u8; 32], StoreError> {
    let value: serde_json::Value = serde_json::from_str(content)
        .map_err(|e| StoreError::refused(what, format!("it is not JSON: {e}")))?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(value.to_string().as_bytes());
    if let Some(more) = more {
        hasher.update(b"\0");
        hasher.update(more);
    }
    Ok(*hasher.finalize().as_bytes())
}
