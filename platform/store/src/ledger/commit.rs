//! The commit of a batch: outcomes, issues, amounts, counters and the end of its work, in one
//! transaction. The ledger's hot path: `examples/ledger_bench` measures it.

use tributary_model::state::{WorkKind, WorkState};

use super::encode;
use super::outcome::{BatchAmount, BatchResult, RecordIssue, RecordOutcome};
use super::report::NOT_SUMMED;
use super::types::{Fenced, Lease};
use super::{lifecycle, pause, slow};
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::{Record, to_i64};
use crate::tenant::TenantStore;

/// The batch that is committed, in database numbers.
struct Place<'a> {
    lease: &'a Lease,
    integration: String,
    run_no: i64,
    partition: i64,
    batch: i64,
    epoch: i64,
}

impl TenantStore {
    /// Records what became of the batch's records and ends the `batch` lease; the last batch of
    /// a run brings its `finish` work. With [`BatchResult::again`] the batch is not over: what has
    /// an end state is recorded, and the rest goes out again. A redriven batch replaces counters, amounts and issues
    /// of its earlier attempt; its records' life lines keep both.
    ///
    /// # Errors
    /// `WrongLease`, `Refused` for numbers above 2^63-1, `Database`.
    pub async fn commit_batch(
        &self,
        lease: &Lease,
        result: &BatchResult,
    ) -> Result<Fenced<()>, StoreError> {
        self.check_lease(lease, &[WorkKind::Batch])?;
        let (partition, batch) = (lease.partition_no()?, lease.batch_no()?);
        let mut tx = self.write().await?;
        if !end_lease(&mut tx, lease, result).await? {
            return Ok(Fenced::Lost);
        }
        let (integration, run_no) = self.run_numbers(&mut tx, lease).await?;
        let place = Place {
            lease,
            integration,
            run_no,
            partition: i64::from(partition),
            batch: i64::from(batch),
            epoch: to_i64("epoch", lease.epoch)?,
        };
        self.write_outcomes(&mut tx, &place, &result.outcomes)
            .await?;
        self.write_issues(&mut tx, &place, &result.issues).await?;
        self.write_amounts(&mut tx, &place, &result.amounts).await?;
        self.write_attempt(&mut tx, &place, result).await?;
        self.write_counters(&mut tx, &place, result).await?;
        if result.answered {
            pause::target_answered(&mut tx, self.tenant(), &lease.run).await?;
        }
        if let Some((problem, failure)) = &result.failure {
            pause::recorded_with_failures(&mut tx, lease, problem, failure).await?;
        }
        lifecycle::settle_open(&mut tx, self.tenant(), &lease.run).await?;
        tx.commit().await?;
        Ok(Fenced::Done(()))
    }

    async fn run_numbers(&self, tx: &mut Tx, lease: &Lease) -> Result<(String, i64), StoreError> {
        let row = sqlx::query("select integration, no from run where tenant = $1 and id = $2")
            .bind(self.tenant().as_str())
            .bind(lease.run.as_str())
            .fetch_optional(tx.conn())
            .await?
            .ok_or_else(|| StoreError::Dangling {
                table: "run",
                row: lease.run.to_string(),
            })?;
        let record = Record::new("run", &row);
        Ok((record.text("integration")?, record.int("no")?))
    }

    async fn write_outcomes(
        &self,
        tx: &mut Tx,
        place: &Place<'_>,
        outcomes: &[RecordOutcome],
    ) -> Result<(), StoreError> {
        if outcomes.is_empty() {
            return Ok(());
        }
        let head = format!(
            "{}.{}.{}.{}.",
            place.run_no, place.partition, place.batch, place.epoch
        );
        let encode::Outcomes { index, append } = encode::outcomes(&head, outcomes);
        sqlx::query(tx.dialect.index_records())
            .bind(self.tenant().as_str())
            .bind(place.integration.as_str())
            .bind(place.run_no)
            .bind(head)
            .bind(index.texts)
            .bind(index.key_hashes)
            .bind(index.content_hashes)
            .execute(tx.conn())
            .await?;
        let appended = sqlx::query(tx.dialect.append_records())
            .bind(self.tenant().as_str())
            .bind(place.integration.as_str())
            .bind(place.run_no)
            .bind(place.partition)
            .bind(place.batch)
            .bind(place.epoch)
            .bind(append.texts)
            .bind(append.key_hashes)
            .bind(append.content_hashes)
            .execute(tx.conn())
            .await?;
        // the join with the index must find every row that was just written
        if appended.rows_affected() == outcomes.len() as u64 {
            Ok(())
        } else {
            Err(StoreError::Dangling {
                table: "record_index",
                row: place.lease.work_id.clone(),
            })
        }
    }

    async fn write_issues(
        &self,
        tx: &mut Tx,
        place: &Place<'_>,
        issues: &[RecordIssue],
    ) -> Result<(), StoreError> {
        sqlx::query(
            "delete from record_issue
             where tenant = $1 and run = $2 and partition = $3 and batch = $4",
        )
        .bind(self.tenant().as_str())
        .bind(place.lease.run.as_str())
        .bind(place.partition)
        .bind(place.batch)
        .execute(tx.conn())
        .await?;
        if issues.is_empty() {
            return Ok(());
        }
        sqlx::query(tx.dialect.append_issues())
            .bind(self.tenant().as_str())
            .bind(place.lease.run.as_str())
            .bind(place.partition)
            .bind(place.batch)
            .bind(place.epoch)
            .bind(encode::issues(issues)?)
            .execute(tx.conn())
            .await?;
        Ok(())
    }

    async fn write_amounts(
        &self,
        tx: &mut Tx,
        place: &Place<'_>,
        amounts: &[BatchAmount],
    ) -> Result<(), StoreError> {
        sqlx::query(
            "delete from batch_amount
             where tenant = $1 and run = $2 and partition = $3 and batch = $4",
        )
        .bind(self.tenant().as_str())
        .bind(place.lease.run.as_str())
        .bind(place.partition)
        .bind(place.batch)
        .execute(tx.conn())
        .await?;
        for amount in amounts {
            let text = amount.amount.as_deref().unwrap_or(NOT_SUMMED);
            if amount.amount.is_some() && super::report::decimal(text).is_none() {
                let detail = format!("{text:?} is no decimal of at most 28 digits");
                return Err(StoreError::refused("amount", detail));
            }
            sqlx::query(
                "insert into batch_amount (tenant, run, partition, batch, name, state, amount,
                    records)
                 values ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(self.tenant().as_str())
            .bind(place.lease.run.as_str())
            .bind(place.partition)
            .bind(place.batch)
            .bind(amount.name.as_str())
            .bind(amount.state.as_str())
            .bind(text)
            .bind(to_i64("records", amount.records)?)
            .execute(tx.conn())
            .await?;
        }
        Ok(())
    }

    async fn write_attempt(
        &self,
        tx: &mut Tx,
        place: &Place<'_>,
        result: &BatchResult,
    ) -> Result<(), StoreError> {
        let now = tx.now;
        sqlx::query(
            "insert into batch_attempt (tenant, run, partition, batch, epoch, processed, results,
                receipts, calls, target_ms, finished_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(self.tenant().as_str())
        .bind(place.lease.run.as_str())
        .bind(place.partition)
        .bind(place.batch)
        .bind(place.epoch)
        .bind(result.objects.processed.clone())
        .bind(result.objects.results.clone())
        .bind(result.objects.receipts.clone())
        .bind(to_i64("calls", result.calls)?)
        .bind(to_i64("target_ms", result.target_ms)?)
        .bind(now)
        .execute(tx.conn())
        .await?;
        Ok(())
    }

    async fn write_counters(
        &self,
        tx: &mut Tx,
        place: &Place<'_>,
        result: &BatchResult,
    ) -> Result<(), StoreError> {
        let now = tx.now;
        let counters = &result.counters;
        sqlx::query(
            "update batch set state = $16, problem = null, intent = null, intent_records = null,
                first_sent_at = null, last_sent_at = null, epoch = $5, rows = $6, read = $7, delivered = $8, unchanged = $9, skipped = $10, quarantined = $11, rejected = $12,
                uncertain = $13, pending = $14, updated_at = $15
             where tenant = $1 and run = $2 and partition = $3 and no = $4",
        )
        .bind(self.tenant().as_str())
        .bind(place.lease.run.as_str())
        .bind(place.partition)
        .bind(place.batch)
        .bind(place.epoch)
        .bind(to_i64("rows", counters.rows)?)
        .bind(to_i64("read", counters.read)?)
        .bind(to_i64("delivered", counters.delivered)?)
        .bind(to_i64("unchanged", counters.unchanged)?)
        .bind(to_i64("skipped", counters.skipped)?)
        .bind(to_i64("quarantined", counters.quarantined)?)
        .bind(to_i64("rejected", counters.rejected)?)
        .bind(to_i64("uncertain", counters.uncertain)?)
        .bind(to_i64("pending", counters.pending)?)
        .bind(now)
        .bind(if result.again.is_some() { "open" } else { "done" })
        .execute(tx.conn())
        .await?;
        Ok(())
    }
}

/// The batch's work is over, or due again. `false`: the lease was lost.
async fn end_lease(tx: &mut Tx, lease: &Lease, result: &BatchResult) -> Result<bool, StoreError> {
    let Some(again) = &result.again else {
        return lifecycle::close_work(tx, lease, WorkState::Done, None).await;
    };
    let refund = i64::from(again.slow_down);
    if !slow::put_off(tx, lease, &again.problem, again.in_ms, refund).await? {
        return Ok(false);
    }
    if again.slow_down {
        slow::hold_back(tx, lease, again.in_ms).await?;
    }
    Ok(true)
}
