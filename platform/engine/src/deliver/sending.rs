//! The loop that sends sets of rows until each has an end state, or nothing helps but waiting.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _};
use tributary_host::{Outcome, RetryReason, RowOutcome, SendError, TargetBatch, TargetCall};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::exchange::{Exchange, exchange};
use super::outcome::{Stop, delivered, fatal, forgotten, is_ill, is_split, rejected, uncertain};
use super::{Manner, Outgoing, OutgoingRow, Record, RowResult, Target, backoff, halves};

const LOST: &str = "the call left but its answer was lost";
const UNREADABLE: &str = "the call was answered but the answer cannot be understood";
const ILL: &str = "the target failed in the middle of the call";

/// A batch on its way.
pub(super) struct Sending<'a> {
    pub(super) target: &'a dyn Target,
    outgoing: Outgoing<'a>,
    pub(super) manner: Manner,
    pub(super) results: Vec<Option<RowResult>>,
    pub(super) record: Record,
    /// since when a call of the row is out that may have been done
    pub(super) doubts: Vec<Option<Since>>,
    /// the target may have forgotten the row's key, and was not asked yet
    pub(super) forgotten: Vec<bool>,
    /// the first thing that waiting does not mend
    pub(super) stop: Option<Stop>,
}

/// When a call left whose outcome is not known.
#[derive(Debug, Clone, Copy)]
pub(super) enum Since {
    /// so long before this batch was sent that nobody knows
    Ever,
    Instant(Instant),
}

/// Rows that must go out again, and why.
#[derive(Default)]
pub(super) struct Again {
    pub(super) sets: Vec<Vec<u32>>,
    waiting: Option<(Problem, u64)>,
}

impl<'a> Sending<'a> {
    pub(super) fn new(target: &'a dyn Target, outgoing: Outgoing<'a>, manner: Manner) -> Self {
        Self {
            target,
            outgoing,
            manner,
            results: vec![None; outgoing.rows.len()],
            record: Record::default(),
            doubts: outgoing.rows.iter().map(since).collect(),
            forgotten: outgoing.rows.iter().map(forgotten_key).collect(),
            stop: None,
        }
    }

    /// What became of each row, and what the target was seen to do.
    pub(super) fn into_parts(self) -> (Vec<Option<RowResult>>, Record) {
        (self.results, self.record)
    }

    pub(super) async fn run(&mut self) -> Result<(), Stop> {
        let all = 0..u32::try_from(self.outgoing.rows.len()).unwrap_or(u32::MAX);
        let mut sets = vec![all.collect::<Vec<u32>>()];
        let mut attempt = 1;
        loop {
            let mut again = Again::default();
            for set in sets {
                if !set.is_empty() && !self.ended() {
                    let set = self.ask(set, &mut again).await;
                    if !set.is_empty() && !self.ended() {
                        self.send_set(&set, &mut again).await;
                    }
                }
            }
            if let Some(stop) = self.stop.take() {
                return Err(stop);
            }
            if self.tripped() && self.results.iter().any(Option::is_none) {
                return Err(self.paused(attempt, again));
            }
            if again.sets.is_empty() {
                return Ok(());
            }
            if let Some((problem, asked_ms)) = again.waiting {
                let wait_ms = self.wait_ms(attempt, asked_ms);
                if attempt >= self.manner.policy.max_attempts
                    || wait_ms > self.manner.policy.max_backoff_ms
                {
                    return Err(Stop {
                        problem,
                        retry_after_ms: Some(wait_ms),
                    });
                }
                attempt += 1;
                tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            }
            sets = again.sets;
        }
    }

    /// Nothing more of the batch goes out now.
    fn ended(&self) -> bool {
        self.stop.is_some() || self.tripped()
    }

    /// The target has failed so often that only a pause helps.
    fn tripped(&self) -> bool {
        let most = self.manner.policy.breaker.failed_calls;
        most > 0 && self.record.failed_calls >= most
    }

    fn paused(&self, attempt: u32, again: Again) -> Stop {
        let (problem, asked_ms) = match (again.waiting, &self.record.failure) {
            (Some(waiting), _) => waiting,
            (None, Some(failure)) => (failure.clone(), 0),
            (None, None) => return forgotten(),
        };
        Stop {
            problem,
            retry_after_ms: Some(self.wait_ms(attempt, asked_ms)),
        }
    }

    fn wait_ms(&self, attempt: u32, asked_ms: u64) -> u64 {
        let first = self.outgoing.rows.first();
        let seed = first.map_or("", |row| row.idempotency_key.as_str());
        let jittered = backoff::jittered_ms(seed, attempt, self.manner.policy.max_backoff_ms);
        jittered.max(asked_ms)
    }

    async fn send_set(&mut self, set: &[u32], again: &mut Again) {
        let calls = match self.plan(set).await {
            Ok(calls) => calls,
            Err(stop) => {
                self.stop.get_or_insert(stop);
                return;
            }
        };
        let target = self.target;
        let limit = self.manner.policy.concurrency.max(1) as usize;
        let halt = AtomicBool::new(false);
        let mut answers = stream::iter(calls)
            .map(|call| async {
                match halt.load(Ordering::Relaxed) {
                    true => Err(call),
                    false => Ok(exchange(target, call).await),
                }
            })
            .buffer_unordered(limit);
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(exchange) => self.settle(set, exchange, again),
                Err(unsent) => again.sets.push(rows_of(&unsent, set)),
            }
            halt.store(self.ended(), Ordering::Relaxed);
        }
    }

    /// The calls for `set`; each of its rows is in exactly one of them.
    async fn plan(&self, set: &[u32]) -> Result<Vec<TargetCall>, Stop> {
        let (ndjson, keys) = self.batch_of(set);
        let batch = TargetBatch {
            stream: self.outgoing.stream,
            ndjson: &ndjson,
            rows: u32::try_from(set.len()).unwrap_or(u32::MAX),
            keys: &keys,
        };
        let calls = self.target.prepare(batch).await.map_err(fatal)?;
        let planned = calls.iter().flat_map(|call| call.rows.iter().copied());
        match each_once(planned, set.len()) {
            true => Ok(calls),
            false => Err(forgotten()),
        }
    }

    /// The stream that the rows are of.
    pub(super) fn stream(&self) -> &'a str {
        self.outgoing.stream
    }

    /// The rows of `set` as a batch of their own; the whole batch is not copied line by line.
    pub(super) fn batch_of(&self, set: &[u32]) -> (Vec<u8>, Vec<String>) {
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

    fn settle(&mut self, set: &[u32], exchange: Exchange, again: &mut Again) {
        let rows = rows_of(&exchange.call, set);
        // whatever the connector promises: a server that failed in the middle may have done its work
        let manner = Manner {
            transient_not_done: self.manner.transient_not_done && !exchange.leaves_open(),
            ..self.manner
        };
        self.record.target_ms += exchange.duration_ms;
        self.record.receipts.push(exchange.receipt(&rows));
        match exchange.result {
            Err(lost) => self.not_answered(rows, lost, again),
            Ok(outcomes) => match outcomes.map(|outcomes| in_order(&exchange.call, outcomes)) {
                Ok(Some(outcomes)) => self.place_all(&rows, outcomes, manner, again),
                Ok(None) => self.not_understood(&rows, forgotten()),
                // The target can be asked what it has done.
                Err(problem) if manner.asks() && problem.code == ErrorCode::TargetAnswer => {
                    self.record.left = true;
                    self.in_doubt(&rows);
                    again.sets.push(rows);
                    again.wait(problem, 0);
                }
                Err(problem) => {
                    let retry_after_ms = problem.transient().then(|| self.wait_ms(1, 0));
                    let stop = Stop {
                        problem,
                        retry_after_ms,
                    };
                    self.not_understood(&rows, stop);
                }
            },
        }
    }

    fn not_answered(&mut self, rows: Vec<u32>, lost: SendError, again: &mut Again) {
        self.record.left |= lost.sent;
        if lost.problem.transient() {
            self.record.failed_calls += 1;
            self.record.failure = Some(lost.problem.clone());
        }
        if lost.sent {
            self.in_doubt(&rows);
        }
        if lost.sent && self.manner.blind() {
            self.doubt(&rows, LOST, &lost.problem);
        } else if lost.problem.transient() {
            let asked_ms = lost.problem.retry_after_ms.unwrap_or(0);
            again.sets.push(rows);
            again.wait(lost.problem, asked_ms);
        } else {
            self.stop.get_or_insert(fatal(lost.problem));
        }
    }

    /// The target may have done all of it or nothing.
    fn not_understood(&mut self, rows: &[u32], stop: Stop) {
        self.record.left = true;
        self.in_doubt(rows);
        if self.manner.blind() {
            self.doubt(rows, UNREADABLE, &stop.problem);
        }
        self.stop.get_or_insert(stop);
    }

    fn doubt(&mut self, rows: &[u32], why: &str, problem: &Problem) {
        for row in rows {
            self.set(*row, uncertain(why, problem));
        }
    }

    /// Takes over the outcomes of a call's rows, in the same order.
    fn place_all(
        &mut self,
        rows: &[u32],
        outcomes: Vec<Outcome>,
        manner: Manner,
        again: &mut Again,
    ) {
        if outcomes.iter().any(is_ill) {
            self.record.failed_calls += 1;
        } else {
            self.record.failed_calls = 0;
            self.record.failure = None;
            self.record.answered = true;
        }
        self.record.left |= outcomes.iter().any(|outcome| !manner.not_done(outcome));
        let refused = outcomes.iter().any(is_split);
        for (index, outcome) in rows.iter().zip(outcomes) {
            self.place(*index, outcome, (rows.len(), manner), again);
        }
        halves::open_rows(&mut again.sets, rows, &self.results, refused);
    }

    fn place(
        &mut self,
        index: u32,
        outcome: Outcome,
        (in_call, manner): (usize, Manner),
        again: &mut Again,
    ) {
        let (reason, message, asked_ms) = match outcome {
            Outcome::Delivered {
                external_id,
                detail,
            } => return self.set(index, delivered(external_id, detail)),
            Outcome::Rejected {
                code,
                message,
                field,
            } => return self.set(index, rejected(&code, &message, field)),
            Outcome::Retry {
                reason,
                message,
                retry_after_ms,
            } => (reason, message, retry_after_ms.unwrap_or(0)),
        };
        match reason {
            RetryReason::Split if in_call == 1 => {
                self.set(index, rejected("call_refused", &message, None));
            }
            RetryReason::Split => {}
            RetryReason::RateLimited => {
                again.wait(Problem::new(ErrorCode::RateLimited, message), asked_ms);
            }
            RetryReason::Transient => {
                let problem = Problem::new(ErrorCode::TargetUnavailable, message);
                self.record.failure = Some(problem.clone());
                if !manner.transient_not_done {
                    self.in_doubt(&[index]);
                }
                if manner.blind() && !manner.transient_not_done {
                    self.set(index, uncertain(ILL, &problem));
                } else {
                    again.wait(problem, asked_ms);
                }
            }
        }
    }

    /// A call of these rows may have been done: the first such call counts.
    fn in_doubt(&mut self, rows: &[u32]) {
        for row in rows {
            if let Some(doubt) = self.doubts.get_mut(*row as usize) {
                doubt.get_or_insert(Since::Instant(Instant::now()));
            }
        }
    }

    pub(super) fn set(&mut self, index: u32, result: RowResult) {
        if let Some(slot) = self.results.get_mut(index as usize) {
            *slot = Some(result);
        }
    }
}

impl Again {
    /// Notes a reason to wait; the longest wait that was asked for counts.
    pub(super) fn wait(&mut self, problem: Problem, asked_ms: u64) {
        let longest = self.waiting.as_ref().map_or(0, |(_, ms)| *ms).max(asked_ms);
        self.waiting = Some((problem, longest));
    }
}

fn forgotten_key(row: &OutgoingRow) -> bool {
    row.doubt.is_some_and(|doubt| doubt.forgotten)
}

fn since(row: &OutgoingRow) -> Option<Since> {
    let doubt = row.doubt?;
    let left = doubt
        .age_ms
        .and_then(|age_ms| Instant::now().checked_sub(Duration::from_millis(age_ms)));
    Some(left.map_or(Since::Ever, Since::Instant))
}

/// The batch's rows that a call of `set` carries.
pub(super) fn rows_of(call: &TargetCall, set: &[u32]) -> Vec<u32> {
    let rows = call.rows.iter();
    rows.filter_map(|row| set.get(*row as usize).copied())
        .collect()
}

/// Whether `rows` are the numbers from 0 to `count`, each once, in any order.
pub(super) fn each_once(rows: impl Iterator<Item = u32>, count: usize) -> bool {
    let mut seen = vec![false; count];
    for row in rows {
        match seen.get_mut(row as usize) {
            Some(seen) if !*seen => *seen = true,
            _ => return false,
        }
    }
    seen.into_iter().all(|seen| seen)
}

/// The outcomes in the order of the call's rows; `None` unless there is one for each.
fn in_order(call: &TargetCall, outcomes: Vec<RowOutcome>) -> Option<Vec<Outcome>> {
    if outcomes.len() != call.rows.len() {
        return None;
    }
    let mut by_row: std::collections::BTreeMap<u32, Outcome> = outcomes
        .into_iter()
        .map(|outcome| (outcome.row, outcome.outcome))
        .collect();
    call.rows.iter().map(|row| by_row.remove(row)).collect()
}
