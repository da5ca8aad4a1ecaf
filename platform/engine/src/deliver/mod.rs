//! Sends one batch of mapped records and says what became of each.
//!
//! The connector plans calls and reads answers (`prepare`, `settle`); here is what must be the
//! same for every target: concurrency, retries by error class with full jitter, `Retry-After`,
//! halving a refused call until the row to blame is found, and honesty about lost answers.
//!
//! Invariants: unless every row has an end state the answer is [`NotDelivered`]; the same rows then
//! go out again under the same keys. An answer that has come is never thrown away: all calls of a
//! set are settled, whatever is wrong with one of them. A row that a target which cannot recognise
//! a resend may have is `uncertain`, never sent again blindly; so a row without an end state is
//! surely not done there. A target that can be asked (`lookup`) is asked first ([`asking`]), and so is one that
//! knows keys about rows whose key it may have forgotten.
//!
//! Deliberately absent: the intent and the result in the ledger (`jobs` commits both), HTTP
//! (`host`).

mod asking;
#[cfg(test)]
mod asking_tests;
mod backoff;
mod exchange;
mod halves;
mod outcome;
mod sending;
#[cfg(test)]
mod tests;

use std::ops::Range;

use async_trait::async_trait;
use serde::Serialize;
use tributary_host::{
    HttpResponse, Outcome, RetryReason, RowFinding, RowOutcome, SendError, TargetBatch, TargetCall,
};
use tributary_model::detail::Detail;
use tributary_model::document::DeliveryPolicy;
use tributary_model::issue::Issue;
use tributary_model::manifest::DeliveryCapability;
use tributary_model::problem::Problem;
use tributary_model::state::RecordState;

use outcome::forgotten;
use sending::Sending;

/// What delivery needs of a target: a connector with its connection, or a stand-in in tests.
#[async_trait]
pub trait Target: Send + Sync {
    /// Plans the calls for a batch.
    async fn prepare(&self, batch: TargetBatch<'_>) -> Result<Vec<TargetCall>, Problem>;
    /// Sends one call.
    async fn send(&self, call: &TargetCall) -> Result<HttpResponse, SendError>;
    /// Reads the answer of one call.
    async fn settle(
        &self,
        call: &TargetCall,
        response: &HttpResponse,
    ) -> Result<Vec<RowOutcome>, Problem>;
    /// For [`DeliveryCapability::Lookup`] and [`Doubt::forgotten`]: plans the requests that ask for rows
    /// whose call may have been done.
    async fn inquire(&self, batch: TargetBatch<'_>) -> Result<Vec<TargetCall>, Problem>;
    /// As [`Self::inquire`]: reads the answer of one of them.
    async fn judge(
        &self,
        inquiry: &TargetCall,
        response: &HttpResponse,
    ) -> Result<Vec<RowFinding>, Problem>;
}

/// A mapped record on its way.
#[derive(Debug, Clone)]
pub struct OutgoingRow {
    /// its line in the batch's NDJSON, with the line end
    pub line: Range<usize>,
    pub idempotency_key: String,
    /// it may have been done already; since when its call is out, ms, if that is known
    pub doubt: Option<Doubt>,
}

/// A call of a row may have been done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    /// how long ago the last such call left, ms; `None`: longer than anybody knows
    pub age_ms: Option<u64>,
    /// so long ago that the target may have forgotten its key: it is asked, whatever its capability
    pub forgotten: bool,
}

/// A batch on its way.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    pub stream: &'a str,
    pub ndjson: &'a [u8],
    pub rows: &'a [OutgoingRow],
}

/// How the target is to be treated.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    pub policy: DeliveryPolicy,
    pub capability: DeliveryCapability,
    /// the connector promises that a `transient` outcome means that nothing was done
    pub transient_not_done: bool,
    /// of targets that are asked: how long a call may still be at work after its answer was lost, ms
    pub wait_ms: u64,
}

impl Manner {
    /// What may have been done is asked for before it is sent again.
    fn asks(&self) -> bool {
        self.capability == DeliveryCapability::Lookup
    }

    /// The target cannot recognise a resend.
    fn blind(&self) -> bool {
        self.capability == DeliveryCapability::None
    }

    /// Nothing was done of the row, and the target remembers nothing of it.
    fn not_done(&self, outcome: &Outcome) -> bool {
        match outcome {
            Outcome::Delivered { .. } | Outcome::Rejected { .. } => false,
            Outcome::Retry { reason, .. } => match reason {
                RetryReason::RateLimited | RetryReason::Split => true,
                RetryReason::Transient => self.transient_not_done,
            },
        }
    }
}

/// The end state of one row.
#[derive(Debug, Clone, PartialEq)]
pub struct RowResult {
    /// delivered, rejected or uncertain
    pub state: RecordState,
    pub external_id: Option<String>,
    /// what the target said of it, for the result report
    pub detail: Option<Detail>,
    pub issue: Option<Issue>,
}

impl RowResult {
    /// A record that was not delivered, and why.
    #[must_use]
    pub fn failed(state: RecordState, issue: Issue) -> Self {
        Self {
            state,
            external_id: None,
            detail: None,
            issue: Some(issue),
        }
    }
}

/// Proof of one call, stored with the batch.
#[derive(Debug, Clone, Serialize)]
pub struct Receipt {
    pub method: String,
    pub path: String,
    /// rows of the batch that the call carried, from 0
    pub rows: Vec<u32>,
    /// 0 when no answer came
    pub status: u16,
    pub duration_ms: u64,
    /// the answer's body as text, or why there is none
    pub answer: String,
}

/// What came back from the target.
#[derive(Debug, Clone, Default)]
pub struct Record {
    pub receipts: Vec<Receipt>,
    /// time spent waiting for the target, summed over calls
    pub target_ms: u64,
    /// calls in a row, up to the last one, that got no answer or one that says the target is ill
    pub failed_calls: u32,
    /// a call got a proper answer
    pub answered: bool,
    /// a call left, and it is not certain that nothing came of it
    pub left: bool,
    /// why the last call of `failed_calls` failed
    pub failure: Option<Problem>,
}

/// A delivered batch.
#[derive(Debug, Default)]
pub struct Delivery {
    /// in the order of [`Outgoing::rows`]
    pub results: Vec<RowResult>,
    pub record: Record,
}

/// Why a batch has no end state yet.
#[derive(Debug)]
pub struct NotDelivered {
    pub problem: Problem,
    /// try again after this long; `None`: only a person can mend it
    pub retry_after_ms: Option<u64>,
    /// what has an end state all the same, in the order of [`Outgoing::rows`]
    pub results: Vec<Option<RowResult>>,
    pub record: Record,
}

impl NotDelivered {
    /// Some row has an end state.
    #[must_use]
    pub fn known(&self) -> bool {
        self.results.iter().any(Option::is_some)
    }
}

/// Delivers `outgoing`.
///
/// # Errors
/// [`NotDelivered`] when some row has no end state after all attempts, or the connector contradicts
/// itself.
pub async fn deliver(
    target: &dyn Target,
    outgoing: Outgoing<'_>,
    manner: Manner,
) -> Result<Delivery, NotDelivered> {
    let mut sending = Sending::new(target, outgoing, manner);
    let end = sending.run().await;
    let (results, record) = sending.into_parts();
    let stop = match end {
        Ok(()) if results.iter().all(Option::is_some) => {
            return Ok(Delivery {
                results: results.into_iter().flatten().collect(),
                record,
            });
        }
        Ok(()) => forgotten(),
        Err(stop) => stop,
    };
    Err(NotDelivered {
        problem: stop.problem,
        retry_after_ms: stop.retry_after_ms,
        results,
        record,
    })
}
