//! Sends what is to be sent of a mapped batch.
//!
//! Invariants: the intent is committed before the first call leaves; what may have arrived is sent
//! again only while the target recognises it.

use std::collections::BTreeMap;

use tributary_engine::deliver::{
    self, Delivery, Manner, Outgoing, OutgoingRow, Receipt, RowResult,
};
use tributary_engine::map::MappedRecord;
use tributary_mapping::Verdict;
use tributary_model::clock::UnixMillis;
use tributary_model::manifest::{Delivery as DeliveryTerms, DeliveryCapability};
use tributary_store::{Batch, Fenced, Lease};

use crate::batch::{Keyed, Unfinished};
use crate::before::{self, Before};
use crate::context::RunContext;
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
    pub(crate) receipts: Vec<Receipt>,
    pub(crate) target_ms: u64,
}

/// Sends what is to be sent. Beyond the time for which the target remembers keys only records that
/// it never had go out; what may have arrived stays uncertain.
pub(crate) async fn send(
    services: &Services,
    context: &RunContext,
    lease: &Lease,
    batch: &Batch,
    (keyed, known): (&Keyed, &[Before]),
) -> Result<Fenced<Sent>, Unfinished> {
    let terms = context.target.connector.manifest().delivery.as_ref();
    let late = too_late(terms, batch.first_sent_ms, services.clock.now_ms());
    let blind = capability(context) == DeliveryCapability::None;
    let mut sent = Sent::default();
    let mut rows = Vec::new();
    for ((index, record, _), before) in keyed.records().zip(known) {
        if record.verdict != Verdict::Mapped {
            continue;
        }
        match before {
            Before::Unchanged | Before::Delivered(_) => {}
            Before::Fresh | Before::Doubtful if late => {
                sent.results.insert(index, before::uncertain(LATE));
            }
            Before::Doubtful if blind => {
                sent.results.insert(index, before::uncertain(BLIND));
            }
            Before::Fresh | Before::Doubtful | Before::Refused => {
                rows.push((index, outgoing(context, record)));
            }
        }
    }
    if rows.is_empty() {
        return Ok(Fenced::Done(sent));
    }
    let intent = context
        .store
        .commit_intent(lease)
        .await
        .map_err(|error| store_problem(&error))?;
    if matches!(intent, Fenced::Lost) {
        return Ok(Fenced::Lost);
    }
    let (places, rows): (Vec<usize>, Vec<OutgoingRow>) = rows.into_iter().unzip();
    let delivery = deliver_rows(context, keyed, &rows).await?;
    sent.results
        .extend(places.into_iter().zip(delivery.results));
    sent.receipts = delivery.receipts;
    sent.target_ms = delivery.target_ms;
    Ok(Fenced::Done(sent))
}

fn capability(context: &RunContext) -> DeliveryCapability {
    let terms = context.target.connector.manifest().delivery.as_ref();
    terms.map_or(DeliveryCapability::None, |terms| terms.capability)
}

fn outgoing(context: &RunContext, record: &MappedRecord) -> OutgoingRow {
    let key = &record.key;
    OutgoingRow {
        line: record.line.clone(),
        idempotency_key: context.scope.idempotency_key(key, &record.content_hash, 0),
    }
}

async fn deliver_rows(
    context: &RunContext,
    keyed: &Keyed,
    rows: &[OutgoingRow],
) -> Result<Delivery, Unfinished> {
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
    deliver::deliver(&target, batch, manner)
        .await
        .map_err(|late| Unfinished {
            problem: late.problem,
            retry_after_ms: late.retry_after_ms,
        })
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
    use super::*;

    #[test]
    fn a_resend_is_too_late_when_most_of_the_targets_memory_has_passed() {
        let terms = |window_s| DeliveryTerms {
            capability: DeliveryCapability::IdempotencyKey,
            window_s,
            max_rows_per_call: 100,
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
}
