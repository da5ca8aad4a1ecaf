//! States of runs, work items and records, with the only transitions that may happen.
//!
//! The tables are data: the store checks every update against them and a test walks them.

use serde::{Deserialize, Serialize};

/// Life of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    Queued,
    Planning,
    Running,
    Paused,
    Succeeded,
    CompletedWithErrors,
    Failed,
    Cancelling,
    Cancelled,
}

impl RunState {
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Planning,
        Self::Running,
        Self::Paused,
        Self::Succeeded,
        Self::CompletedWithErrors,
        Self::Failed,
        Self::Cancelling,
        Self::Cancelled,
    ];

    /// Every allowed change, from → to.
    pub const TRANSITIONS: &'static [(Self, Self)] = &[
        (Self::Queued, Self::Planning),
        (Self::Queued, Self::Cancelling),
        (Self::Planning, Self::Running),
        (Self::Planning, Self::Failed),
        (Self::Planning, Self::Paused),
        (Self::Planning, Self::Cancelling),
        (Self::Running, Self::Paused),
        (Self::Running, Self::Succeeded),
        (Self::Running, Self::CompletedWithErrors),
        (Self::Running, Self::Failed),
        (Self::Running, Self::Cancelling),
        (Self::Paused, Self::Queued),
        (Self::Paused, Self::Running),
        (Self::Paused, Self::Cancelling),
        (Self::Cancelling, Self::Cancelled),
        (Self::Failed, Self::Queued),
        (Self::CompletedWithErrors, Self::Queued),
        (Self::Cancelled, Self::Queued),
    ];

    /// Whether the change is in the table.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        Self::TRANSITIONS.contains(&(self, next))
    }

    /// Nothing more happens by itself.
    #[must_use]
    pub fn terminal(self) -> bool {
        matches!(
            self,
            Self::Succeeded | Self::CompletedWithErrors | Self::Failed | Self::Cancelled
        )
    }

    /// The word used in the database, API and UI.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Planning => "planning",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Succeeded => "succeeded",
            Self::CompletedWithErrors => "completed_with_errors",
            Self::Failed => "failed",
            Self::Cancelling => "cancelling",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state named by `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Life of one record within a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordState {
    /// read, not finished
    Pending,
    /// mapped, not sent
    Mapped,
    /// the call left, its answer is not recorded yet
    Sent,
    /// the target confirmed
    Delivered,
    /// the target refused
    Rejected,
    /// sent, the answer was lost and the target cannot be asked
    Uncertain,
    /// the same content was delivered before
    Unchanged,
    /// the mapping's filter left it out
    Skipped,
    /// waits for a correction: the data did not pass the mapping
    Quarantined,
}

impl RecordState {
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::Mapped,
        Self::Sent,
        Self::Delivered,
        Self::Rejected,
        Self::Uncertain,
        Self::Unchanged,
        Self::Skipped,
        Self::Quarantined,
    ];

    /// Every allowed change within one run, from → to.
    pub const TRANSITIONS: &'static [(Self, Self)] = &[
        (Self::Pending, Self::Mapped),
        (Self::Pending, Self::Skipped),
        (Self::Pending, Self::Quarantined),
        (Self::Mapped, Self::Sent),
        (Self::Mapped, Self::Unchanged),
        (Self::Sent, Self::Delivered),
        (Self::Sent, Self::Rejected),
        (Self::Sent, Self::Uncertain),
        (Self::Uncertain, Self::Delivered),
        (Self::Uncertain, Self::Rejected),
    ];

    /// The word used in the database, API and UI.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Mapped => "mapped",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Rejected => "rejected",
            Self::Uncertain => "uncertain",
            Self::Unchanged => "unchanged",
            Self::Skipped => "skipped",
            Self::Quarantined => "quarantined",
        }
    }

    /// The state named by `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// What a worker leases. One queue serves all kinds, so that lease, fence and sweeper exist once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkKind {
    /// ask the connector for partitions
    Plan,
    /// read one partition and cut it into batches
    Extract,
    /// map and deliver one batch
    Batch,
    /// reconcile, write the manifest, close the run
    Finish,
}

impl WorkKind {
    pub const ALL: [Self; 4] = [Self::Plan, Self::Extract, Self::Batch, Self::Finish];

    /// The word used in the database and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Extract => "extract",
            Self::Batch => "batch",
            Self::Finish => "finish",
        }
    }

    /// The kind named by `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Life of a work item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkState {
    Ready,
    Leased,
    RetryWait,
    Done,
    Failed,
    Cancelled,
}

impl WorkState {
    pub const ALL: [Self; 6] = [
        Self::Ready,
        Self::Leased,
        Self::RetryWait,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Every allowed change, from → to.
    pub const TRANSITIONS: &'static [(Self, Self)] = &[
        (Self::Ready, Self::Leased),
        (Self::RetryWait, Self::Leased),
        (Self::Leased, Self::Ready),
        (Self::Leased, Self::RetryWait),
        (Self::Leased, Self::Done),
        (Self::Leased, Self::Failed),
        (Self::Ready, Self::Cancelled),
        (Self::RetryWait, Self::Cancelled),
        (Self::Leased, Self::Cancelled),
        (Self::Failed, Self::Ready),
        (Self::Cancelled, Self::Ready),
    ];

    /// The word used in the database and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Leased => "leased",
            Self::RetryWait => "retry_wait",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state named by `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Life of a file that a customer sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UploadState {
    /// can be read
    Ready,
    /// was read and put aside; its bytes are kept
    Archived,
    /// its bytes are gone
    Deleted,
}

impl UploadState {
    pub const ALL: [Self; 3] = [Self::Ready, Self::Archived, Self::Deleted];

    /// Every allowed change, from → to. Another content under the name is another version.
    pub const TRANSITIONS: &'static [(Self, Self)] = &[
        (Self::Ready, Self::Archived),
        (Self::Ready, Self::Deleted),
        (Self::Archived, Self::Deleted),
    ];

    /// Whether the change is in the table.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        Self::TRANSITIONS.contains(&(self, next))
    }

    /// The word used in the database and API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Archived => "archived",
            Self::Deleted => "deleted",
        }
    }

    /// The state named by `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_run_states_leave_only_by_redrive() {
        for (from, to) in RunState::TRANSITIONS {
            if from.terminal() {
                assert_eq!(*to, RunState::Queued, "{from:?}");
            }
        }
        assert!(
            !RunState::Succeeded.may_become(RunState::Queued),
            "a run that succeeded has nothing to redrive"
        );
    }

    #[test]
    fn every_run_state_can_be_reached_and_words_round_trip() {
        for state in RunState::ALL {
            assert_eq!(RunState::parse(state.as_str()), Some(state));
            let reached = RunState::TRANSITIONS.iter().any(|(_, to)| *to == state);
            assert!(reached, "{state:?} is unreachable");
        }
        for state in RecordState::ALL {
            assert_eq!(RecordState::parse(state.as_str()), Some(state));
        }
        for state in WorkState::ALL {
            assert_eq!(WorkState::parse(state.as_str()), Some(state));
        }
        for state in UploadState::ALL {
            assert_eq!(UploadState::parse(state.as_str()), Some(state));
            assert!(!UploadState::Deleted.may_become(state), "gone is gone");
        }
    }
}
