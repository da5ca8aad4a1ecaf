//! Sends one batch of mapped records and says what became of each.
//!
//! The connector plans calls and reads answers (`prepare`, `settle`); here is what must be the
//! same for every target: concurrency, retries by error class with full jitter, `Retry-After`,
//! halving a refused call until the row to blame is found, and honesty about lost answers.
//!
//! Invariants: a batch is delivered whole or not at all in the ledger's eyes: unless every row
//! has an end state the answer is [`NotDelivered`] and nothing is recorded, so the same rows go
//! out again under the same keys. A row whose answer was lost at a target that cannot recognise
//! a resend is `uncertain`, never sent again blindly; an answer that leaves open whether the work was
//! done (500, 502, 504) is no better than none.
//!
//! Deliberately absent: the intent and the result in the ledger (`jobs` commits both), HTTP
//! (`host`).

mod backoff;
mod exchange;
mod halves;
#[cfg(test)]
mod tests;

use std::ops::Range;

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt as _};
use serde::Serialize;
use serde_json::Value;
use tributary_host::{
    HttpResponse, Outcome, RetryReason, RowOutcome, SendError, TargetBatch, TargetCall,
};
use tributary_model::document::DeliveryPolicy;
use tributary_model::error_code::ErrorCode;
use tributary_model::issue::{Issue, Stage};
use tributary_model::manifest::DeliveryCapability;
use tributary_model::problem::Problem;
use tributary_model::state::RecordState;

use exchange::{Exchange, exchange};

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
}

/// A mapped record on its way.
#[derive(Debug, Clone)]
pub struct OutgoingRow {
    /// its line in the batch's NDJSON, with the line end
    pub line: Range<usize>,
    pub idempotency_key: String,
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
}

/// The end state of one row.
#[derive(Debug, Clone, PartialEq)]
pub struct RowResult {
    /// delivered, rejected or uncertain
    pub state: RecordState,
    pub external_id: Option<String>,
    /// what the target said of it, for the result report
    pub detail: Option<Value>,
    pub issue: Option<Issue>,
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

/// A delivered batch.
#[derive(Debug, Default)]
pub struct Delivery {
    /// in the order of [`Outgoing::rows`]
    pub results: Vec<RowResult>,
    pub receipts: Vec<Receipt>,
    /// time spent waiting for the target, summed over calls
    pub target_ms: u64,
}

/// Why a batch has no end state yet.
#[derive(Debug)]
pub struct NotDelivered {
    pub problem: Problem,
    /// try again after this long; `None`: only a person can mend it
    pub retry_after_ms: Option<u64>,
    /// calls in a row, up to the last one, that got no answer or one that says the target is ill
    pub failed_calls: u32,
    /// what has an end state all the same, in the order of [`Outgoing::rows`]
    pub results: Vec<Option<RowResult>>,
    pub receipts: Vec<Receipt>,
}

/// Delivers `outgoing`.
///
/// # Errors
/// [`NotDelivered`] when some row has no end state after all attempts.
pub async fn deliver(
    target: &dyn Target,
    outgoing: Outgoing<'_>,
    manner: Manner,
) -> Result<Delivery, NotDelivered> {
    let mut sending = Sending {
        target,
        outgoing,
        manner,
        results: vec![None; outgoing.rows.len()],
        delivery: Delivery::default(),
        failed_calls: 0,
    };
    let all = 0..u32::try_from(outgoing.rows.len()).unwrap_or(u32::MAX);
    if let Err(late) = sending.run(all.collect()).await {
        return Err(NotDelivered {
            failed_calls: sending.failed_calls,
            results: sending.results,
            receipts: sending.delivery.receipts,
            ..late
        });
    }
    let mut delivery = sending.delivery;
    for result in sending.results {
        delivery.results.push(result.ok_or_else(forgotten)?);
    }
    Ok(delivery)
}

fn forgotten() -> NotDelivered {
    fatal(Problem::new(
        ErrorCode::TargetAnswer,
        "the connector's plan or the target's answer leaves out a record of the batch",
    ))
}

fn fatal(problem: Problem) -> NotDelivered {
    not_delivered(problem, None)
}

/// What is known of the rows is added at the end, see [`deliver`].
fn not_delivered(problem: Problem, retry_after_ms: Option<u64>) -> NotDelivered {
    NotDelivered {
        problem,
        retry_after_ms,
        failed_calls: 0,
        results: Vec::new(),
        receipts: Vec::new(),
    }
}

struct Sending<'a> {
    target: &'a dyn Target,
    outgoing: Outgoing<'a>,
    manner: Manner,
    results: Vec<Option<RowResult>>,
    delivery: Delivery,
    /// in a row, up to the last call
    failed_calls: u32,
}

/// Rows that must go out again, and why.
#[derive(Default)]
struct Again {
    sets: Vec<Vec<u32>>,
    waiting: Option<(Problem, u64)>,
}

impl Sending<'_> {
    async fn run(&mut self, all: Vec<u32>) -> Result<(), NotDelivered> {
        let mut sets = vec![all];
        let mut attempt = 1;
        loop {
            let mut again = Again::default();
            for set in sets {
                if !set.is_empty() && !self.tripped() {
                    self.send_set(&set, &mut again).await?;
                }
            }
            if let (true, Some((problem, asked_ms))) = (self.tripped(), &again.waiting) {
                let wait_ms = self.wait_ms(attempt, *asked_ms);
                return Err(not_delivered(problem.clone(), Some(wait_ms)));
            }
            if again.sets.is_empty() {
                return Ok(());
            }
            if let Some((problem, asked_ms)) = again.waiting {
                let wait_ms = self.wait_ms(attempt, asked_ms);
                if attempt >= self.manner.policy.max_attempts
                    || wait_ms > self.manner.policy.max_backoff_ms
                {
                    return Err(not_delivered(problem, Some(wait_ms)));
                }
                attempt += 1;
                tokio::time::sleep(std::time::Duration::from_millis(wait_ms)).await;
            }
            sets = again.sets;
        }
    }

    /// The target has failed so often that only a pause helps.
    fn tripped(&self) -> bool {
        let most = self.manner.policy.breaker.failed_calls;
        most > 0 && self.failed_calls >= most
    }

    fn wait_ms(&self, attempt: u32, asked_ms: u64) -> u64 {
        let seed = self
            .outgoing
            .rows
            .first()
            .map_or("", |row| row.idempotency_key.as_str());
        let jittered = backoff::jittered_ms(seed, attempt, self.manner.policy.max_backoff_ms);
        jittered.max(asked_ms)
    }

    async fn send_set(&mut self, set: &[u32], again: &mut Again) -> Result<(), NotDelivered> {
        let (ndjson, keys) = self.batch_of(set);
        let batch = TargetBatch {
            stream: self.outgoing.stream,
            ndjson: &ndjson,
            rows: u32::try_from(set.len()).unwrap_or(u32::MAX),
            keys: &keys,
        };
        let mut calls = self.target.prepare(batch).await.map_err(fatal)?;
        for call in &calls {
            if call.rows.iter().any(|row| set.get(*row as usize).is_none()) {
                return Err(forgotten());
            }
        }
        let target = self.target;
        let limit = self.manner.policy.concurrency.max(1) as usize;
        let mut answers = stream::iter(calls.drain(..))
            .map(|call| exchange(target, call))
            .buffer_unordered(limit);
        let mut exchanges = Vec::new();
        while let Some(exchange) = answers.next().await {
            exchanges.push(exchange);
        }
        drop(answers);
        for exchange in exchanges {
            self.settle(set, exchange, again)?;
        }
        Ok(())
    }

    /// The rows of `set` as a batch of their own; the whole batch is not copied line by line.
    fn batch_of(&self, set: &[u32]) -> (Vec<u8>, Vec<String>) {
        let mut keys = Vec::with_capacity(set.len());
        let mut ndjson = Vec::with_capacity(self.outgoing.ndjson.len());
        for index in set {
            if let Some(row) = self.outgoing.rows.get(*index as usize) {
                keys.push(row.idempotency_key.clone());
                let line = self.outgoing.ndjson.get(row.line.clone());
                ndjson.extend_from_slice(line.unwrap_or_default());
            }
        }
        (ndjson, keys)
    }

    fn settle(
        &mut self,
        set: &[u32],
        exchange: Exchange,
        again: &mut Again,
    ) -> Result<(), NotDelivered> {
        let rows: Vec<u32> = exchange
            .call
            .rows
            .iter()
            .filter_map(|row| set.get(*row as usize).copied())
            .collect();
        self.delivery.target_ms += exchange.duration_ms;
        self.delivery.receipts.push(exchange.receipt(&rows));
        let open = exchange.leaves_open() && self.manner.capability == DeliveryCapability::None;
        match exchange.result {
            Err(lost) => self.not_answered(rows, lost, again),
            Ok(outcomes) => {
                let outcomes = outcomes.map_err(|problem| self.unreadable(problem))?;
                if outcomes.len() != rows.len() {
                    return Err(forgotten());
                }
                match outcomes.iter().any(|row| is_ill(&row.outcome)) {
                    true => self.failed_calls += 1,
                    false => self.failed_calls = 0,
                }
                let mut refused = false;
                for outcome in outcomes {
                    let Some(index) = set.get(outcome.row as usize).copied() else {
                        return Err(forgotten());
                    };
                    refused |= is_split(&outcome.outcome);
                    match outcome.outcome {
                        Outcome::Retry {
                            reason: RetryReason::Transient,
                            message,
                            ..
                        } if open => {
                            let problem = Problem::new(ErrorCode::TargetUnavailable, message);
                            self.set(index, uncertain(&problem));
                        }
                        other => self.place(index, other, rows.len(), again),
                    }
                }
                halves::open_rows(&mut again.sets, &rows, &self.results, refused);
                Ok(())
            }
        }
    }

    fn unreadable(&self, problem: Problem) -> NotDelivered {
        let retry_after_ms = problem.transient().then(|| self.wait_ms(1, 0));
        not_delivered(problem, retry_after_ms)
    }

    fn not_answered(
        &mut self,
        rows: Vec<u32>,
        lost: SendError,
        again: &mut Again,
    ) -> Result<(), NotDelivered> {
        if lost.problem.transient() {
            self.failed_calls += 1;
        }
        if lost.sent && self.manner.capability == DeliveryCapability::None {
            for row in rows {
                self.set(row, uncertain(&lost.problem));
            }
            return Ok(());
        }
        if !lost.problem.transient() {
            return Err(fatal(lost.problem));
        }
        let asked_ms = lost.problem.retry_after_ms.unwrap_or(0);
        again.sets.push(rows);
        again.wait(lost.problem, asked_ms);
        Ok(())
    }

    fn place(&mut self, index: u32, outcome: Outcome, in_call: usize, again: &mut Again) {
        match outcome {
            Outcome::Delivered {
                external_id,
                detail,
            } => self.set(
                index,
                RowResult {
                    state: RecordState::Delivered,
                    external_id,
                    detail,
                    issue: None,
                },
            ),
            Outcome::Rejected {
                code,
                message,
                field,
            } => self.set(index, rejected(&code, &message, field)),
            Outcome::Retry {
                reason: RetryReason::Split,
                message,
                ..
            } => {
                if in_call == 1 {
                    self.set(index, rejected("call_refused", &message, None));
                }
            }
            Outcome::Retry {
                reason,
                message,
                retry_after_ms,
            } => {
                let code = match reason {
                    RetryReason::RateLimited => ErrorCode::RateLimited,
                    RetryReason::Transient | RetryReason::Split => ErrorCode::TargetUnavailable,
                };
                again.wait(Problem::new(code, message), retry_after_ms.unwrap_or(0));
            }
        }
    }

    fn set(&mut self, index: u32, result: RowResult) {
        if let Some(slot) = self.results.get_mut(index as usize) {
            *slot = Some(result);
        }
    }
}

impl Again {
    /// Notes a reason to wait; the longest wait that was asked for counts.
    fn wait(&mut self, problem: Problem, asked_ms: u64) {
        let longest = self.waiting.as_ref().map_or(0, |(_, ms)| *ms).max(asked_ms);
        self.waiting = Some((problem, longest));
    }
}

/// Whether the target says of itself that it cannot answer now. To be asked to slow down is an answer.
fn is_ill(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Retry {
            reason: RetryReason::Transient,
            ..
        }
    )
}

fn is_split(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Retry {
            reason: RetryReason::Split,
            ..
        }
    )
}

fn rejected(code: &str, message: &str, field: Option<String>) -> RowResult {
    let mut issue = Issue::error(
        Stage::Deliver,
        ErrorCode::TargetRejected,
        format!("the target answered {code}: {message}"),
    );
    issue.rule = Some(code.to_owned());
    issue.target_path = field;
    RowResult {
        state: RecordState::Rejected,
        external_id: None,
        detail: None,
        issue: Some(issue),
    }
}

fn uncertain(problem: &Problem) -> RowResult {
    let message = format!(
        "the call left, and whether it was carried out is not known: {}",
        problem.detail
    );
    RowResult {
        state: RecordState::Uncertain,
        external_id: None,
        detail: None,
        issue: Some(Issue::error(
            Stage::Deliver,
            ErrorCode::DeliveryUncertain,
            message,
        )),
    }
}
