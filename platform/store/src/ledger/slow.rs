//! A target that asks to slow down: everything of the run that goes to it waits as long as it asks,
//! and no try is used up.
//!
//! Deliberately absent: waiting across runs; each run meets its target's request by itself.

use tributary_model::clock::UnixMillis;
use tributary_model::id::{RunId, TenantId};
use tributary_model::problem::Problem;
use tributary_model::state::{RunState, WorkKind};

use super::types::{Fenced, Lease};
use super::{lifecycle, pause};
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::{Record, to_i64, to_json};
use crate::tenant::TenantStore;

impl TenantStore {
    /// As [`TenantStore::fail_work`] for work whose other side asked to wait: it is due again after
    /// `wait_ms`, the try does not count, and with a batch all batches of the run wait at
    /// least as long. Gives the run's state.
    ///
    /// # Errors
    /// `WrongLease`, `Database`.
    pub async fn slow_down(
        &self,
        lease: &Lease,
        problem: &Problem,
        wait_ms: u64,
    ) -> Result<Fenced<RunState>, StoreError> {
        self.check_lease(lease, &WorkKind::ALL)?;
        let mut tx = self.write().await?;
        if !put_off(&mut tx, lease, problem, wait_ms, 1).await? {
            return Ok(Fenced::Lost);
        }
        if lease.kind == WorkKind::Batch {
            hold_back(&mut tx, lease, wait_ms).await?;
            pause::target_answered(&mut tx, self.tenant(), &lease.run).await?;
        }
        let state = lifecycle::settle_open(&mut tx, self.tenant(), &lease.run).await?;
        tx.commit().await?;
        Ok(Fenced::Done(state))
    }
}

/// Ends the lease; the work is due again after `wait_ms`. `refund` tries do not count. `false`: the
/// lease was lost.
pub(super) async fn put_off(
    tx: &mut Tx,
    lease: &Lease,
    problem: &Problem,
    wait_ms: u64,
    refund: i64,
) -> Result<bool, StoreError> {
    let now = tx.now;
    let due = now.saturating_add(to_i64("wait_ms", wait_ms)?);
    let put_off = sqlx::query(
        "update work set state = 'retry_wait', epoch = epoch + 1, attempt = attempt - $7,
            silent = 0, due_at = $4, lease_until = null, owner = null, problem = $5, updated_at = $6
         where tenant = $1 and id = $2 and epoch = $3",
    )
    .bind(lease.tenant.as_str())
    .bind(lease.work_id.as_str())
    .bind(to_i64("epoch", lease.epoch)?)
    .bind(due)
    .bind(to_json("problem", problem)?)
    .bind(now)
    .bind(refund)
    .execute(tx.conn())
    .await?;
    Ok(put_off.rows_affected() == 1)
}

/// No batch of the run is due before `wait_ms` have passed.
pub(super) async fn hold_back(tx: &mut Tx, lease: &Lease, wait_ms: u64) -> Result<(), StoreError> {
    let (tenant, run) = (&lease.tenant, &lease.run);
    let until = tx.now.saturating_add(to_i64("wait_ms", wait_ms)?);
    sqlx::query(
        "update run set slow_until = $3
         where tenant = $1 and id = $2 and coalesce(slow_until, 0) < $3",
    )
    .bind(tenant.as_str())
    .bind(run.as_str())
    .bind(until)
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "update work set due_at = $3
         where tenant = $1 and run = $2 and kind = 'batch' and finished_at is null
            and due_at < $3",
    )
    .bind(tenant.as_str())
    .bind(run.as_str())
    .bind(until)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// When a batch of the run that waits for nothing else is due.
pub(super) async fn due_at(
    tx: &mut Tx,
    tenant: &TenantId,
    run: &RunId,
) -> Result<UnixMillis, StoreError> {
    let row = sqlx::query("select slow_until from run where tenant = $1 and id = $2")
        .bind(tenant.as_str())
        .bind(run.as_str())
        .fetch_one(tx.conn())
        .await?;
    let slow_until = Record::new("run", &row).int_opt("slow_until")?;
    Ok(slow_until.unwrap_or(0).max(tx.now))
}
