//! What a run adds up to: counters, amounts, issues.
//!
//! Invariant: computed from the batches' rows each time; there is no second copy that could
//! differ. An open or failed batch counts its records as pending.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use sqlx::any::AnyRow;
use tributary_model::counters::Counters;
use tributary_model::error_code::{ErrorCode, Owner};
use tributary_model::id::RunId;
use tributary_model::issue::Issue;
use tributary_model::state::RecordState;

use super::batch::BatchState;
use crate::error::StoreError;
use crate::row::{Record, to_json};
use crate::tenant::TenantStore;

/// The sum of an amount field over all records of a run in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount {
    pub name: String,
    pub state: RecordState,
    /// exact decimal text; `None`: the sum has more than 28 digits
    pub amount: Option<String>,
    pub records: u64,
}

/// In place of a sum that does not fit.
pub(super) const NOT_SUMMED: &str = "not_summed";

/// How often a kind of issue came up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueCount {
    pub code: ErrorCode,
    pub rule: Option<String>,
    pub owner: Owner,
    /// issues
    pub issues: u64,
}

/// What a run's work came to so far, over all attempts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunWork {
    /// in the pages that were read
    pub rows_in_pages: u64,
    pub partitions: u64,
    pub batches: u64,
    /// to the target
    pub calls: u64,
    /// time spent waiting for the target, summed over calls, ms
    pub target_ms: u64,
}

/// Which issues to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IssueFilter {
    pub code: Option<ErrorCode>,
    pub owner: Option<Owner>,
    /// the customer's key
    pub key: Option<String>,
    /// only issues after this one: partition, batch, number (the last of the page before)
    pub after: Option<(u32, u32, u32)>,
    /// at most this many; 0 means 100
    pub limit: u32,
}

/// One issue of one record of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueRow {
    pub partition: u32,
    pub batch: u32,
    /// number within the batch
    pub no: u32,
    pub ordinal: u32,
    pub key: String,
    /// file, request or pushed batch that the issue's line is of
    pub source: Option<String>,
    pub issue: Issue,
}

impl TenantStore {
    /// What the run's work came to so far; all 0 if there is no such run.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn run_work(&self, run: &RunId) -> Result<RunWork, StoreError> {
        let mut tx = self.read().await?;
        let row = sqlx::query(
            "select (select cast(coalesce(sum(rows), 0) as bigint) from page
                    where tenant = $1 and run = $2) as rows_in_pages,
                (select count(*) from partition where tenant = $1 and run = $2) as partitions,
                (select count(*) from batch where tenant = $1 and run = $2) as batches,
                (select cast(coalesce(sum(calls), 0) as bigint) from batch_attempt
                    where tenant = $1 and run = $2) as calls,
                (select cast(coalesce(sum(target_ms), 0) as bigint) from batch_attempt
                    where tenant = $1 and run = $2) as target_ms",
        )
        .bind(self.tenant().as_str())
        .bind(run.as_str())
        .fetch_one(tx.conn())
        .await?;
        let record = Record::new("run", &row);
        Ok(RunWork {
            rows_in_pages: record.u64("rows_in_pages")?,
            partitions: record.u64("partitions")?,
            batches: record.u64("batches")?,
            calls: record.u64("calls")?,
            target_ms: record.u64("target_ms")?,
        })
    }

    /// The run's counters as of now; all zero if there is no such run.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn run_counters(&self, run: &RunId) -> Result<Counters, StoreError> {
        let mut found = self.counters_of(std::slice::from_ref(run)).await?;
        Ok(found.remove(run).unwrap_or_default())
    }

    /// The counters of several runs as of now, in one query; a run without batches, or that is not
    /// there, is left out.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn counters_of(
        &self,
        runs: &[RunId],
    ) -> Result<BTreeMap<RunId, Counters>, StoreError> {
        let ids: Vec<&str> = runs.iter().map(RunId::as_str).collect();
        let mut tx = self.read().await?;
        let rows = sqlx::query(tx.dialect.counters_of())
            .bind(self.tenant().as_str())
            .bind(to_json("runs", &ids)?)
            .fetch_all(tx.conn())
            .await?;
        let mut found: BTreeMap<RunId, Counters> = BTreeMap::new();
        for row in &rows {
            let record = Record::new("batch", row);
            let sum = found.entry(record.run_id("run")?).or_default();
            *sum = sum.plus(&counters(&record)?);
        }
        Ok(found)
    }

    /// The run's amounts by name and state.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn run_amounts(&self, run: &RunId) -> Result<Vec<Amount>, StoreError> {
        let mut tx = self.read().await?;
        let rows = sqlx::query(
            "select a.name, a.state, a.amount, a.records from batch_amount a
             join batch b on b.tenant = a.tenant and b.run = a.run and b.partition = a.partition
                and b.no = a.batch
             where a.tenant = $1 and a.run = $2 and b.state = 'done'",
        )
        .bind(self.tenant().as_str())
        .bind(run.as_str())
        .fetch_all(tx.conn())
        .await?;
        let mut sums: BTreeMap<(String, &'static str), (RecordState, Option<Decimal>, u64)> =
            BTreeMap::new();
        for row in &rows {
            let record = Record::new("batch_amount", row);
            let state = record.word("state", RecordState::parse)?;
            let text = record.text("amount")?;
            let sum = sums
                .entry((record.text("name")?, state.as_str()))
                .or_insert((state, Some(Decimal::ZERO), 0));
            sum.1 = match text.as_str() {
                NOT_SUMMED => None,
                text => {
                    let wrong = || record.wrong("amount", text, "a decimal");
                    let amount = decimal(text).ok_or_else(wrong)?;
                    sum.1.and_then(|sum| exact_sum(sum, amount))
                }
            };
            sum.2 = sum.2.saturating_add(record.u64("records")?);
        }
        Ok(sums
            .into_iter()
            .map(|((name, _), (state, amount, records))| Amount {
                name,
                state,
                amount: amount.map(|sum| sum.to_string()),
                records,
            })
            .collect())
    }

    /// How often each kind of issue came up in the run, the most frequent first.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn issue_counts(&self, run: &RunId) -> Result<Vec<IssueCount>, StoreError> {
        let mut tx = self.read().await?;
        let rows = sqlx::query(
            "select code, rule, owner, count(*) as issues from record_issue
             where tenant = $1 and run = $2 group by code, rule, owner
             order by count(*) desc, code, rule",
        )
        .bind(self.tenant().as_str())
        .bind(run.as_str())
        .fetch_all(tx.conn())
        .await?;
        rows.iter()
            .map(|row| {
                let record = Record::new("record_issue", row);
                Ok(IssueCount {
                    code: record.word("code", ErrorCode::parse)?,
                    rule: record.text_opt("rule")?,
                    owner: record.word("owner", parse_owner)?,
                    issues: record.u64("issues")?,
                })
            })
            .collect()
    }

    /// Issues of a run in the order of its batches.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn issues(
        &self,
        run: &RunId,
        filter: &IssueFilter,
    ) -> Result<Vec<IssueRow>, StoreError> {
        let limit = if filter.limit == 0 { 100 } else { filter.limit };
        let after = filter.after.map_or((-1, -1, -1), |(p, b, n)| {
            (i64::from(p), i64::from(b), i64::from(n))
        });
        let mut tx = self.read().await?;
        let rows = sqlx::query(
            "select i.*, b.input from record_issue i
             left join batch b on b.tenant = i.tenant and b.run = i.run
                and b.partition = i.partition and b.no = i.batch
             where i.tenant = $1 and i.run = $2
                and ($3 is null or i.code = $3) and ($4 is null or i.owner = $4)
                and ($5 is null or i.key = $5) and (i.partition, i.batch, i.no) > ($6, $7, $8)
             order by i.partition, i.batch, i.no limit $9",
        )
        .bind(self.tenant().as_str())
        .bind(run.as_str())
        .bind(filter.code.map(|code| code.as_str().to_owned()))
        .bind(filter.owner.and_then(owner_word))
        .bind(filter.key.clone())
        .bind(after.0)
        .bind(after.1)
        .bind(after.2)
        .bind(i64::from(limit))
        .fetch_all(tx.conn())
        .await?;
        rows.iter().map(issue_row).collect()
    }
}

fn issue_row(row: &AnyRow) -> Result<IssueRow, StoreError> {
    let record = Record::new("record_issue", row);
    Ok(IssueRow {
        partition: record.u32("partition")?,
        batch: record.u32("batch")?,
        no: record.u32("no")?,
        ordinal: record.u32("ordinal")?,
        key: record.text("key")?,
        source: record.text_opt("input")?.and_then(|input| source(&input)),
        issue: record.json("issue")?,
    })
}

/// What a batch's input says it was read from.
fn source(input: &str) -> Option<String> {
    let input: serde_json::Value = serde_json::from_str(input).ok()?;
    let source = input.get("source")?.as_str()?;
    (!source.is_empty()).then(|| source.to_owned())
}

/// The sum with every digit of both, or nothing. (The library rounds digits away before it says that
/// a sum does not fit.)
fn exact_sum(left: Decimal, right: Decimal) -> Option<Decimal> {
    let sum = left.checked_add(right)?;
    (sum.scale() >= left.scale().max(right.scale())).then_some(sum)
}

/// Exact, or nothing.
pub(super) fn decimal(text: &str) -> Option<Decimal> {
    Decimal::from_str_exact(text).ok()
}

/// The owner's word is the one of its JSON form.
fn owner_word(owner: Owner) -> Option<String> {
    match serde_json::to_value(owner) {
        Ok(serde_json::Value::String(word)) => Some(word),
        _ => None,
    }
}

fn parse_owner(word: &str) -> Option<Owner> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
}

/// What the batches of a run in one state add up to.
fn counters(record: &Record<'_>) -> Result<Counters, StoreError> {
    let rows = record.u64("rows")?;
    if record.word("state", BatchState::parse)? != BatchState::Done {
        let records = record.u64("records")?;
        return Ok(Counters {
            rows,
            read: records,
            pending: records,
            ..Counters::default()
        });
    }
    Ok(Counters {
        rows,
        read: record.u64("read")?,
        delivered: record.u64("delivered")?,
        unchanged: record.u64("unchanged")?,
        skipped: record.u64("skipped")?,
        quarantined: record.u64("quarantined")?,
        rejected: record.u64("rejected")?,
        uncertain: record.u64("uncertain")?,
        pending: record.u64("pending")?,
    })
}
