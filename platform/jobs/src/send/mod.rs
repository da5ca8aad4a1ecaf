//! Sends what is to be sent of a mapped batch.
//!
//! Invariants: the intent is committed before the first call leaves; what may have arrived is sent
//! again only while the target recognises it or after it was asked, and under the key that it had; what
//! surely never left is not called sent.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use tributary_engine::deliver::{
    self, Delivery, Doubt, Manner, NotDelivered, Outgoing, OutgoingRow, Receipt, RowResult,
};
use tributary_engine::map::MappedRecord;
use tributary_mapping::Verdict;
use tributary_model::clock::UnixMillis;
use tributary_model::issue::{Issue, Stage};
use tributary_model::manifest::{Delivery as DeliveryTerms, DeliveryCapability};
use tributary_model::problem::Problem;
use tributary_model::state::RecordState;
use tributary_store::{Again, Announced, Batch, Fenced, Lease, SentAt, TargetFailure};

use crate::batch::{Keyed, Unfinished};
use crate::before::{self, Before, Known};
use crate::context::RunContext;
use crate::intent::Intent;
use crate::retry;
use crate::services::{Services, store_problem};
use crate::target::HostTarget;

/// Why a record is not sent again.
const LATE: &str = "the first try is too long ago for the target to recognise a resend";
const BLIND: &str = "it was sent before, and the target cannot recognise a resend";

/// For `lookup`, where nothing is said.
const DEFAULT_WAIT_MS: u64 = 60_000;

/// Number of a record's key, and when calls with it left, if that is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Numbered {
    pub(crate) resend: u32,
    pub(crate) sent: Option<SentAt>,
}

/// How a record leaves.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Leaving {
    /// the number of its key
    resend: u32,
    /// when calls with that key left, if any did and that is known
    sent: Option<SentAt>,
    /// such a call may have been done
    doubtful: bool,
    /// so long ago that the target must be asked first
    late: bool,
}

impl Leaving {
    /// What the index keeps: the first call is this attempt's, from `first_ms`, unless there was one before.
    fn numbered(self, first_ms: UnixMillis, last_ms: UnixMillis) -> Numbered {
        let first_ms = self.sent.map_or(first_ms, |sent| sent.first_ms);
        Numbered {
            resend: self.resend,
            sent: Some(SentAt { first_ms, last_ms }),
        }
    }
}

/// What came of sending.
#[derive(Default)]
pub(crate) struct Sent {
    /// by index in the batch
    pub(crate) results: BTreeMap<usize, RowResult>,
    /// the key of what was sent, now or in doubt, by index in the batch
    pub(crate) numbers: BTreeMap<usize, Numbered>,
    pub(crate) receipts: Vec<Receipt>,
    pub(crate) target_ms: u64,
    /// a call got a proper answer
    pub(crate) answered: bool,
    /// what the breaker is to be told
    pub(crate) failure: Option<(Problem, TargetFailure)>,
    /// the rest goes out again
    pub(crate) again: Option<Again>,
}

/// What is to be done about one mapped record.
#[derive(Debug, PartialEq)]
enum Step {
    Send(Leaving),
    /// it may have arrived, under the key with this number
    InDoubt(&'static str, Option<Numbered>),
    /// a later run has it
    Superseded,
}

/// Sends what is to be sent. Beyond the time for which the target remembers keys only records that
/// it never had go out; what may have arrived stays uncertain.
pub(crate) async fn send(
    services: &Services,
    context: &RunContext,
    lease: &Lease,
    batch: &Batch,
    (keyed, known): (&Keyed, &[Known]),
) -> Result<Fenced<Sent>, Unfinished> {
    let now_ms = services.clock.now_ms();
    let memory = Memory {
        window_ms: window_ms(terms(context).as_ref()),
        now_ms,
        blind: capability(context) == DeliveryCapability::None,
        asks_late: asks_late(context),
        intent: Intent::parse(batch.intent.as_deref())?,
        sent: sent_at(batch, now_ms),
    };
    let mut sent = Sent::default();
    let leaving = plan(&memory, keyed, known, &mut sent);
    if leaving.is_empty() {
        return Ok(Fenced::Done(sent));
    }
    let Fenced::Done(first_ms) = announce(context, lease, &memory.intent, keyed, &leaving).await?
    else {
        return Ok(Fenced::Lost);
    };
    let mut rows = Vec::with_capacity(leaving.len());
    for (index, record, _) in keyed.records() {
        if let Some(leaving) = leaving.get(&index).copied() {
            rows.push(outgoing(context, record, leaving, memory.now_ms));
        }
    }
    let places: Vec<usize> = leaving.keys().copied().collect();
    let delivery = match deliver_rows(context, keyed, &rows).await {
        Ok(delivery) => delivery,
        Err(late) if memory.blind && (late.known() || !sent.results.is_empty()) => {
            sent.again = again(lease, &late);
            partly(late)
        }
        Err(late) => return undelivered(services, context, lease, (batch, &leaving), late).await,
    };
    let record = delivery.record;
    let last_ms = last_ms(services, &leaving, record.left);
    for (index, leaving) in leaving {
        sent.numbers
            .insert(index, leaving.numbered(first_ms, last_ms));
    }
    sent.failure = failure(context, &record);
    sent.receipts = record.receipts;
    for receipt in &mut sent.receipts {
        in_batch(&mut receipt.rows, &places);
    }
    sent.answered = record.answered;
    sent.target_ms = record.target_ms;
    sent.results
        .extend(places.into_iter().zip(delivery.results));
    Ok(Fenced::Done(sent))
}

/// Decides about each mapped record: gives what leaves by index; the others have their result in `sent`.
fn plan(
    memory: &Memory,
    keyed: &Keyed,
    known: &[Known],
    sent: &mut Sent,
) -> BTreeMap<usize, Leaving> {
    let mut leaving = BTreeMap::new();
    for ((index, record, _), known) in keyed.records().zip(known) {
        if record.verdict != Verdict::Mapped {
            continue;
        }
        match memory.step(index, known) {
            None => {}
            Some(Step::Superseded) => {
                sent.results.insert(index, before::superseded());
            }
            Some(Step::InDoubt(why, number)) => {
                sent.results.insert(index, before::uncertain(why));
                sent.numbers.extend(number.map(|number| (index, number)));
            }
            Some(Step::Send(how)) => {
                leaving.insert(index, how);
            }
        }
    }
    leaving
}

/// Commits what is about to leave, beside what may have left before. Gives the time that counts for
/// the target's memory.
async fn announce(
    context: &RunContext,
    lease: &Lease,
    before: &Intent,
    keyed: &Keyed,
    leaving: &BTreeMap<usize, Leaving>,
) -> Result<Fenced<UnixMillis>, Problem> {
    let mut numbers = Vec::new();
    let mut records = Vec::new();
    for (index, record, key_hash) in keyed.records() {
        let now = leaving.get(&index).map(|leaving| leaving.resend);
        if let Some(resend) = now.or_else(|| before.resend(index)) {
            numbers.push((index, resend));
            records.push(Announced {
                key_hash: *key_hash,
                content_hash: record.content_hash,
                resend,
            });
        }
    }
    let intent = Intent::of(numbers.into_iter()).text();
    let committed = context.store.commit_intent(lease, &intent, &records).await;
    committed.map_err(|error| store_problem(&error))
}

/// Ends an attempt of which nothing is recorded: keeps what may have arrived, and until when calls left.
async fn undelivered(
    services: &Services,
    context: &RunContext,
    lease: &Lease,
    (batch, leaving): (&Batch, &BTreeMap<usize, Leaving>),
    late: NotDelivered,
) -> Result<Fenced<Sent>, Unfinished> {
    // a target that knows no keys: what it may have had would have an end state
    let blind = capability(context) == DeliveryCapability::None;
    let noted = if blind || (!late.record.left && batch.intent.is_none()) {
        withdraw(context, lease).await?
    } else {
        let last_ms = last_ms(services, leaving, late.record.left);
        calls_ended(context, lease, last_ms).await?
    };
    match noted {
        Fenced::Lost => Ok(Fenced::Lost),
        Fenced::Done(()) => Err(unfinished(late)),
    }
}

/// When the last call left by which a row of `leaving` may have arrived.
fn last_ms(services: &Services, leaving: &BTreeMap<usize, Leaving>, left: bool) -> UnixMillis {
    let before = leaving.values().filter_map(|leaving| leaving.sent);
    let before = before.map(|sent| sent.last_ms).max();
    before
        .filter(|_| !left)
        .unwrap_or_else(|| services.clock.now_ms())
}

async fn calls_ended(
    context: &RunContext,
    lease: &Lease,
    last_ms: UnixMillis,
) -> Result<Fenced<()>, Problem> {
    let noted = context.store.calls_ended(lease, last_ms).await;
    noted.map_err(|error| store_problem(&error))
}

async fn withdraw(context: &RunContext, lease: &Lease) -> Result<Fenced<()>, Problem> {
    let withdrawn = context.store.withdraw_intent(lease).await;
    withdrawn.map_err(|error| store_problem(&error))
}

/// When the batch's calls left whose outcome is not known. A worker that was lost, or had to stop, may have
/// sent its last one just now.
fn sent_at(batch: &Batch, now_ms: UnixMillis) -> Option<SentAt> {
    let last_ms = batch.last_sent_ms.unwrap_or(now_ms);
    batch
        .first_sent_ms
        .map(|first_ms| SentAt { first_ms, last_ms })
}

/// What is known of earlier calls of the batch, and what the target would make of a second one.
struct Memory {
    /// for how long a resend surely meets the target's memory, ms; `None`: for ever
    window_ms: Option<i64>,
    now_ms: UnixMillis,
    /// the target knows no keys
    blind: bool,
    /// it can be asked for what it may have forgotten
    asks_late: bool,
    /// calls that may have left and whose outcome is not recorded
    intent: Intent,
    /// when those left
    sent: Option<SentAt>,
}

impl Memory {
    /// `None`: there is nothing to send.
    fn step(&self, index: usize, known: &Known) -> Option<Step> {
        let doubtful = match &known.before {
            Before::Unchanged | Before::Recorded(_) => return None,
            Before::Superseded => return Some(Step::Superseded),
            Before::Doubtful => true,
            Before::Fresh | Before::Refused => false,
        };
        // a worker was lost between its calls and the commit
        let announced = self.intent.resend(index);
        // unless what became of those calls is known: the target has nothing of them
        let settled = |number: &u32| {
            known.before == Before::Refused && known.resend.is_some_and(|next| next > *number)
        };
        let announced = announced.filter(|number| !settled(number));
        let resend = announced.or(known.resend);
        if !doubtful && announced.is_none() {
            return Some(Step::Send(Leaving {
                resend: resend.unwrap_or(0),
                sent: None,
                doubtful: false,
                late: false,
            }));
        }
        let here = announced.and(self.sent);
        let sent = match (here, known.sent.filter(|_| doubtful)) {
            (Some(here), Some(there)) => Some(SentAt {
                first_ms: here.first_ms.min(there.first_ms),
                last_ms: here.last_ms.max(there.last_ms),
            }),
            (here, there) => here.or(there),
        };
        let number = resend.map(|resend| Numbered { resend, sent });
        let late = self.late(sent);
        Some(match resend {
            _ if late && !self.asks_late => Step::InDoubt(LATE, number),
            Some(resend) if !self.blind => Step::Send(Leaving {
                resend,
                sent,
                doubtful: true,
                late,
            }),
            _ => Step::InDoubt(BLIND, number),
        })
    }

    /// The target may have forgotten the key. Of calls from before times were kept nobody knows.
    fn late(&self, sent: Option<SentAt>) -> bool {
        let Some(window_ms) = self.window_ms else {
            return false;
        };
        sent.is_none_or(|sent| self.now_ms.saturating_sub(sent.first_ms) > window_ms)
    }
}

/// Beyond 80 % of the time for which the target remembers keys, a resend could double.
fn window_ms(terms: Option<&DeliveryTerms>) -> Option<i64> {
    let window_s = terms?.window_s?;
    Some(i64::try_from(window_s.saturating_mul(800)).unwrap_or(i64::MAX))
}

/// How long a call whose answer was lost may still be at work: at least as long as its answer is waited for.
fn wait_ms(terms: &DeliveryTerms, timeout_ms: u64) -> u64 {
    terms.wait_s.map_or_else(
        || DEFAULT_WAIT_MS.max(timeout_ms),
        |wait_s| wait_s.saturating_mul(1_000),
    )
}

/// For a target without memory for keys: what has an end state is recorded; what has none was surely
/// not done, so it goes out again, at once or by a redrive.
fn partly(late: NotDelivered) -> Delivery {
    let issue = Issue::error(Stage::Deliver, late.problem.code, late.problem.detail);
    let pending = RowResult {
        state: RecordState::Pending,
        external_id: None,
        detail: None,
        issue: Some(issue),
    };
    let results = late.results.into_iter();
    Delivery {
        results: results
            .map(|result| result.unwrap_or_else(|| pending.clone()))
            .collect(),
        record: late.record,
    }
}

/// When the rest of a batch goes out again by itself.
fn again(lease: &Lease, late: &NotDelivered) -> Option<Again> {
    if late.results.iter().all(Option::is_some) {
        return None;
    }
    let slow_down = retry::asked_to_wait(&late.problem);
    Some(Again {
        problem: late.problem.clone(),
        in_ms: retry::wait_ms(lease, &late.problem, late.retry_after_ms)?,
        slow_down,
    })
}

/// What the integration wants to happen when its target fails call after call.
fn failure(context: &RunContext, record: &deliver::Record) -> Option<(Problem, TargetFailure)> {
    let breaker = context.integration.delivery.breaker;
    let problem = record.failure.clone()?;
    (record.failed_calls > 0 && breaker.failed_calls > 0).then_some((
        problem,
        TargetFailure {
            failed_calls: record.failed_calls,
            answered: record.answered,
            pause_at: breaker.failed_calls,
            wait_ms: breaker.wait_ms,
            max_wait_ms: breaker.max_wait_ms,
            retry_in_ms: None,
        },
    ))
}

/// Places in the list of sent rows become places in the batch.
fn in_batch(rows: &mut Vec<u32>, places: &[usize]) {
    *rows = rows
        .iter()
        .filter_map(|row| u32::try_from(*places.get(*row as usize)?).ok())
        .collect();
}

fn unfinished(late: NotDelivered) -> Unfinished {
    Unfinished {
        problem: late.problem,
        retry_after_ms: late.retry_after_ms,
        failed_calls: late.record.failed_calls,
        answered: late.record.answered,
        goes_on: false,
    }
}

/// What the target makes of a resend.
fn terms(context: &RunContext) -> Option<DeliveryTerms> {
    let terms = context.target.connector.manifest().delivery.as_ref();
    terms.map(|terms| terms.under(&context.target.config))
}

/// Whether what the target may have forgotten is asked for.
fn asks_late(context: &RunContext) -> bool {
    context.target.connector.asks()
        && terms(context).is_some_and(|terms| {
            terms.lookup_after_window && terms.capability == DeliveryCapability::IdempotencyKey
        })
}

/// What cannot be asked is not asked: a configuration that wants it of such a connector sends nothing twice.
fn capability(context: &RunContext) -> DeliveryCapability {
    match terms(context).map_or(DeliveryCapability::None, |terms| terms.capability) {
        DeliveryCapability::Lookup if !context.target.connector.asks() => DeliveryCapability::None,
        capability => capability,
    }
}

fn outgoing(
    context: &RunContext,
    record: &MappedRecord,
    leaving: Leaving,
    now_ms: UnixMillis,
) -> OutgoingRow {
    let (key, content) = (&record.key, &record.content_hash);
    let age_ms = |sent: SentAt| u64::try_from(now_ms.saturating_sub(sent.last_ms)).unwrap_or(0);
    OutgoingRow {
        line: record.line.clone(),
        idempotency_key: context.scope.idempotency_key(key, content, leaving.resend),
        doubt: leaving.doubtful.then(|| Doubt {
            age_ms: leaving.sent.map(age_ms),
            forgotten: leaving.late,
        }),
    }
}

async fn deliver_rows(
    context: &RunContext,
    keyed: &Keyed,
    rows: &[OutgoingRow],
) -> Result<Delivery, NotDelivered> {
    let policy = context.integration.delivery;
    let target = HostTarget {
        side: &context.target,
        timeout_ms: policy.timeout_ms,
    };
    let terms = terms(context);
    let manner = Manner {
        policy,
        capability: capability(context),
        transient_not_done: terms.as_ref().is_some_and(|terms| terms.transient_not_done),
        wait_ms: terms.map_or(0, |terms| wait_ms(&terms, policy.timeout_ms)),
    };
    let batch = Outgoing {
        stream: &context.integration.source.stream,
        ndjson: &keyed.mapped.ndjson,
        rows,
    };
    deliver::deliver(&target, batch, manner).await
}
