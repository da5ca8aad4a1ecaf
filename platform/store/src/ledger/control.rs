//! Failing work, cancelling and redriving runs.

use tributary_model::id::RunId;
use tributary_model::problem::Problem;
use tributary_model::state::{RunState, WorkKind};

use super::run::{Run, active_run};
use super::types::{Fenced, Lease};
use super::{lifecycle, part};
use crate::db::Tx;
use crate::error::{StoreError, is_unique_violation};
use crate::row::{to_i64, to_json};
use crate::tenant::TenantStore;

/// What became of [`TenantStore::run_redrive`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a redrive may have been refused"]
pub enum Redrive {
    /// queued again with the work that was not done
    Queued(Box<Run>),
    /// another run of the integration is not over
    Refused { running: RunId },
    /// as many other runs of the tenant are not over as its plan allows
    Full { open: u64 },
    /// the run is not over, or it succeeded
    NotOver(RunState),
    /// every record was delivered, unchanged, skipped or quarantined: nothing to send again
    Nothing,
}

impl TenantStore {
    /// The work failed. `retry_in_ms` brings it back after that time (by the database's clock);
    /// `None` means for good: a batch's records stay pending, a part of the source whose own data is to
    /// blame stays unread ([`TenantStore::failed_parts`]), and the run goes on; everything else fails the
    /// run. Gives the run's state. Ends the lease, of any kind of work.
    ///
    /// # Errors
    /// `WrongLease`, `Database`.
    pub async fn fail_work(
        &self,
        lease: &Lease,
        problem: &Problem,
        retry_in_ms: Option<u64>,
    ) -> Result<Fenced<RunState>, StoreError> {
        self.check_lease(lease, &WorkKind::ALL)?;
        let mut tx = self.write().await?;
        match self.put_back(&mut tx, lease, problem, retry_in_ms).await? {
            None => Ok(Fenced::Lost),
            Some(state) => {
                tx.commit().await?;
                Ok(Fenced::Done(state))
            }
        }
    }

    pub(super) async fn put_back(
        &self,
        tx: &mut Tx,
        lease: &Lease,
        problem: &Problem,
        retry_in_ms: Option<u64>,
    ) -> Result<Option<RunState>, StoreError> {
        match retry_in_ms {
            Some(wait) => self.retry_later(tx, lease, problem, wait).await,
            None => lifecycle::fail_for_good(tx, lease, problem).await,
        }
    }

    async fn retry_later(
        &self,
        tx: &mut Tx,
        lease: &Lease,
        problem: &Problem,
        wait_ms: u64,
    ) -> Result<Option<RunState>, StoreError> {
        let now = tx.now;
        let due = now.saturating_add(to_i64("retry_in_ms", wait_ms)?);
        let waiting = sqlx::query(
            "update work set state = 'retry_wait', silent = 0, due_at = $4, lease_until = null,
                problem = $5, updated_at = $6
             where tenant = $1 and id = $2 and epoch = $3",
        )
        .bind(self.tenant().as_str())
        .bind(lease.work_id.as_str())
        .bind(to_i64("epoch", lease.epoch)?)
        .bind(due)
        .bind(to_json("problem", problem)?)
        .bind(now)
        .execute(tx.conn())
        .await?;
        if waiting.rows_affected() != 1 {
            return Ok(None);
        }
        lifecycle::settle_open(tx, self.tenant(), &lease.run)
            .await
            .map(Some)
    }

    /// Stops a run: what waits is cancelled now, what is leased is asked to stop. Gives the
    /// state after it, which for a run that was over is the one it had; `None` if there is no
    /// such run.
    ///
    /// # Errors
    /// `Database`.
    pub async fn run_cancel(&self, id: &RunId) -> Result<Option<RunState>, StoreError> {
        let mut tx = self.write().await?;
        let Some(state) = lifecycle::lock_run(&mut tx, self.tenant(), id).await? else {
            return Ok(None);
        };
        if !state.may_become(RunState::Cancelling) {
            return Ok(Some(state));
        }
        let (tenant, note) = (self.tenant(), Some("cancel was requested"));
        lifecycle::transition(&mut tx, tenant, id, state, RunState::Cancelling, note).await?;
        lifecycle::cancel_waiting(&mut tx, tenant, id).await?;
        let state = lifecycle::settle(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(Some(state))
    }

    /// Takes up a run that is over: work that failed or was cancelled, and batches with
    /// rejected, uncertain or pending records, become ready again; what is done stays done.
    /// `most_open` is how many runs of the tenant may be open at a time. `None` if there is no such run.
    ///
    /// # Errors
    /// `Database`.
    pub async fn run_redrive(
        &self,
        id: &RunId,
        most_open: Option<u32>,
    ) -> Result<Option<Redrive>, StoreError> {
        let mut tx = self.write().await?;
        let Some(state) = lifecycle::lock_run(&mut tx, self.tenant(), id).await? else {
            return Ok(None);
        };
        if !state.terminal() || !state.may_become(RunState::Queued) {
            return Ok(Some(Redrive::NotOver(state)));
        }
        let Some(run) = self.run_in(&mut tx, id).await? else {
            return Ok(None);
        };
        let active = active_run(&mut tx, self, &run.integration).await?;
        // what is under way of the run itself goes on in its next attempt
        if let Some(running) = active.filter(|running| running != id) {
            return Ok(Some(Redrive::Refused { running }));
        }
        if let Some(most) = most_open {
            let open = self.open_runs_besides(&mut tx, Some(id)).await?;
            if open >= u64::from(most) {
                return Ok(Some(Redrive::Full { open }));
            }
        }
        if self.reopen_work(&mut tx, id).await? == 0 {
            return Ok(Some(Redrive::Nothing));
        }
        let note = format!("redrive, attempt {}", run.attempt.saturating_add(1));
        let (tenant, note) = (self.tenant(), Some(note.as_str()));
        let moved = lifecycle::transition(&mut tx, tenant, id, state, RunState::Queued, note).await;
        if let Err(StoreError::Database(error)) = &moved
            && is_unique_violation(error)
        {
            // a run of the integration was made since we looked; say which in a new transaction
            drop(tx);
            let mut tx = self.read().await?;
            let running = active_run(&mut tx, self, &run.integration).await?;
            return Ok(running.map(|running| Redrive::Refused { running }));
        }
        moved?;
        sqlx::query(
            "update run set attempt = attempt + 1, problem = null, report = null,
                failed_calls = 0, pauses = 0, resume_at = null, slow_until = null
             where tenant = $1 and id = $2",
        )
        .bind(tenant.as_str())
        .bind(id.as_str())
        .execute(tx.conn())
        .await?;
        let run = self.run_in(&mut tx, id).await?;
        tx.commit().await?;
        Ok(run.map(Box::new).map(Redrive::Queued))
    }

    /// How many pieces of work are ready again. `finish` comes after all others: alone it is ready
    /// only if it had failed, else it is brought back when the last of them is over.
    async fn reopen_work(&self, tx: &mut Tx, id: &RunId) -> Result<u64, StoreError> {
        let now = tx.now;
        let others = self.reopen_kind(tx, id, false).await?;
        let reopened = match others {
            0 => self.reopen_kind(tx, id, true).await?,
            others => others,
        };
        sqlx::query(
            "update batch set state = 'open', problem = null, updated_at = $3
             where tenant = $1 and run = $2 and (state = 'failed'
                or (state = 'done' and rejected + uncertain + pending > 0))",
        )
        .bind(self.tenant().as_str())
        .bind(id.as_str())
        .bind(now)
        .execute(tx.conn())
        .await?;
        part::reopen(tx, self.tenant(), id).await?;
        Ok(reopened)
    }

    /// What is not done of work that is `finish`, or of all that is not.
    async fn reopen_kind(&self, tx: &mut Tx, id: &RunId, finish: bool) -> Result<u64, StoreError> {
        let now = tx.now;
        let reopened = sqlx::query(
            "update work set state = 'ready', epoch = epoch + 1, attempt = 0, silent = 0,
                due_at = $3, lease_until = null, finished_at = null, problem = null,
                updated_at = $3
             where tenant = $1 and run = $2 and finished_at is not null
                and (kind = 'finish') = ($4 = 1)
                and (state in ('failed', 'cancelled') or (kind = 'batch' and exists
                    (select 1 from batch b where b.tenant = work.tenant and b.run = work.run
                        and b.partition = work.partition and b.no = work.batch
                        and b.rejected + b.uncertain + b.pending > 0)))",
        )
        .bind(self.tenant().as_str())
        .bind(id.as_str())
        .bind(now)
        .bind(i64::from(finish))
        .execute(tx.conn())
        .await?;
        Ok(reopened.rows_affected())
    }
}
