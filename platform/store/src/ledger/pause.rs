//! The circuit breaker of a run: a target that fails call after call pauses the run, one batch at
//! a time probes it, and the first answer lets all go on.
//!
//! Invariants: a pause costs no try of the work that met it; in a paused run at most one batch moves
//! apart from those that were under way when it was paused; a paused run has a probe that is due
//! or held, so it never waits for ever without trying.

use tributary_model::id::{RunId, TenantId};
use tributary_model::problem::Problem;
use tributary_model::state::{RunState, WorkKind};

use super::run::Run;
use super::types::{Fenced, Lease};
use super::{lifecycle, slow};
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::{Record, to_i64, to_json};
use crate::tenant::TenantStore;

/// Calls that got no proper answer, and what the integration makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetFailure {
    /// in a row, at the end of this attempt
    pub failed_calls: u32,
    /// a call before them was answered: those of earlier attempts do not count any more
    pub answered: bool,
    /// pause the run at this many in a row, over all of its batches
    pub pause_at: u32,
    /// first pause, ms; doubled with each probe that fails
    pub wait_ms: u64,
    /// longest pause, ms
    pub max_wait_ms: u64,
    /// if the run is not paused: bring the work back after that time; `None`: fail it for good
    pub retry_in_ms: Option<u64>,
}

/// What became of [`TenantStore::run_resume`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the run may not have been paused"]
pub enum Resume {
    /// running again
    Resumed(Box<Run>),
    /// it was in this state
    NotPaused(RunState),
}

impl TenantStore {
    /// As [`TenantStore::fail_work`] for a batch whose target failed: pauses the run when too many
    /// calls in a row have failed. Gives the run's state.
    ///
    /// # Errors
    /// `WrongLease`, `Database`.
    pub async fn target_failed(
        &self,
        lease: &Lease,
        problem: &Problem,
        failure: &TargetFailure,
    ) -> Result<Fenced<RunState>, StoreError> {
        self.check_lease(lease, &[WorkKind::Batch])?;
        let mut tx = self.write().await?;
        if !lifecycle::hold(&mut tx, lease).await? {
            return Ok(Fenced::Lost);
        }
        if failure.answered {
            target_answered(&mut tx, self.tenant(), &lease.run).await?;
        }
        let state = lifecycle::locked_state(&mut tx, self.tenant(), &lease.run).await?;
        let counted = count_failures(&mut tx, lease, failure.failed_calls).await?;
        let trips = counted.failed_calls >= u64::from(failure.pause_at);
        let state = match state {
            RunState::Running if trips => {
                pause(&mut tx, lease, state, problem, failure, counted.pauses).await?;
                Some(RunState::Paused)
            }
            RunState::Paused if others_move(&mut tx, lease).await? => {
                park(&mut tx, lease, None).await?;
                Some(state)
            }
            RunState::Paused => {
                pause(&mut tx, lease, state, problem, failure, counted.pauses).await?;
                Some(state)
            }
            _ => {
                self.put_back(&mut tx, lease, problem, failure.retry_in_ms)
                    .await?
            }
        };
        let Some(state) = state else {
            return Ok(Fenced::Lost);
        };
        tx.commit().await?;
        Ok(Fenced::Done(state))
    }

    /// Lets a paused run go on at once. `None` if there is no such run.
    ///
    /// # Errors
    /// `Database`.
    pub async fn run_resume(&self, id: &RunId) -> Result<Option<Resume>, StoreError> {
        let mut tx = self.write().await?;
        let Some(state) = lifecycle::lock_run(&mut tx, self.tenant(), id).await? else {
            return Ok(None);
        };
        if state != RunState::Paused {
            return Ok(Some(Resume::NotPaused(state)));
        }
        resume(&mut tx, self.tenant(), id, "resumed by a person").await?;
        lifecycle::settle(&mut tx, self.tenant(), id).await?;
        let run = self.run_in(&mut tx, id).await?;
        tx.commit().await?;
        Ok(run.map(Box::new).map(Resume::Resumed))
    }
}

/// The target answered a batch: whatever failed before, it lives.
pub(super) async fn target_answered(
    tx: &mut Tx,
    tenant: &TenantId,
    run: &RunId,
) -> Result<(), StoreError> {
    let forgotten = sqlx::query(
        "update run set failed_calls = 0 where tenant = $1 and id = $2 and failed_calls <> 0",
    )
    .bind(tenant.as_str())
    .bind(run.as_str())
    .execute(tx.conn())
    .await?;
    if forgotten.rows_affected() == 0 {
        return Ok(());
    }
    if lifecycle::locked_state(tx, tenant, run).await? == RunState::Paused {
        resume(tx, tenant, run, "the target answers again").await?;
    }
    Ok(())
}

/// A batch was recorded although its last calls got no proper answer: they count as those of a batch
/// that was not, and the next probe is another one.
pub(super) async fn recorded_with_failures(
    tx: &mut Tx,
    lease: &Lease,
    problem: &Problem,
    failure: &TargetFailure,
) -> Result<(), StoreError> {
    let state = lifecycle::locked_state(tx, &lease.tenant, &lease.run).await?;
    let counted = count_failures(tx, lease, failure.failed_calls).await?;
    let trips = counted.failed_calls >= u64::from(failure.pause_at);
    let prolongs = state == RunState::Paused && !others_move(tx, lease).await?;
    if prolongs || (state == RunState::Running && trips) {
        pause_run(tx, lease, state, problem, failure, counted.pauses).await?;
    }
    Ok(())
}

/// A paused run in which no batch moves gets its next probe; without a batch that could be one it
/// goes on. Gives the run's state.
pub(super) async fn keep_probing(
    tx: &mut Tx,
    tenant: &TenantId,
    run: &RunId,
) -> Result<RunState, StoreError> {
    let moving = sqlx::query(
        "select count(*) as moving from work
         where tenant = $1 and run = $2 and kind = 'batch' and finished_at is null
            and (due_at is not null or lease_until is not null)",
    )
    .bind(tenant.as_str())
    .bind(run.as_str())
    .fetch_one(tx.conn())
    .await?;
    if Record::new("work", &moving).int("moving")? > 0 {
        return Ok(RunState::Paused);
    }
    let now = tx.now;
    let probe = sqlx::query(
        "update work set due_at = (select coalesce(max(resume_at), $3) from run
                where tenant = $1 and id = $2), updated_at = $3
         where tenant = $1 and id = (select min(id) from work
            where tenant = $1 and run = $2 and kind = 'batch' and finished_at is null)",
    )
    .bind(tenant.as_str())
    .bind(run.as_str())
    .bind(now)
    .execute(tx.conn())
    .await?;
    if probe.rows_affected() == 1 {
        return Ok(RunState::Paused);
    }
    resume(tx, tenant, run, "nothing waits for the target").await?;
    Box::pin(lifecycle::settle(tx, tenant, run)).await
}

/// A run that is about to end from `state`: out of a pause it goes by way of `running`.
pub(super) async fn ended(
    tx: &mut Tx,
    tenant: &TenantId,
    run: &RunId,
    state: RunState,
) -> Result<RunState, StoreError> {
    if state != RunState::Paused {
        return Ok(state);
    }
    resume(tx, tenant, run, "other work failed").await?;
    Ok(RunState::Running)
}

struct Counted {
    failed_calls: u64,
    pauses: u64,
}

async fn count_failures(tx: &mut Tx, lease: &Lease, more: u32) -> Result<Counted, StoreError> {
    let row = sqlx::query(
        "update run set failed_calls = failed_calls + $3 where tenant = $1 and id = $2
         returning failed_calls, pauses",
    )
    .bind(lease.tenant.as_str())
    .bind(lease.run.as_str())
    .bind(i64::from(more))
    .fetch_one(tx.conn())
    .await?;
    let record = Record::new("run", &row);
    Ok(Counted {
        failed_calls: record.u64("failed_calls")?,
        pauses: record.u64("pauses")?,
    })
}

/// Pauses the run, or prolongs its pause: the batch that met the failure is the next probe.
async fn pause(
    tx: &mut Tx,
    lease: &Lease,
    state: RunState,
    problem: &Problem,
    failure: &TargetFailure,
    pauses: u64,
) -> Result<(), StoreError> {
    let resume_at = pause_run(tx, lease, state, problem, failure, pauses).await?;
    park(tx, lease, Some(resume_at)).await
}

/// Pauses the run, or prolongs its pause, without a probe. Gives the time of the next one.
async fn pause_run(
    tx: &mut Tx,
    lease: &Lease,
    state: RunState,
    problem: &Problem,
    failure: &TargetFailure,
    pauses: u64,
) -> Result<i64, StoreError> {
    let doublings = u32::try_from(pauses).unwrap_or(u32::MAX).min(20);
    let wait_ms = failure.wait_ms.saturating_mul(1 << doublings);
    let wait_ms = wait_ms.min(failure.max_wait_ms);
    let resume_at = tx.now.saturating_add(to_i64("wait_ms", wait_ms)?);
    let (tenant, run) = (&lease.tenant, &lease.run);
    let note = format!("{}: {}", problem.code, problem.detail);
    match state {
        RunState::Paused => {
            let note = Some(note.as_str());
            lifecycle::event(tx, tenant, run, Some(state), state, note).await?;
        }
        _ => lifecycle::transition(tx, tenant, run, state, RunState::Paused, Some(&note)).await?,
    }
    sqlx::query(
        "update run set pauses = pauses + 1, resume_at = $3, problem = $4
         where tenant = $1 and id = $2",
    )
    .bind(tenant.as_str())
    .bind(run.as_str())
    .bind(resume_at)
    .bind(to_json("problem", problem)?)
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "update work set due_at = null, updated_at = $3
         where tenant = $1 and run = $2 and kind = 'batch' and due_at is not null",
    )
    .bind(tenant.as_str())
    .bind(run.as_str())
    .bind(tx.now)
    .execute(tx.conn())
    .await?;
    Ok(resume_at)
}

/// Hands the leased batch back without counting the try: due at `due_at`, or parked.
async fn park(tx: &mut Tx, lease: &Lease, due_at: Option<i64>) -> Result<(), StoreError> {
    let now = tx.now;
    sqlx::query(
        "update work set state = 'retry_wait', attempt = attempt - 1, silent = 0, due_at = $4,
            lease_until = null, owner = null, updated_at = $5
         where tenant = $1 and id = $2 and epoch = $3",
    )
    .bind(lease.tenant.as_str())
    .bind(lease.work_id.as_str())
    .bind(to_i64("epoch", lease.epoch)?)
    .bind(due_at)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whether a batch of the run other than the leased one is due or under way.
async fn others_move(tx: &mut Tx, lease: &Lease) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "select count(*) as moving from work
         where tenant = $1 and run = $2 and kind = 'batch' and finished_at is null and id <> $3
            and (due_at is not null or lease_until is not null)",
    )
    .bind(lease.tenant.as_str())
    .bind(lease.run.as_str())
    .bind(lease.work_id.as_str())
    .fetch_one(tx.conn())
    .await?;
    Ok(Record::new("work", &row).int("moving")? > 0)
}

/// The run goes on: everything that was parked, and the probe, is due now.
async fn resume(tx: &mut Tx, tenant: &TenantId, run: &RunId, why: &str) -> Result<(), StoreError> {
    let (from, to) = (RunState::Paused, RunState::Running);
    lifecycle::transition(tx, tenant, run, from, to, Some(why)).await?;
    sqlx::query(
        "update run set failed_calls = 0, pauses = 0, resume_at = null, problem = null
         where tenant = $1 and id = $2",
    )
    .bind(tenant.as_str())
    .bind(run.as_str())
    .execute(tx.conn())
    .await?;
    release_parked(tx, tenant, run).await
}

/// Makes the run's waiting batches due as soon as the target may be asked.
pub(super) async fn release_parked(
    tx: &mut Tx,
    tenant: &TenantId,
    run: &RunId,
) -> Result<(), StoreError> {
    let due = slow::due_at(tx, tenant, run).await?;
    sqlx::query(
        "update work set due_at = $3, updated_at = $4
         where tenant = $1 and run = $2 and kind = 'batch' and finished_at is null
            and lease_until is null",
    )
    .bind(tenant.as_str())
    .bind(run.as_str())
    .bind(due)
    .bind(tx.now)
    .execute(tx.conn())
    .await?;
    Ok(())
}
