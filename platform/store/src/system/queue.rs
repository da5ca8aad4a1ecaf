//! The queue as workers see it: claim, heartbeat, release.
//!
//! Invariants: the database's clock decides; a claim raises epoch and attempt at once, so that
//! a worker that dies of its work uses up a try.

use sqlx::Row;
use tributary_model::id::{RunId, TenantId};
use tributary_model::state::{RunState, WorkKind};

use super::SystemStore;
use crate::db::Tx;
use crate::error::StoreError;
use crate::ledger::lifecycle;
use crate::ledger::{Lease, LeaseKey};
use crate::row::{Record, to_i64, to_json};

/// A lease that is still held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    pub key: LeaseKey,
    /// the run is being stopped: hand the work back soon
    pub cancel_requested: bool,
}

/// How long until something happens without anybody asking, ms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NextDue {
    /// work is due; 0: now
    pub work_ms: Option<u64>,
    /// a lease ends, unless it is prolonged
    pub lease_end_ms: Option<u64>,
}

impl NextDue {
    /// The first of them; `None`: nothing waits.
    #[must_use]
    pub fn first_ms(&self) -> Option<u64> {
        match (self.work_ms, self.lease_end_ms) {
            (Some(work), Some(lease)) => Some(work.min(lease)),
            (one, other) => one.or(other),
        }
    }
}

impl SystemStore {
    /// Leases at most `limit` due pieces of work to `worker` (a name that is new with each
    /// process) for `lease_ms`: tenants take turns, and of each the longest due comes first.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn claim(
        &self,
        worker: &str,
        limit: u32,
        lease_ms: u64,
    ) -> Result<Vec<Lease>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let mut tx = self.write().await?;
        let now = tx.now;
        let until = now.saturating_add(to_i64("lease_ms", lease_ms)?);
        let rows = sqlx::query(tx.dialect.claim())
            .bind(now)
            .bind(until)
            .bind(worker)
            .bind(i64::from(limit))
            .fetch_all(tx.conn())
            .await?;
        let mut leases = Vec::with_capacity(rows.len());
        for row in &rows {
            leases.push(lease(row)?);
        }
        // one order for all workers, so that they lock runs in the same order
        leases.sort_by(|a, b| (&a.tenant, &a.work_id).cmp(&(&b.tenant, &b.work_id)));
        for lease in &mut leases {
            let run = start_run(&mut tx, lease).await?;
            lease.cancel_requested = !lifecycle::is_live(run.state);
            lease.run_attempt = run.attempt;
            lease.delivery_held = run.delivery_held;
        }
        tx.commit().await?;
        Ok(leases)
    }

    /// Prolongs the leases by `lease_ms` from now. What is missing in the answer was lost:
    /// stop working on it.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn heartbeat(
        &self,
        held: &[LeaseKey],
        lease_ms: u64,
    ) -> Result<Vec<Heartbeat>, StoreError> {
        if held.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = Vec::with_capacity(held.len());
        for key in held {
            let epoch = to_i64("epoch", key.epoch)?;
            rows.push((key.tenant.as_str(), key.work_id.as_str(), epoch));
        }
        let mut tx = self.write().await?;
        let now = tx.now;
        let until = now.saturating_add(to_i64("lease_ms", lease_ms)?);
        let kept = sqlx::query(tx.dialect.heartbeat())
            .bind(until)
            .bind(to_json("leases", &rows)?)
            .bind(now)
            .fetch_all(tx.conn())
            .await?;
        let mut beats = Vec::with_capacity(kept.len());
        for row in &kept {
            let record = Record::new("work", row);
            let tenant = record.slug("tenant")?;
            let run = claimed_run(&mut tx, tenant.as_str(), &record.text("run")?).await?;
            beats.push(Heartbeat {
                cancel_requested: !lifecycle::is_live(run.state),
                key: LeaseKey {
                    work_id: record.text("id")?,
                    epoch: record.u64("epoch")?,
                    tenant,
                },
            });
        }
        tx.commit().await?;
        Ok(beats)
    }

    /// The runs that are to stop and on which somebody still works. Cheap: only runs that are not over
    /// are looked at.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn cancelling_runs(&self) -> Result<Vec<(TenantId, RunId)>, StoreError> {
        let mut tx = self.read().await?;
        let rows =
            sqlx::query("select tenant, id from run where active = 1 and state = 'cancelling'")
                .fetch_all(tx.conn())
                .await?;
        rows.iter()
            .map(|row| {
                let record = Record::new("run", row);
                Ok((record.slug("tenant")?, record.run_id("id")?))
            })
            .collect()
    }

    /// Hands work back undone: it is due at once, and the try does not count. `false`: the
    /// lease was lost before.
    ///
    /// # Errors
    /// `Database`.
    pub async fn release(&self, held: &Lease) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let now = tx.now;
        let released = sqlx::query(
            "update work set state = 'ready', attempt = attempt - 1, silent = 0, due_at = $4,
                lease_until = null, owner = null, updated_at = $4
             where tenant = $1 and id = $2 and epoch = $3 and lease_until is not null",
        )
        .bind(held.tenant.as_str())
        .bind(held.work_id.as_str())
        .bind(to_i64("epoch", held.epoch)?)
        .bind(now)
        .execute(tx.conn())
        .await?;
        if released.rows_affected() != 1 {
            return Ok(false);
        }
        lifecycle::settle_open(&mut tx, &held.tenant, &held.run).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// When to look again. A lease that has ended is not told: it is the sweeper's.
    ///
    /// # Errors
    /// `Database`.
    pub async fn next_due(&self) -> Result<NextDue, StoreError> {
        let mut tx = self.read().await?;
        let now = tx.now;
        let row = sqlx::query(
            "select (select min(due_at) from work where due_at is not null) as due_at,
                (select min(lease_until) from work where lease_until > $1) as lease_until",
        )
        .bind(now)
        .fetch_one(tx.conn())
        .await?;
        let record = Record::new("work", &row);
        let from_now = |at: i64| u64::try_from(at.saturating_sub(now)).unwrap_or(0);
        Ok(NextDue {
            work_ms: record.int_opt("due_at")?.map(from_now),
            lease_end_ms: record.int_opt("lease_until")?.map(from_now),
        })
    }
}

/// What a worker must know of its work's run.
struct ClaimedRun {
    state: RunState,
    attempt: u32,
    delivery_held: bool,
}

/// Claimed work moves a queued run on.
async fn start_run(tx: &mut Tx, lease: &Lease) -> Result<ClaimedRun, StoreError> {
    let mut found = claimed_run(tx, lease.tenant.as_str(), lease.run.as_str()).await?;
    if found.state != RunState::Queued {
        return Ok(found);
    }
    // a second worker may be at the same run: look again under the lock
    found.state = lifecycle::locked_state(tx, &lease.tenant, &lease.run).await?;
    if found.state != RunState::Queued {
        return Ok(found);
    }
    let (tenant, run) = (&lease.tenant, &lease.run);
    lifecycle::transition(tx, tenant, run, found.state, RunState::Planning, None).await?;
    found.state = RunState::Planning;
    if lease.kind == WorkKind::Plan {
        return Ok(found);
    }
    let note = Some("the plan of the first attempt holds");
    lifecycle::transition(tx, tenant, run, RunState::Planning, RunState::Running, note).await?;
    found.state = RunState::Running;
    Ok(found)
}

async fn claimed_run(tx: &mut Tx, tenant: &str, run: &str) -> Result<ClaimedRun, StoreError> {
    let row =
        sqlx::query("select state, attempt, delivery_held from run where tenant = $1 and id = $2")
            .bind(tenant)
            .bind(run)
            .fetch_optional(tx.conn())
            .await?
            .ok_or_else(|| StoreError::Dangling {
                table: "run",
                row: run.to_owned(),
            })?;
    let record = Record::new("run", &row);
    Ok(ClaimedRun {
        state: record.word("state", RunState::parse)?,
        attempt: record.u32("attempt")?,
        delivery_held: record.flag("delivery_held")?,
    })
}

/// A lease as the queue tells it; what is of the run (`run_attempt`,
/// `delivery_held`, `cancel_requested`) is for the
/// caller to add.
pub(super) fn lease(row: &sqlx::any::AnyRow) -> Result<Lease, StoreError> {
    let record = Record::new("work", row);
    Ok(Lease {
        work_id: row.try_get("id")?,
        tenant: record.slug("tenant")?,
        run: record.run_id("run")?,
        kind: record.word("kind", WorkKind::parse)?,
        partition: record.u32_opt("partition")?,
        batch: record.u32_opt("batch")?,
        epoch: record.u64("epoch")?,
        attempt: record.u32("attempt")?,
        run_attempt: 0,
        delivery_held: false,
        cancel_requested: false,
    })
}
