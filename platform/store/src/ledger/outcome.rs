//! What a worker reports about one batch.

use tributary_model::clock::UnixMillis;
use tributary_model::counters::Counters;
use tributary_model::issue::Issue;
use tributary_model::problem::Problem;
use tributary_model::state::RecordState;

use super::pause::TargetFailure;

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
    /// a call got a proper answer
    pub answered: bool,
    /// calls in a row, up to the last one, that got none, and the last one's problem
    pub failure: Option<(Problem, TargetFailure)>,
    /// records that have no end state yet go out again: the batch stays open
    pub again: Option<Again>,
}

/// When a batch that is recorded in part goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// why not all of it is done
    pub problem: Problem,
    pub in_ms: u64,
    /// the target asked for it: the try does not count, and the run's other batches wait too
    pub slow_down: bool,
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

/// When calls with one key left, by the ledger's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentAt {
    /// the first was about to leave: from here on the target remembers the key
    pub first_ms: UnixMillis,
    /// the last had left by then: for some time after it may still be at work
    pub last_ms: UnixMillis,
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
    /// when calls with that key left
    pub sent: Option<SentAt>,
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

/// A record that a call is about to leave with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announced {
    /// by [`super::record_key_hash`]
    pub key_hash: [u8; 32],
    /// of what is sent
    pub content_hash: [u8; 32],
    /// number that its key was made with
    pub resend: u32,
}

impl Announced {
    /// Bytes of one in the ledger.
    const SIZE: usize = 68;

    pub(super) fn pack(records: &[Self]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(records.len() * Self::SIZE);
        for record in records {
            bytes.extend_from_slice(&record.key_hash);
            bytes.extend_from_slice(&record.content_hash);
            bytes.extend_from_slice(&record.resend.to_le_bytes());
        }
        bytes
    }

    /// `None`: not written by [`Announced::pack`].
    pub(super) fn unpack(bytes: &[u8]) -> Option<Vec<Self>> {
        let (chunks, rest) = bytes.as_chunks::<{ Self::SIZE }>();
        if !rest.is_empty() {
            return None;
        }
        let one = |chunk: &[u8; Self::SIZE]| {
            let (key_hash, rest) = chunk.split_first_chunk::<32>()?;
            let (content_hash, rest) = rest.split_first_chunk::<32>()?;
            Some(Self {
                key_hash: *key_hash,
                content_hash: *content_hash,
                resend: u32::from_le_bytes(*rest.first_chunk::<4>()?),
            })
        };
        chunks.iter().map(one).collect()
    }
}
