//! The sweeper: takes work back from workers that fell silent. Any node runs it.
//!
//! Invariants: nothing is beyond its reach, it goes by the end of the lease alone; what it ends
//! for good goes the same way as a failure that a worker reports.

use tributary_model::error_code::ErrorCode;
use tributary_model::id::{RunId, TenantId};
use tributary_model::problem::Problem;
use tributary_model::state::WorkState;

use super::SystemStore;
use super::queue::lease;
use crate::db::Tx;
use crate::error::StoreError;
use crate::ledger::Lease;
use crate::ledger::lifecycle;
use crate::row::{Record, to_i64};

/// Leases taken back per transaction.
const PER_SWEEP: i64 = 200;
/// Workers in a row that may fall silent before the work counts as deadly.
const SILENT_MOST: u32 = 5;
/// First wait after a worker died, doubled with each time, ms.
const BACKOFF_MS: u64 = 250;
/// A run that looks stuck this long is looked at, ms.
const STUCK_MS: i64 = 30_000;

/// What one sweep did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    pub work: Vec<SweptWork>,
    /// runs that were ended or brought to their finish
    pub settled: Vec<(TenantId, RunId)>,
}

/// Work whose lease ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweptWork {
    pub lease: Lease,
    /// the worker that held it
    pub owner: Option<String>,
    /// what it is now: `retry_wait`, `failed` or `cancelled`
    pub state: WorkState,
}

impl SystemStore {
    /// Takes back work whose lease has ended: due again after a wait, failed for good when
    /// five tries in a row ended so, cancelled when its run is being stopped. Also ends runs that are
    /// being stopped and on which nobody works any more.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn sweep(&self) -> Result<Swept, StoreError> {
        let mut tx = self.write().await?;
        let now = tx.now;
        let rows = sqlx::query(tx.dialect.expired())
            .bind(now)
            .bind(PER_SWEEP)
            .fetch_all(tx.conn())
            .await?;
        let mut swept = Swept::default();
        for row in &rows {
            let owner = Record::new("work", row).text_opt("owner")?;
            let lease = lease(row)?;
            let state = take_back(&mut tx, &lease).await?;
            swept.work.push(SweptWork {
                lease,
                owner,
                state,
            });
        }
        tx.commit().await?;
        swept.settled = self.settle_stuck().await?;
        Ok(swept)
    }

    /// Ends every lease now, so that the next sweep takes the work back at once. Only for a caller
    /// that knows that no worker lives: the one process of an embedded database, at its start.
    /// Gives the number of leases.
    ///
    /// # Errors
    /// `Database`.
    pub async fn end_leases(&self) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        let now = tx.now;
        let ended = sqlx::query(
            "update work set lease_until = $1 where lease_until is not null and lease_until > $1",
        )
        .bind(now.saturating_sub(1))
        .execute(tx.conn())
        .await?
        .rows_affected();
        tx.commit().await?;
        Ok(ended)
    }

    /// Runs without work that moves that did not end: a safety net, no known path leads there.
    async fn settle_stuck(&self) -> Result<Vec<(TenantId, RunId)>, StoreError> {
        let mut tx = self.write().await?;
        let before = tx.now.saturating_sub(STUCK_MS);
        let rows = sqlx::query(
            "select tenant, id from run r where active = 1 and updated_at < $1
                and state <> 'queued'
                and not exists (select 1 from work w
                    where w.tenant = r.tenant and w.run = r.id and w.finished_at is null
                        and (w.due_at is not null or w.lease_until is not null))
             order by tenant, id limit 50",
        )
        .bind(before)
        .fetch_all(tx.conn())
        .await?;
        let mut settled = Vec::new();
        for row in &rows {
            let record = Record::new("run", row);
            let (tenant, run) = (record.slug("tenant")?, record.run_id("id")?);
            lifecycle::settle(&mut tx, &tenant, &run).await?;
            settled.push((tenant, run));
        }
        tx.commit().await?;
        Ok(settled)
    }
}

async fn take_back(tx: &mut Tx, lease: &Lease) -> Result<WorkState, StoreError> {
    let state = lifecycle::locked_state(tx, &lease.tenant, &lease.run).await?;
    if !lifecycle::is_live(state) {
        lifecycle::close_work(tx, lease, WorkState::Cancelled, None).await?;
        lifecycle::cancel_waiting(tx, &lease.tenant, &lease.run).await?;
        lifecycle::settle(tx, &lease.tenant, &lease.run).await?;
        return Ok(WorkState::Cancelled);
    }
    let silent = one_more_silent(tx, lease).await?;
    if silent >= SILENT_MOST {
        let detail = format!(
            "{silent} tries of this work in a row ended without a sign of life from the worker"
        );
        let problem = Problem::new(ErrorCode::Internal, detail)
            .hint("look at the workers' logs for this run; redrive the run when the cause is gone");
        lifecycle::fail_for_good(tx, lease, &problem).await?;
        return Ok(WorkState::Failed);
    }
    let doublings = silent.saturating_sub(1).min(16);
    let wait = to_i64("wait", BACKOFF_MS << doublings)?;
    let now = tx.now;
    sqlx::query(
        "update work set state = 'retry_wait', due_at = $4, lease_until = null, updated_at = $5
         where tenant = $1 and id = $2 and epoch = $3",
    )
    .bind(lease.tenant.as_str())
    .bind(lease.work_id.as_str())
    .bind(to_i64("epoch", lease.epoch)?)
    .bind(now.saturating_add(wait))
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(WorkState::RetryWait)
}

/// How many workers in a row fell silent over this work, with this one.
async fn one_more_silent(tx: &mut Tx, lease: &Lease) -> Result<u32, StoreError> {
    let row = sqlx::query(
        "update work set silent = silent + 1 where tenant = $1 and id = $2 returning silent",
    )
    .bind(lease.tenant.as_str())
    .bind(lease.work_id.as_str())
    .fetch_one(tx.conn())
    .await?;
    Record::new("work", &row).u32("silent")
}
