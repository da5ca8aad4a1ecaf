//! Batches as they are read back.

use sqlx::any::AnyRow;
use tributary_model::clock::UnixMillis;
use tributary_model::counters::Counters;
use tributary_model::id::RunId;
use tributary_model::problem::Problem;
use tributary_model::state::RecordState;

use super::outcome::BatchObjects;
use crate::error::StoreError;
use crate::row::Record;
use crate::tenant::TenantStore;

/// Where a batch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchState {
    /// its work is not over
    Open,
    Done,
    /// its work failed for good; its records are pending
    Failed,
}

impl BatchState {
    pub(super) fn parse(word: &str) -> Option<Self> {
        match word {
            "open" => Some(Self::Open),
            "done" => Some(Self::Done),
            "failed" => Some(Self::Failed),
            _ => None,
        }
    }
}

/// What became of one record, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOutcome {
    pub ordinal: u32,
    /// at most 200 characters of the customer's key
    pub key: String,
    pub content_hash: [u8; 32],
    pub state: RecordState,
    pub external_id: Option<String>,
}

/// A batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub partition: u32,
    pub no: u32,
    /// JSON: which rows of which pages
    pub input: String,
    pub rows: u64,
    /// as it was cut; the counters tell what was found
    pub records: u64,
    pub state: BatchState,
    /// epoch of the last finished attempt
    pub epoch: Option<u64>,
    /// when that attempt was recorded
    pub recorded_ms: Option<UnixMillis>,
    /// of the last finished attempt; all pending before the first
    pub counters: Counters,
    /// of the last finished attempt
    pub objects: BatchObjects,
    pub calls: u64,
    pub target_ms: u64,
    /// when the first call to the target was about to leave, of those that `intent` tells of
    pub first_sent_ms: Option<UnixMillis>,
    /// when the last of them had left; `None`: nobody knows, or there are none
    pub last_sent_ms: Option<UnixMillis>,
    /// JSON: what calls left with whose outcome is not recorded; `None`: there are none
    pub intent: Option<String>,
    /// why it failed, if it did
    pub problem: Option<Problem>,
    pub updated_ms: UnixMillis,
}

const SELECT_ONE: &str = "select b.*, a.processed, a.results, a.receipts,
        a.finished_at as recorded_at, coalesce(a.calls, 0) as calls, coalesce(a.target_ms, 0) as target_ms
     from batch b left join batch_attempt a on a.tenant = b.tenant and a.run = b.run
        and a.partition = b.partition and a.batch = b.no and a.epoch = b.epoch
     where b.tenant = $1 and b.run = $2 and b.partition = $3 and b.no = $4";

const SELECT_PAGE: &str = "select b.*, a.processed, a.results, a.receipts,
        a.finished_at as recorded_at, coalesce(a.calls, 0) as calls, coalesce(a.target_ms, 0) as target_ms
     from batch b left join batch_attempt a on a.tenant = b.tenant and a.run = b.run
        and a.partition = b.partition and a.batch = b.no and a.epoch = b.epoch
     where b.tenant = $1 and b.run = $2 and (b.partition, b.no) > ($3, $4)
     order by b.partition, b.no limit $5";

impl TenantStore {
    /// One batch.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn batch(
        &self,
        run: &RunId,
        partition: u32,
        no: u32,
    ) -> Result<Option<Batch>, StoreError> {
        let mut tx = self.read().await?;
        let row = sqlx::query(SELECT_ONE)
            .bind(self.tenant().as_str())
            .bind(run.as_str())
            .bind(i64::from(partition))
            .bind(i64::from(no))
            .fetch_optional(tx.conn())
            .await?;
        row.as_ref().map(batch).transpose()
    }

    /// At most `limit` batches of a run in order, after (partition, number).
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn batches(
        &self,
        run: &RunId,
        after: Option<(u32, u32)>,
        limit: u32,
    ) -> Result<Vec<Batch>, StoreError> {
        let (partition, no) = after.map_or((-1, -1), |(p, n)| (i64::from(p), i64::from(n)));
        let mut tx = self.read().await?;
        let rows = sqlx::query(SELECT_PAGE)
            .bind(self.tenant().as_str())
            .bind(run.as_str())
            .bind(partition)
            .bind(no)
            .bind(i64::from(limit))
            .fetch_all(tx.conn())
            .await?;
        rows.iter().map(batch).collect()
    }

    /// What became of the batch's records in its last finished attempt, by ordinal. A redriven
    /// batch starts from it: what was delivered is not sent again.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn batch_outcomes(
        &self,
        run: &RunId,
        partition: u32,
        no: u32,
    ) -> Result<Vec<StoredOutcome>, StoreError> {
        let mut tx = self.read().await?;
        let rows = sqlx::query(
            "select o.ordinal, o.key, o.content_hash, o.state, o.external_id
             from batch b join run r on r.tenant = b.tenant and r.id = b.run
             join run_record o on o.tenant = b.tenant and o.run_no = r.no
                and o.partition = b.partition and o.batch = b.no and o.epoch = b.epoch
             where b.tenant = $1 and b.run = $2 and b.partition = $3 and b.no = $4
             order by o.ordinal",
        )
        .bind(self.tenant().as_str())
        .bind(run.as_str())
        .bind(i64::from(partition))
        .bind(i64::from(no))
        .fetch_all(tx.conn())
        .await?;
        rows.iter()
            .map(|row| {
                let record = Record::new("run_record", row);
                Ok(StoredOutcome {
                    ordinal: record.u32("ordinal")?,
                    key: record.text("key")?,
                    content_hash: record.hash("content_hash")?,
                    state: record.word("state", RecordState::parse)?,
                    external_id: record.text_opt("external_id")?,
                })
            })
            .collect()
    }
}

fn batch(row: &AnyRow) -> Result<Batch, StoreError> {
    let record = Record::new("batch", row);
    let (state, epoch) = (
        record.word("state", BatchState::parse)?,
        record.u64_opt("epoch")?,
    );
    let (rows, records) = (record.u64("rows")?, record.u64("records")?);
    let counters = if epoch.is_some() {
        Counters {
            rows,
            read: record.u64("read")?,
            delivered: record.u64("delivered")?,
            unchanged: record.u64("unchanged")?,
            skipped: record.u64("skipped")?,
            quarantined: record.u64("quarantined")?,
            rejected: record.u64("rejected")?,
            uncertain: record.u64("uncertain")?,
            pending: record.u64("pending")?,
        }
    } else {
        Counters {
            rows,
            read: records,
            pending: records,
            ..Counters::default()
        }
    };
    Ok(Batch {
        partition: record.u32("partition")?,
        no: record.u32("no")?,
        input: record.text("input")?,
        rows,
        records,
        state,
        epoch,
        recorded_ms: record.int_opt("recorded_at")?,
        counters,
        objects: BatchObjects {
            processed: record.text_opt("processed")?,
            results: record.text_opt("results")?,
            receipts: record.text_opt("receipts")?,
        },
        calls: record.u64("calls")?,
        target_ms: record.u64("target_ms")?,
        first_sent_ms: record.int_opt("first_sent_at")?,
        last_sent_ms: record.int_opt("last_sent_at")?,
        intent: record.text_opt("intent")?,
        problem: record.json_opt("problem")?,
        updated_ms: record.int("updated_at")?,
    })
}
