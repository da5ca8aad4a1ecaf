//! What is known of a batch's records before they are sent: from the index (earlier runs) and,
//! when the batch is redriven, from its own earlier attempt.
//!
//! Invariants: what was delivered with the same content is never sent again, whatever the target
//! remembers; a redriven batch carries such results over, so that its report is as whole as that
//! of a batch that went well at once.

use std::borrow::Cow;
use std::collections::HashMap;

use tributary_engine::deliver::RowResult;
use tributary_engine::results::ResultLine;
use tributary_mapping::Verdict;
use tributary_model::error_code::ErrorCode;
use tributary_model::issue::{Issue, Severity, Stage, shorten};
use tributary_model::problem::Problem;
use tributary_model::state::RecordState;
use tributary_store::{Batch, Seen, SentAt, StoredOutcome};

use crate::batch::Keyed;
use crate::context::RunContext;
use crate::objects;
use crate::services::{Services, store_problem};

/// Characters of a key that the ledger keeps.
pub(crate) const KEY_CHARACTERS: usize = 200;

/// What is known of one record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Before {
    /// nothing, or other content was delivered
    Fresh,
    /// the target refused this content, so it has nothing of it
    Refused,
    /// this content was sent and the answer lost
    Doubtful,
    /// an earlier run delivered this content
    Unchanged,
    /// an earlier attempt of this batch has an end state for this content: it was delivered, or refused
    /// since the run was started or redriven; with what the target said
    Recorded(Box<RowResult>),
    /// a later run has read the record: what this one has is older
    Superseded,
}

/// What is known of one record, and the number for its next key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known {
    pub(crate) before: Before,
    /// `None`: what was sent of it went out with a number that is not known any more
    pub(crate) resend: Option<u32>,
    /// of a record in doubt: when calls with that number left, if it is known
    pub(crate) sent: Option<SentAt>,
}

/// What is known of each record of the batch, in its order.
pub(crate) async fn known(
    services: &Services,
    context: &RunContext,
    batch: &Batch,
    keyed: &Keyed,
) -> Result<Vec<Known>, Problem> {
    let mut known = indexed(context, keyed).await?;
    if batch.epoch.is_none() {
        return Ok(known);
    }
    let outcomes = context
        .store
        .batch_outcomes(&context.run.id, batch.partition, batch.no)
        .await
        .map_err(|error| store_problem(&error))?;
    let mut lines = result_lines(services, context, batch).await?;
    // a refusal from before a redrive is what the redrive is for
    let this_try = batch.recorded_ms >= context.run.attempt_started_ms;
    for outcome in outcomes {
        let index = outcome.ordinal as usize;
        let line = lines.get_mut(index).and_then(Option::take);
        if let (Some(slot), Some(record)) = (known.get_mut(index), keyed.mapped.records.get(index))
            && record.verdict == Verdict::Mapped
            && outcome.content_hash == record.content_hash
            && outcome.key == shorten(&record.key, KEY_CHARACTERS)
            && let Some(earlier) = earlier(outcome, line, this_try)
        {
            if slot.before == Before::Superseded && !matches!(earlier, Before::Recorded(_)) {
                continue;
            }
            let doubtful = earlier == Before::Doubtful;
            // the doubt was cleared up since, by a later answer or by a person
            if doubtful && matches!(slot.before, Before::Unchanged | Before::Refused) {
                continue;
            }
            // its key is that of the doubt, or it cannot be recognised
            if doubtful && slot.before != Before::Doubtful {
                (slot.resend, slot.sent) = (None, None);
            }
            slot.before = earlier;
        }
    }
    Ok(known)
}

/// What the batch's last finished attempt says of a record with the same key and content.
/// `this_try`: since the run was started or redriven.
fn earlier(
    outcome: StoredOutcome,
    line: Option<ResultLine<'static>>,
    this_try: bool,
) -> Option<Before> {
    match outcome.state {
        RecordState::Rejected if !this_try => Some(Before::Refused),
        RecordState::Delivered | RecordState::Rejected => {
            let (detail, issues) =
                line.map_or((None, Vec::new()), |line| (line.detail, line.issues));
            // what the mapping says of the record, it says again
            let said = |issue: &Issue| issue.stage == Stage::Deliver;
            Some(Before::Recorded(Box::new(RowResult {
                state: outcome.state,
                external_id: outcome.external_id,
                detail: detail.map(Cow::into_owned),
                issue: issues.into_iter().find(said),
            })))
        }
        RecordState::Uncertain => Some(Before::Doubtful),
        _ => None,
    }
}

/// The result lines of the batch's last finished attempt, by ordinal.
async fn result_lines(
    services: &Services,
    context: &RunContext,
    batch: &Batch,
) -> Result<Vec<Option<ResultLine<'static>>>, Problem> {
    let Some(object) = &batch.objects.results else {
        return Ok(Vec::new());
    };
    let bytes = objects::get(services, context, object).await?;
    serde_json::Deserializer::from_slice(&bytes)
        .into_iter::<ResultLine<'_>>()
        .map(|line| {
            line.map(Some).map_err(|error| {
                let detail = format!("the results of an earlier attempt cannot be read: {error}");
                Problem::new(ErrorCode::StorageFailed, detail)
            })
        })
        .collect()
}

/// What earlier runs and other batches left in the index.
async fn indexed(context: &RunContext, keyed: &Keyed) -> Result<Vec<Known>, Problem> {
    let wanted: Vec<[u8; 32]> = keyed
        .records()
        .filter(|(_, record, _)| record.verdict == Verdict::Mapped)
        .map(|(_, _, hash)| *hash)
        .collect();
    let seen = if wanted.is_empty() {
        Vec::new()
    } else {
        context
            .store
            .records_seen(&context.integration.name, &wanted)
            .await
            .map_err(|error| store_problem(&error))?
    };
    let seen: HashMap<[u8; 32], Seen> =
        seen.into_iter().map(|seen| (seen.key_hash, seen)).collect();
    let known = keyed
        .records()
        .map(|(_, record, hash)| match seen.get(hash) {
            Some(seen) if record.verdict == Verdict::Mapped => {
                before(seen, context.run.no, &record.content_hash)
            }
            _ => Known {
                before: Before::Fresh,
                resend: Some(0),
                sent: None,
            },
        });
    Ok(known.collect())
}

/// What the index says of a record with this content. Only a content in doubt goes out under its old
/// key; everything else that was sent before gets a new one: a target that remembers keys would
/// answer the old one with what it said then, and not do what is asked now.
fn before(seen: &Seen, run_no: u64, content_hash: &[u8; 32]) -> Known {
    let same = seen.content_hash == *content_hash;
    let reached = matches!(
        seen.state,
        RecordState::Delivered | RecordState::Uncertain | RecordState::Rejected
    );
    // outcomes from before numbers were kept had the number 0
    let last = seen.resend.or(reached.then_some(0));
    let next = last.map_or(0, |last| last.saturating_add(1));
    let (before, resend, sent) = match seen.state {
        RecordState::Delivered if same => (Before::Unchanged, Some(next), None),
        _ if seen.run_no > run_no => (Before::Superseded, None, None),
        RecordState::Uncertain if same => (Before::Doubtful, seen.held_resend.or(last), seen.sent),
        RecordState::Rejected if same => (Before::Refused, Some(next), None),
        _ => (Before::Fresh, Some(next), None),
    };
    Known {
        before,
        resend,
        sent,
    }
}

/// The result of a record of which a later run has a newer version.
pub(crate) fn superseded() -> RowResult {
    let mut issue = Issue::error(
        Stage::Deliver,
        ErrorCode::RecordSuperseded,
        "a later run has read this record, so what this run has of it is older and was not sent",
    );
    issue.severity = Severity::Warning;
    RowResult::failed(RecordState::Skipped, issue)
}

/// The result of a record that is not sent because a resend could double it.
pub(crate) fn uncertain(why: &str) -> RowResult {
    RowResult::failed(
        RecordState::Uncertain,
        Issue::error(Stage::Deliver, ErrorCode::DeliveryUncertain, why),
    )
}

#[cfg(test)]
mod tests {
    use tributary_model::id::RunId;

    use super::*;

    fn seen(
        content: u8,
        state: RecordState,
        resend: Option<u32>,
        held_resend: Option<u32>,
    ) -> Seen {
        Seen {
            key_hash: [0; 32],
            content_hash: [content; 32],
            state,
            resend,
            held_resend,
            sent: Some(SentAt {
                first_ms: 77,
                last_ms: 99,
            }),
            run: RunId::parse("run_01890000000070008000000000000000").unwrap(),
            run_no: 4,
        }
    }

    #[test]
    fn a_content_that_comes_back_has_a_key_of_its_own() {
        use RecordState::{Delivered, Quarantined, Rejected, Uncertain};
        let next = |seen: Seen, content: u8| {
            let known = before(&seen, 5, &[content; 32]);
            (known.before, known.resend)
        };
        // delivered 1, then 2 (number 1): content 1 again must not meet its first key
        assert_eq!(
            next(seen(2, Delivered, Some(1), Some(1)), 1),
            (Before::Fresh, Some(2))
        );
        assert_eq!(
            next(seen(2, Delivered, Some(1), Some(1)), 2).0,
            Before::Unchanged
        );
        // refused: the target may have kept its refusal under the key
        assert_eq!(
            next(seen(1, Rejected, Some(0), None), 1),
            (Before::Refused, Some(1))
        );
        // in doubt: the same key, also when another content was refused since
        assert_eq!(
            next(seen(1, Uncertain, Some(3), Some(2)), 1),
            (Before::Doubtful, Some(2))
        );
        // never sent
        assert_eq!(
            next(seen(1, Quarantined, None, None), 1),
            (Before::Fresh, Some(0))
        );
        // from before numbers were kept
        assert_eq!(
            next(seen(1, Delivered, None, None), 2),
            (Before::Fresh, Some(1))
        );
    }

    #[test]
    fn an_older_run_sends_nothing_over_what_a_later_one_has() {
        use RecordState::{Delivered, Quarantined, Rejected, Uncertain};
        for state in [Delivered, Uncertain, Rejected, Quarantined] {
            let seen = seen(2, state, Some(1), Some(1));
            assert_eq!(before(&seen, 3, &[1; 32]).before, Before::Superseded);
            assert_eq!(before(&seen, 4, &[1; 32]).before, Before::Fresh, "its own");
        }
        let same = seen(1, Delivered, Some(1), Some(1));
        assert_eq!(before(&same, 3, &[1; 32]).before, Before::Unchanged);
        let doubt = before(&seen(1, Uncertain, Some(1), Some(1)), 5, &[1; 32]);
        let sent = doubt.sent.map(|sent| (sent.first_ms, sent.last_ms));
        assert_eq!(
            sent,
            Some((77, 99)),
            "when its window began, and its last call"
        );
    }
    #[test]
    fn what_was_refused_in_this_try_is_not_sent_again() {
        let stored = |state| StoredOutcome {
            ordinal: 0,
            key: "a".to_owned(),
            content_hash: [1; 32],
            state,
            external_id: None,
        };
        let issue = |stage| Issue::error(stage, ErrorCode::TargetRejected, "no such account");
        let line = ResultLine {
            key: "a".into(),
            state: RecordState::Rejected,
            source: "orders.csv".into(),
            position: tributary_model::rows::RowPosition { line: 2, offset: 9 },
            external_id: None,
            detail: None,
            issues: vec![issue(Stage::Map), issue(Stage::Deliver)],
        };
        let now = earlier(stored(RecordState::Rejected), Some(line.clone()), true);
        let kept = RowResult::failed(RecordState::Rejected, issue(Stage::Deliver));
        assert_eq!(now, Some(Before::Recorded(Box::new(kept))));
        let redriven = earlier(stored(RecordState::Rejected), Some(line), false);
        assert_eq!(redriven, Some(Before::Refused));
        let uncertain = earlier(stored(RecordState::Uncertain), None, true);
        assert_eq!(uncertain, Some(Before::Doubtful));
        assert_eq!(earlier(stored(RecordState::Pending), None, true), None);
    }
}
