//! What is known of a batch's records before they are sent: from the index (earlier runs) and,
//! when the batch is redriven, from its own earlier attempt.
//!
//! Invariants: what was delivered with the same content is never sent again, whatever the target
//! remembers; a redriven batch carries such results over, so that its report is as whole as that
//! of a batch that went well at once.

use std::collections::HashMap;

use tributary_engine::deliver::RowResult;
use tributary_engine::results::ResultLine;
use tributary_mapping::Verdict;
use tributary_model::error_code::ErrorCode;
use tributary_model::issue::{Issue, Stage, shorten};
use tributary_model::problem::Problem;
use tributary_model::state::RecordState;
use tributary_store::{Batch, StoredOutcome};

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
    /// an earlier attempt of this batch delivered this content; with what the target said
    Delivered(Box<RowResult>),
}

/// What is known of each record of the batch, in its order.
pub(crate) async fn known(
    services: &Services,
    context: &RunContext,
    batch: &Batch,
    keyed: &Keyed,
) -> Result<Vec<Before>, Problem> {
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
    for outcome in outcomes {
        let index = outcome.ordinal as usize;
        let line = lines.get_mut(index).and_then(Option::take);
        if let (Some(slot), Some(record)) = (known.get_mut(index), keyed.mapped.records.get(index))
            && record.verdict == Verdict::Mapped
            && outcome.content_hash == record.content_hash
            && outcome.key == shorten(&record.key, KEY_CHARACTERS)
            && let Some(earlier) = earlier(outcome, line)
        {
            *slot = earlier;
        }
    }
    Ok(known)
}

/// What the batch's last finished attempt says of a record with the same key and content.
fn earlier(outcome: StoredOutcome, line: Option<ResultLine>) -> Option<Before> {
    match outcome.state {
        RecordState::Delivered => Some(Before::Delivered(Box::new(RowResult {
            state: RecordState::Delivered,
            external_id: outcome.external_id,
            detail: line.and_then(|line| line.detail),
            issue: None,
        }))),
        RecordState::Rejected => Some(Before::Refused),
        RecordState::Uncertain => Some(Before::Doubtful),
        _ => None,
    }
}

/// The result lines of the batch's last finished attempt, by ordinal.
async fn result_lines(
    services: &Services,
    context: &RunContext,
    batch: &Batch,
) -> Result<Vec<Option<ResultLine>>, Problem> {
    let Some(object) = &batch.objects.results else {
        return Ok(Vec::new());
    };
    let bytes = objects::get(services, context, object).await?;
    serde_json::Deserializer::from_slice(&bytes)
        .into_iter::<ResultLine>()
        .map(|line| {
            line.map(Some).map_err(|error| {
                let detail = format!("the results of an earlier attempt cannot be read: {error}");
                Problem::new(ErrorCode::StorageFailed, detail)
            })
        })
        .collect()
}

/// What earlier runs and other batches left in the index.
async fn indexed(context: &RunContext, keyed: &Keyed) -> Result<Vec<Before>, Problem> {
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
    let delivered: HashMap<[u8; 32], [u8; 32]> = seen
        .into_iter()
        .filter(|seen| seen.state == RecordState::Delivered)
        .map(|seen| (seen.key_hash, seen.content_hash))
        .collect();
    let same = |hash: &[u8; 32], content: &[u8; 32]| delivered.get(hash) == Some(content);
    let known = keyed.records().map(|(_, record, hash)| {
        if record.verdict == Verdict::Mapped && same(hash, &record.content_hash) {
            Before::Unchanged
        } else {
            Before::Fresh
        }
    });
    Ok(known.collect())
}

/// The result of a record that is not sent because a resend could double it.
pub(crate) fn uncertain(why: &str) -> RowResult {
    RowResult {
        state: RecordState::Uncertain,
        external_id: None,
        detail: None,
        issue: Some(Issue::error(
            Stage::Deliver,
            ErrorCode::DeliveryUncertain,
            why,
        )),
    }
}
