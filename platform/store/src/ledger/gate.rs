//! Delivery that waits for rules: every batch of a held run is mapped and checked first, then
//! delivery is opened, or the run ends without a call to its target.
//!
//! Invariant: a checked batch is parked, so of a held run nothing is due once all is checked; the
//! `finish` work that then appears decides.

use tributary_model::id::RunId;
use tributary_model::state::{WorkKind, WorkState};

use super::types::{Fenced, Lease};
use super::{lifecycle, pause};
use crate::error::StoreError;
use crate::row::{Record, to_i64};
use crate::tenant::TenantStore;

impl TenantStore {
    /// The batch is mapped; what it came to (JSON) is kept, and its work waits for
    /// [`TenantStore::open_delivery`]. The try does not count. Under a `batch` lease.
    ///
    /// # Errors
    /// `WrongLease`, `Database`.
    pub async fn commit_check(
        &self,
        lease: &Lease,
        figures: &str,
    ) -> Result<Fenced<()>, StoreError> {
        self.check_lease(lease, &[WorkKind::Batch])?;
        let (partition, batch) = (lease.partition_no()?, lease.batch_no()?);
        let mut tx = self.write().await?;
        let now = tx.now;
        let parked = sqlx::query(
            "update work set state = 'ready', epoch = epoch + 1, attempt = attempt - 1,
                lease_until = null, owner = null, updated_at = $4
             where tenant = $1 and id = $2 and epoch = $3",
        )
        .bind(self.tenant().as_str())
        .bind(lease.work_id.as_str())
        .bind(to_i64("epoch", lease.epoch)?)
        .bind(now)
        .execute(tx.conn())
        .await?;
        if parked.rows_affected() != 1 {
            return Ok(Fenced::Lost);
        }
        sqlx::query(
            "insert into batch_check (tenant, run, partition, batch, figures, updated_at)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (tenant, run, partition, batch) do update set
                figures = excluded.figures, updated_at = excluded.updated_at",
        )
        .bind(self.tenant().as_str())
        .bind(lease.run.as_str())
        .bind(i64::from(partition))
        .bind(i64::from(batch))
        .bind(figures)
        .bind(now)
        .execute(tx.conn())
        .await?;
        lifecycle::settle(&mut tx, self.tenant(), &lease.run).await?;
        tx.commit().await?;
        Ok(Fenced::Done(()))
    }

    /// What the run's checked batches came to, in their order; at most `limit` after (partition,
    /// batch).
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn run_checks(
        &self,
        run: &RunId,
        after: Option<(u32, u32)>,
        limit: u32,
    ) -> Result<Vec<BatchCheck>, StoreError> {
        let (partition, batch) = after.map_or((-1, -1), |(p, n)| (i64::from(p), i64::from(n)));
        let mut tx = self.read().await?;
        let rows = sqlx::query(
            "select partition, batch, figures from batch_check
             where tenant = $1 and run = $2 and (partition, batch) > ($3, $4)
             order by partition, batch limit $5",
        )
        .bind(self.tenant().as_str())
        .bind(run.as_str())
        .bind(partition)
        .bind(batch)
        .bind(i64::from(limit))
        .fetch_all(tx.conn())
        .await?;
        rows.iter()
            .map(|row| {
                let record = Record::new("batch_check", row);
                Ok(BatchCheck {
                    partition: record.u32("partition")?,
                    batch: record.u32("batch")?,
                    figures: record.text("figures")?,
                })
            })
            .collect()
    }

    /// All rules are met: every batch is due for delivery, and another `finish` work will follow
    /// them. Ends the `finish` lease.
    ///
    /// # Errors
    /// `WrongLease`, `Database`.
    pub async fn open_delivery(&self, lease: &Lease) -> Result<Fenced<()>, StoreError> {
        self.check_lease(lease, &[WorkKind::Finish])?;
        let mut tx = self.write().await?;
        if !lifecycle::close_work(&mut tx, lease, WorkState::Done, None).await? {
            return Ok(Fenced::Lost);
        }
        let (tenant, run) = (self.tenant(), &lease.run);
        let state = lifecycle::locked_state(&mut tx, tenant, run).await?;
        sqlx::query("update run set delivery_held = 0 where tenant = $1 and id = $2")
            .bind(tenant.as_str())
            .bind(run.as_str())
            .execute(tx.conn())
            .await?;
        if lifecycle::is_live(state) {
            pause::release_parked(&mut tx, tenant, run).await?;
            let note = Some("all is mapped and meets the rules: delivery begins");
            lifecycle::event(&mut tx, tenant, run, Some(state), state, note).await?;
        }
        lifecycle::settle(&mut tx, tenant, run).await?;
        tx.commit().await?;
        Ok(Fenced::Done(()))
    }
}

/// What a checked batch came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchCheck {
    pub partition: u32,
    pub batch: u32,
    /// JSON, as it was given
    pub figures: String,
}
