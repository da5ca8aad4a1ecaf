//! One hostile component and what is expected of the host.

use std::time::Duration;

use serde_json::{Value, json};
use tributary_model::error_code::ErrorCode;

use super::guest::Guest;

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    Check,
    Discover,
    Partitions,
    Read,
    Prepare,
    Settle,
}

/// What has to come of it.
#[derive(Debug, Clone)]
pub(crate) enum Expect {
    /// not loaded, with this code and word
    Refused(ErrorCode, &'static str),
    /// loaded, and the call ends with this code and word
    Ends(ErrorCode, &'static str),
    /// the call answers: what it tried was refused to its face
    Answers,
    /// whatever the compiler makes of it, within its limits
    Any,
}

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) entry: Entry,
    pub(crate) expect: Expect,
    /// cancelled after this time; the call must end within a second of it
    pub(crate) cancel_after: Option<Duration>,
    pub(crate) config: Value,
}

impl Case {
    pub(crate) fn new(name: &'static str, bytes: Vec<u8>, entry: Entry, expect: Expect) -> Self {
        Self {
            name,
            bytes,
            entry,
            expect,
            cancel_after: None,
            config: json!({}),
        }
    }

    pub(crate) fn cancelled(mut self, after_ms: u64) -> Self {
        self.cancel_after = Some(Duration::from_millis(after_ms));
        self
    }

    pub(crate) fn with_config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }
}

/// A source whose `check` ends with `code` and `word`.
pub(crate) fn ends(name: &'static str, guest: &Guest, code: ErrorCode, word: &'static str) -> Case {
    Case::new(
        name,
        guest.component(),
        Entry::Check,
        Expect::Ends(code, word),
    )
}

/// A source whose `check` traps if it gets what it wants.
pub(crate) fn denied(name: &'static str, guest: &Guest) -> Case {
    Case::new(name, guest.component(), Entry::Check, Expect::Answers)
}
