//! Sends what is to be sent of a mapped batch.
//!
//! Invariants: the intent is committed before the first call leaves; what may have arrived is sent
//! again only while the target recognises it, and under the key that it had.

use std::collections::BTreeMap;

use tributary_engine::deliver::{
    self, Delivery, Manner, NotDelivered, Outgoing, OutgoingRow, Receipt, RowResult,
};
use tributary_engine::map::MappedRecord;
use tributary_mapping::Verdict;
use tributary_model::clock::UnixMillis;
use tributary_model::issue::{Issue, Stage};
use tributary_model::manifest::{Delivery as DeliveryTerms, DeliveryCapability};
use tributary_model::state::RecordState;
use tributary_store::{Batch, Fenced, Lease};

use crate::batch::{Keyed, Unfinished};
use crate::before::{self, Before, Known};
use crate::context::RunContext;
use crate::intent::Intent;
use crate::services::{Services, store_problem};
use crate::target::HostTarget;

/// Why a record is not sent again.
const LATE: &str = "the first try is too long ago for the target to recognise a resend";
const BLIND: &str = "it was sent before, and the target cannot recognise a resend";

/// What came of sending.
#[derive(Default)]
pub(crate) struct Sent {
    /// by index in the batch
    pub(crate) results: BTreeMap<usize, RowResult>,
    /// number of the key of what was sent, now or in doubt, by index in the batch
    pub(crate) resends: BTreeMap<usize, u32>,
    pub(crate) receipts: Vec<Receipt>,
    pub(crate) target_ms: u64,
}

/// What is to be done about one mapped record.
#[derive(Debug, PartialEq)]
enum Step {
    Send(u32),
    /// it may have arrived, under the key with this number
    InDoubt(&'static str, Option<u32>),
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
    let terms = terms(context);
    let late = too_late(terms.as_ref(), batch.first_sent_ms, services.clock.now_ms());
    let memory = Memory {
        late,
        blind: capability(context) == DeliveryCapability::None,
        intent: Intent::parse(batch.intent.as_deref())?,
    };
    let mut sent = Sent::default();
    let mut rows = Vec::new();
    for ((index, record, _), known) in keyed.records().zip(known) {
        if record.verdict != Verdict::Mapped {
            continue;
        }
        match memory.step(index, known) {
            None => {}
            Some(Step::InDoubt(why, resend)) => {
                sent.results.insert(index, before::uncertain(why));
                sent.resends.extend(resend.map(|resend| (index, resend)));
            }
            Some(Step::Send(resend)) => {
                sent.resends.insert(index, resend);
                rows.push((index, outgoing(context, record, resend)));
            }
        }
    }
    if rows.is_empty() {
        return Ok(Fenced::Done(sent));
    }
    let leaving = rows.iter().map(|(index, _)| *index);
    let numbered = leaving.filter_map(|index| Some((index, *sent.resends.get(&index)?)));
    let intent = context
        .store
        .commit_intent(lease, &Intent::of(numbered).text())
        .await
        .map_err(|error| store_problem(&error))?;
    if matches!(intent, Fenced::Lost) {
        return Ok(Fenced::Lost);
    }
    let (places, rows): (Vec<usize>, Vec<OutgoingRow>) = rows.into_iter().unzip();
    let delivery = match deliver_rows(context, keyed, &rows).await {
        Ok(delivery) => delivery,
        Err(late) if memory.blind => match settled(&late) {
            Some(part) => part,
            None => {
                let withdrawn = context.store.withdraw_intent(lease).await;
                if matches!(
                    withdrawn.map_err(|error| store_problem(&error))?,
                    Fenced::Lost
                ) {
                    return Ok(Fenced::Lost);
                }
                return Err(unfinished(late));
            }
        },
        Err(late) => return Err(unfinished(late)),
    };
    sent.results
        .extend(places.into_iter().zip(delivery.results));
    sent.receipts = delivery.receipts;
    sent.target_ms = delivery.target_ms;
    Ok(Fenced::Done(sent))
}

/// What is known of earlier calls of the batch, and what the target would make of a second one.
struct Memory {
    /// the target may have forgotten the keys of the first try
    late: bool,
    /// the target knows no keys
    blind: bool,
    /// calls that may have left and whose outcome is not recorded
    intent: Intent,
}

impl Memory {
    /// `None`: there is nothing to send.
    fn step(&self, index: usize, known: &Known) -> Option<Step> {
        let announced = self.intent.resend(index);
        let resend = announced.or(known.resend);
        Some(match known.before {
            Before::Unchanged | Before::Delivered(_) => return None,
            Before::Fresh | Before::Doubtful if self.late => Step::InDoubt(LATE, resend),
            Before::Doubtful if self.blind => Step::InDoubt(BLIND, resend),
            // a worker was lost between its calls and the commit
            Before::Fresh | Before::Refused if self.blind && announced.is_some() => {
                Step::InDoubt(BLIND, resend)
            }
            Before::Fresh | Before::Refused => Step::Send(resend.unwrap_or(0)),
            Before::Doubtful => match resend {
                Some(resend) => Step::Send(resend),
                None => Step::InDoubt(BLIND, None),
            },
        })
    }
}

/// For a target without memory for keys: what has an end state is recorded, and what has none was
/// surely not done, so it waits for a redrive. `None`: nothing has an end state.
fn settled(late: &NotDelivered) -> Option<Delivery> {
    if late.results.iter().all(Option::is_none) {
        return None;
    }
    let issue = Issue::error(
        Stage::Deliver,
        late.problem.code,
        late.problem.detail.clone(),
    );
    let pending = RowResult {
        state: RecordState::Pending,
        external_id: None,
        detail: None,
        issue: Some(issue),
    };
    let results = late.results.iter().cloned();
    Some(Delivery {
        results: results
            .map(|result| result.unwrap_or_else(|| pending.clone()))
            .collect(),
        receipts: late.receipts.clone(),
        target_ms: 0,
    })
}

fn unfinished(late: NotDelivered) -> Unfinished {
    Unfinished {
        problem: late.problem,
        retry_after_ms: late.retry_after_ms,
        failed_calls: late.failed_calls,
    }
}

/// What the target makes of a resend.
fn terms(context: &RunContext) -> Option<DeliveryTerms> {
    let terms = context.target.connector.manifest().delivery.as_ref();
    terms.map(|terms| terms.under(&context.target.config))
}

fn capability(context: &RunContext) -> DeliveryCapability {
    terms(context).map_or(DeliveryCapability::None, |terms| terms.capability)
}

fn outgoing(context: &RunContext, record: &MappedRecord, resend: u32) -> OutgoingRow {
    let (key, content) = (&record.key, &record.content_hash);
    OutgoingRow {
        line: record.line.clone(),
        idempotency_key: context.scope.idempotency_key(key, content, resend),
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
    let manner = Manner {
        policy,
        capability: capability(context),
    };
    let batch = Outgoing {
        stream: &context.integration.source.stream,
        ndjson: &keyed.mapped.ndjson,
        rows,
    };
    deliver::deliver(&target, batch, manner).await
}

/// Beyond 80 % of the time for which the target remembers keys, a resend could double.
fn too_late(
    terms: Option<&DeliveryTerms>,
    first_sent_ms: Option<UnixMillis>,
    now_ms: UnixMillis,
) -> bool {
    let window_s = terms.and_then(|terms| terms.window_s);
    let (Some(window_s), Some(first_sent_ms)) = (window_s, first_sent_ms) else {
        return false;
    };
    let safe_ms = i64::try_from(window_s.saturating_mul(800)).unwrap_or(i64::MAX);
    now_ms.saturating_sub(first_sent_ms) > safe_ms
}

#[cfg(test)]
mod tests {
    use tributary_model::error_code::ErrorCode;
    use tributary_model::problem::Problem;

    use super::*;

    #[test]
    fn a_resend_is_too_late_when_most_of_the_targets_memory_has_passed() {
        let terms = |window_s| DeliveryTerms {
            capability: DeliveryCapability::IdempotencyKey,
            window_s,
            max_rows_per_call: 100,
            by_config: None,
        };
        let day = terms(Some(86_400));
        let (first, hour_ms) = (1_000_000, 3_600_000);
        let late = |hours: i64| too_late(Some(&day), Some(first), first + hours * hour_ms);
        assert!(!late(19));
        assert!(late(20), "also in the first try after a redrive");
        assert!(!too_late(Some(&day), None, first), "never sent");
        assert!(!too_late(Some(&terms(None)), Some(0), i64::MAX));
        assert!(!too_late(None, Some(0), i64::MAX));
    }

    #[test]
    fn a_target_without_memory_is_never_sent_what_it_may_have() {
        let known = |before, resend| Known { before, resend };
        let memory = |blind, intent: &str| Memory {
            late: false,
            blind,
            intent: Intent::parse(Some(intent)).unwrap(),
        };
        let (crashed, calm) = ("[[0,4,2]]", "[]");
        let fresh = known(Before::Fresh, Some(7));
        let step = |blind, intent, known: &Known| memory(blind, intent).step(3, known).unwrap();
        assert_eq!(step(true, crashed, &fresh), Step::InDoubt(BLIND, Some(2)));
        assert_eq!(step(true, calm, &fresh), Step::Send(7));
        assert_eq!(step(false, crashed, &fresh), Step::Send(2), "the same key");
        assert_eq!(step(false, calm, &fresh), Step::Send(7));
        let doubt = known(Before::Doubtful, Some(1));
        assert_eq!(step(true, calm, &doubt), Step::InDoubt(BLIND, Some(1)));
        assert_eq!(step(false, calm, &doubt), Step::Send(1));
        let lost = known(Before::Doubtful, None);
        assert_eq!(step(false, calm, &lost), Step::InDoubt(BLIND, None));
        let refused = known(Before::Refused, Some(1));
        assert_eq!(step(true, calm, &refused), Step::Send(1));
        assert_eq!(
            memory(true, crashed).step(3, &known(Before::Unchanged, None)),
            None
        );
    }

    #[test]
    fn of_a_half_delivered_batch_the_rest_is_pending() {
        let delivered = RowResult {
            state: RecordState::Delivered,
            external_id: None,
            detail: None,
            issue: None,
        };
        let late = |results| NotDelivered {
            problem: Problem::new(ErrorCode::TargetUnavailable, "down"),
            retry_after_ms: None,
            failed_calls: 1,
            results,
            receipts: Vec::new(),
        };
        assert!(settled(&late(vec![None, None])).is_none());
        let part = settled(&late(vec![None, Some(delivered)])).unwrap();
        let states: Vec<RecordState> = part.results.iter().map(|result| result.state).collect();
        assert_eq!(states, [RecordState::Pending, RecordState::Delivered]);
    }
}
