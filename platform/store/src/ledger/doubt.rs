//! Calls that are about to leave, and what becomes of them when nobody records their outcome.
//!
//! Invariant: a record that may have arrived is known to every later run as `uncertain`, with the
//! number of its key and the times at which it was sent, however its batch ended: recorded,
//! cancelled, failed, or with the worker that had it.

use sqlx::any::AnyRow;
use tributary_model::clock::UnixMillis;
use tributary_model::id::{RunId, TenantId};
use tributary_model::state::WorkKind;

use super::outcome::{Announced, SentAt};
use super::types::{Fenced, Lease};
use super::{encode, lifecycle};
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::Record;
use crate::tenant::TenantStore;

impl TenantStore {
    /// Says that calls to the target are about to leave, and with what
    /// ([`super::Batch::intent`]). `intent` and `records` take the place of what was said before, so
    /// they must contain it. Gives the time of the first such commit since the batch was
    /// recorded, which counts for the target's idempotency window. When the last call left is not
    /// known until [`Self::calls_ended`] says so. Under a `batch` lease, which goes on.
    ///
    /// # Errors
    /// `WrongLease`, `Database`.
    pub async fn commit_intent(
        &self,
        lease: &Lease,
        intent: &str,
        records: &[Announced],
    ) -> Result<Fenced<UnixMillis>, StoreError> {
        self.check_lease(lease, &[WorkKind::Batch])?;
        let (partition, batch) = (lease.partition_no()?, lease.batch_no()?);
        let mut tx = self.write().await?;
        if !lifecycle::hold(&mut tx, lease).await? {
            return Ok(Fenced::Lost);
        }
        let now = tx.now;
        let row = sqlx::query(
            "update batch set first_sent_at = coalesce(first_sent_at, $5), last_sent_at = null,
                intent = $6, intent_records = $7
             where tenant = $1 and run = $2 and partition = $3 and no = $4
             returning first_sent_at",
        )
        .bind(self.tenant().as_str())
        .bind(lease.run.as_str())
        .bind(i64::from(partition))
        .bind(i64::from(batch))
        .bind(now)
        .bind(intent)
        .bind(Announced::pack(records))
        .fetch_optional(tx.conn())
        .await?;
        let row = row.ok_or_else(|| StoreError::Dangling {
            table: "batch",
            row: lease.work_id.clone(),
        })?;
        let first_sent = Record::new("batch", &row).int("first_sent_at")?;
        tx.commit().await?;
        Ok(Fenced::Done(first_sent))
    }

    /// No call of the attempt is on its way any more, and the outcome is still not known: the last
    /// of those that were announced left at `last_ms` at the latest. Under a `batch` lease, which
    /// goes on.
    ///
    /// # Errors
    /// `WrongLease`, `Database`.
    pub async fn calls_ended(
        &self,
        lease: &Lease,
        last_ms: UnixMillis,
    ) -> Result<Fenced<()>, StoreError> {
        self.check_lease(lease, &[WorkKind::Batch])?;
        let (partition, batch) = (lease.partition_no()?, lease.batch_no()?);
        let mut tx = self.write().await?;
        if !lifecycle::hold(&mut tx, lease).await? {
            return Ok(Fenced::Lost);
        }
        sqlx::query(
            "update batch set last_sent_at = $5
             where tenant = $1 and run = $2 and partition = $3 and no = $4",
        )
        .bind(self.tenant().as_str())
        .bind(lease.run.as_str())
        .bind(i64::from(partition))
        .bind(i64::from(batch))
        .bind(last_ms)
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(Fenced::Done(()))
    }

    /// Nothing of what was announced can have arrived: the target refused or never had all of it.
    /// Under a `batch` lease, which goes on.
    ///
    /// # Errors
    /// `WrongLease`, `Database`.
    pub async fn withdraw_intent(&self, lease: &Lease) -> Result<Fenced<()>, StoreError> {
        self.check_lease(lease, &[WorkKind::Batch])?;
        let (partition, batch) = (lease.partition_no()?, lease.batch_no()?);
        let mut tx = self.write().await?;
        if !lifecycle::hold(&mut tx, lease).await? {
            return Ok(Fenced::Lost);
        }
        sqlx::query(
            "update batch set intent = null, intent_records = null, first_sent_at = null,
                last_sent_at = null
             where tenant = $1 and run = $2 and partition = $3 and no = $4",
        )
        .bind(self.tenant().as_str())
        .bind(lease.run.as_str())
        .bind(i64::from(partition))
        .bind(i64::from(batch))
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(Fenced::Done(()))
    }
}

/// What is left of a batch that ended without a result.
struct LeftOver {
    integration: String,
    run_no: i64,
    sent: SentAt,
    records: Vec<Announced>,
}

/// Writes into the index what may have arrived of the run's batches whose work is over and whose
/// outcome is not recorded. The batches keep their intent: a redrive goes on from it.
pub(super) async fn keep(tx: &mut Tx, tenant: &TenantId, run: &RunId) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "select b.first_sent_at, b.last_sent_at, b.intent_records, r.no as run_no, r.integration
         from batch b join run r on r.tenant = b.tenant and r.id = b.run
         where b.tenant = $1 and b.run = $2 and b.intent_records is not null
            and not exists (select 1 from work w where w.tenant = b.tenant and w.run = b.run
                and w.kind = 'batch' and w.partition = b.partition and w.batch = b.no
                and w.finished_at is null)
         order by b.partition, b.no",
    )
    .bind(tenant.as_str())
    .bind(run.as_str())
    .fetch_all(tx.conn())
    .await?;
    for row in &rows {
        let left = left_over(row, tx.now)?;
        let rows = encode::doubts(&left.records, left.sent);
        sqlx::query(tx.dialect.index_records())
            .bind(tenant.as_str())
            .bind(left.integration)
            .bind(left.run_no)
            .bind("")
            .bind(rows.texts)
            .bind(rows.key_hashes)
            .bind(rows.content_hashes)
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

fn left_over(row: &AnyRow, now: UnixMillis) -> Result<LeftOver, StoreError> {
    let record = Record::new("batch", row);
    let bytes = record.bytes_opt("intent_records")?.unwrap_or_default();
    let records = Announced::unpack(&bytes).ok_or_else(|| StoreError::Inconsistent {
        table: "batch",
        column: "intent_records",
        value: format!("{} bytes", bytes.len()),
        expected: "68 bytes for each record",
    })?;
    Ok(LeftOver {
        integration: record.text("integration")?,
        run_no: record.int("run_no")?,
        sent: SentAt {
            first_ms: record.int("first_sent_at")?,
            last_ms: record.int_opt("last_sent_at")?.unwrap_or(now),
        },
        records,
    })
}
