//! What a worker reports about one batch.

use tributary_model::counters::Counters;
use tributary_model::issue::Issue;
use tributary_model::state::RecordState;

/// The result of one attempt of one batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchResult {
    /// of this batch
    pub counters: Counters,
    pub amounts: Vec<BatchAmount>,
    /// one per record
    pub outcomes: Vec<RecordOutcome>,
    pub issues: Vec<RecordIssue>,
    pub objects: BatchObjects,
    /// time the target took, ms
    pub target_ms: u64,
    /// calls to the target
    pub calls: u64,
}

/// The sum of a declared amount field over the records in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchAmount {
    pub name: String,
    pub state: RecordState,
    /// decimal text of at most 28 digits, for example `-12.50`; `None`: the sum does not fit
    pub amount: Option<String>,
    pub records: u64,
}

/// What became of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordOutcome {
    /// place in the batch, from 0, unique
    pub ordinal: u32,
    /// the customer's key; more than 200 characters are cut
    pub key: String,
    /// the fingerprint of the whole key, by [`super::record_key_hash`]
    pub key_hash: [u8; 32],
    /// of what is or would be sent
    pub content_hash: [u8; 32],
    pub state: RecordState,
    /// number that its key was made with, if a call with it may have left
    pub resend: Option<u32>,
    /// the target's id for it
    pub external_id: Option<String>,
}

/// One problem of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordIssue {
    pub ordinal: u32,
    pub key: String,
    pub issue: Issue,
}

/// Keys in the lake of what the attempt left there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchObjects {
    pub processed: Option<String>,
    pub results: Option<String>,
    pub receipts: Option<String>,
}
