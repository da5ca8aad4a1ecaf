//! Work of kind `batch`: maps one batch, delivers it, commits what became of every record.
//!
//! Invariants: the intent is committed before the first call leaves; keys depend on content
//! only, so a crash between call and commit sends the same keys again; results and receipts are
//! in the lake before the commit that names them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use tributary_engine::cut::BatchInput;
use tributary_engine::map::{self, MappedBatch, MappedRecord};
use tributary_engine::results::{self, ResultLine};
use tributary_lake::Layer;
use tributary_mapping::Verdict;
use tributary_mapping::decimal::Decimal;
use tributary_model::counters::Counters;
use tributary_model::error_code::ErrorCode;
use tributary_model::issue::{Issue, shorten};
use tributary_model::problem::Problem;
use tributary_model::state::RecordState;
use tributary_store::{
    Batch, BatchAmount, BatchObjects, BatchResult, Fenced, Lease, RecordIssue, RecordOutcome,
    record_key_hash,
};

use crate::before::{self, Before, KEY_CHARACTERS, Known};
use crate::context::RunContext;
use crate::gate;
use crate::objects::{self, Place};
use crate::retry;
use crate::send::{Sent, send};
use crate::services::{Services, store_problem};

/// Digits that a sum in the ledger surely holds.
const LEDGER_DIGITS: usize = 28;

/// Why a batch was not finished, and when to try again.
pub(crate) struct Unfinished {
    pub(crate) problem: Problem,
    pub(crate) retry_after_ms: Option<u64>,
    /// calls in a row, up to the last one, that the target failed
    pub(crate) failed_calls: u32,
    /// a call got a proper answer
    pub(crate) answered: bool,
    /// it came as far as it could in one go: what is left is for the next lease, without a try lost
    pub(crate) goes_on: bool,
}

impl From<Problem> for Unfinished {
    fn from(problem: Problem) -> Self {
        Self {
            retry_after_ms: retry::asked_ms(&problem),
            failed_calls: 0,
            answered: false,
            goes_on: false,
            problem,
        }
    }
}

/// Maps and delivers the lease's batch.
pub(crate) async fn run(
    services: &Services,
    context: &RunContext,
    lease: &Lease,
) -> Result<Fenced<()>, Unfinished> {
    let batch = read_batch(context, lease).await?;
    let input: BatchInput = serde_json::from_str(&batch.input)
        .map_err(|error| Problem::new(ErrorCode::StorageFailed, error.to_string()))?;
    let bytes = objects::get(services, context, input.object()).await?;
    let pinned = &context.mapping.pinned;
    let mapped = tokio::task::block_in_place(|| map::map_batch(pinned, &input, &bytes))?;
    if lease.delivery_held {
        return Ok(gate::check(context, lease, &mapped).await?);
    }
    let keyed = Keyed::new(mapped);
    let known = before::known(services, context, &batch, &keyed).await?;
    let place = Place {
        partition: lease.partition.unwrap_or(0),
        number: lease.batch.unwrap_or(0),
        epoch: lease.epoch,
    };
    let lines = Bytes::copy_from_slice(&keyed.mapped.ndjson);
    let processed = objects::put(
        services,
        context,
        Layer::Processed,
        place,
        "ndjson.zst",
        lines,
    )
    .await?;
    let sent = match send(services, context, lease, &batch, (&keyed, &known)).await? {
        Fenced::Lost => return Ok(Fenced::Lost),
        Fenced::Done(sent) => sent,
    };
    let finished = Finished::new(keyed, known, sent);
    let objects = store_results(services, context, place, processed, &input, &finished).await?;
    let result = finished.into_result(context, objects);
    let fenced = context
        .store
        .commit_batch(lease, &result)
        .await
        .map_err(|error| store_problem(&error))?;
    Ok(fenced)
}

async fn read_batch(context: &RunContext, lease: &Lease) -> Result<Batch, Problem> {
    let (partition, number) = (lease.partition.unwrap_or(0), lease.batch.unwrap_or(0));
    context
        .store
        .batch(&context.run.id, partition, number)
        .await
        .map_err(|error| store_problem(&error))?
        .ok_or_else(|| {
            let detail = format!("batch {partition}/{number} of the run is not in the ledger");
            Problem::new(ErrorCode::StorageFailed, detail)
        })
}

/// A mapped batch with the hash that finds each record in the index.
pub(crate) struct Keyed {
    pub(crate) mapped: MappedBatch,
    hashes: Vec<[u8; 32]>,
}

impl Keyed {
    fn new(mapped: MappedBatch) -> Self {
        let hashes = mapped
            .records
            .iter()
            .map(|record| record_key_hash(&record.key))
            .collect();
        Self { mapped, hashes }
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = (usize, &MappedRecord, &[u8; 32])> {
        let records = self.mapped.records.iter().zip(&self.hashes);
        records
            .enumerate()
            .map(|(index, (record, hash))| (index, record, hash))
    }
}

/// A batch in which every record has its end state.
struct Finished {
    keyed: Keyed,
    states: Vec<RecordState>,
    /// what became of the records; `results` has those of an earlier attempt too
    sent: Sent,
}

impl Finished {
    fn new(keyed: Keyed, known: Vec<Known>, mut sent: Sent) -> Self {
        let mut states = Vec::with_capacity(known.len());
        for ((index, record, _), Known { before, .. }) in keyed.records().zip(known) {
            if let Before::Recorded(result) = before {
                states.push(result.state);
                sent.results.insert(index, *result);
                continue;
            }
            let result = sent.results.get(&index).map(|result| result.state);
            states.push(match record.verdict {
                Verdict::Skipped => RecordState::Skipped,
                Verdict::Quarantined => RecordState::Quarantined,
                Verdict::Mapped if before == Before::Unchanged => RecordState::Unchanged,
                Verdict::Mapped => result.unwrap_or(RecordState::Pending),
            });
        }
        Self {
            keyed,
            states,
            sent,
        }
    }

    fn issues(&self) -> BTreeMap<usize, Vec<Issue>> {
        let mut issues: BTreeMap<usize, Vec<Issue>> = BTreeMap::new();
        for (index, issue) in &self.keyed.mapped.issues {
            issues
                .entry(*index as usize)
                .or_default()
                .push(issue.clone());
        }
        for (index, result) in &self.sent.results {
            if let Some(issue) = &result.issue {
                let mut issue = issue.clone();
                issue.position = self.position(*index);
                issues.entry(*index).or_default().push(issue);
            }
        }
        issues
    }

    fn position(&self, index: usize) -> Option<tributary_model::rows::RowPosition> {
        self.keyed
            .mapped
            .records
            .get(index)
            .map(|record| record.position)
    }

    fn result_lines(&self, source: &str) -> Result<Vec<u8>, Problem> {
        let mut issues = self.issues();
        let mut out = Vec::new();
        for ((index, record, _), state) in self.keyed.records().zip(&self.states) {
            let sent = self.sent.results.get(&index);
            let line = ResultLine {
                key: Cow::Borrowed(&record.key),
                state: *state,
                source: Cow::Borrowed(source),
                position: record.position,
                external_id: sent
                    .and_then(|result| Some(Cow::Borrowed(result.external_id.as_deref()?))),
                detail: sent.and_then(|result| Some(Cow::Borrowed(result.detail.as_ref()?))),
                issues: issues.remove(&index).unwrap_or_default(),
            };
            results::append(&mut out, &line)
                .map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
        }
        Ok(out)
    }

    fn into_result(self, context: &RunContext, objects: BatchObjects) -> BatchResult {
        let mut counters = Counters {
            rows: self.keyed.mapped.rows,
            ..Counters::default()
        };
        let mut outcomes = Vec::with_capacity(self.states.len());
        for ((index, record, hash), state) in self.keyed.records().zip(&self.states) {
            counters.add(*state);
            let sent = self.sent.results.get(&index);
            let number = self.sent.numbers.get(&index);
            outcomes.push(RecordOutcome {
                ordinal: u32::try_from(index).unwrap_or(u32::MAX),
                key: shorten(&record.key, KEY_CHARACTERS),
                key_hash: *hash,
                content_hash: record.content_hash,
                state: *state,
                resend: number.map(|number| number.resend),
                sent: number.and_then(|number| number.sent),
                external_id: sent.and_then(|result| result.external_id.clone()),
            });
        }
        let amounts = self.amounts(context);
        let issues = self
            .issues()
            .into_iter()
            .flat_map(|(index, issues)| issues.into_iter().map(move |issue| (index, issue)))
            .map(|(index, issue)| RecordIssue {
                ordinal: u32::try_from(index).unwrap_or(u32::MAX),
                key: self
                    .keyed
                    .mapped
                    .records
                    .get(index)
                    .map(|record| shorten(&record.key, KEY_CHARACTERS))
                    .unwrap_or_default(),
                issue,
            })
            .collect();
        BatchResult {
            counters,
            amounts,
            outcomes,
            issues,
            objects,
            target_ms: self.sent.target_ms,
            calls: self.sent.receipts.len() as u64,
            answered: self.sent.answered,
            failure: self.sent.failure,
            again: self.sent.again,
        }
    }

    /// Sums of the declared amounts per state.
    fn amounts(&self, context: &RunContext) -> Vec<BatchAmount> {
        let mut sums: BTreeMap<(usize, &'static str), (Option<Decimal>, u64)> = BTreeMap::new();
        for ((_, record, _), state) in self.keyed.records().zip(&self.states) {
            for (number, amount) in record.amounts.iter().enumerate() {
                let Some(amount) = amount else { continue };
                let sum = sums
                    .entry((number, state.as_str()))
                    .or_insert((Some(Decimal::ZERO), 0));
                let total = sum.0.and_then(|total| total.add(*amount).ok());
                *sum = (total, sum.1 + 1);
            }
        }
        let names = context.plan().amount_names();
        sums.into_iter()
            .filter_map(|((number, state), (total, count))| {
                Some(BatchAmount {
                    name: names.get(number)?.clone(),
                    state: RecordState::parse(state)?,
                    amount: total.and_then(written),
                    records: count,
                })
            })
            .collect()
    }
}

/// The sum as the ledger can add it up, if it has no more digits than fit there.
fn written(sum: Decimal) -> Option<String> {
    let text = sum.to_string();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (digits <= LEDGER_DIGITS).then_some(text)
}

async fn store_results(
    services: &Services,
    context: &RunContext,
    place: Place,
    processed: String,
    input: &BatchInput,
    finished: &Finished,
) -> Result<BatchObjects, Problem> {
    let lines = finished.result_lines(input.source())?;
    let results = objects::put(
        services,
        context,
        Layer::Results,
        place,
        "ndjson.zst",
        lines.into(),
    )
    .await?;
    let mut receipts = None;
    if !finished.sent.receipts.is_empty() {
        let mut lines = Vec::new();
        for receipt in &finished.sent.receipts {
            serde_json::to_writer(&mut lines, receipt)
                .map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
            lines.push(b'\n');
        }
        let extension = "receipts.ndjson.zst";
        let stored = objects::put(
            services,
            context,
            Layer::Results,
            place,
            extension,
            lines.into(),
        );
        receipts = Some(stored.await?);
    }
    Ok(BatchObjects {
        processed: Some(processed),
        results: Some(results),
        receipts,
    })
}
