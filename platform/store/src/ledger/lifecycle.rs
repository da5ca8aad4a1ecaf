//! The one place where runs and work items change state, whoever asks: worker, sweeper, user.
//!
//! Invariants: a run moves only along `RunState::TRANSITIONS` and leaves an event; closing work
//! raises its epoch, so that a second commit under the same lease finds nothing; the `finish`
//! work appears when the last piece of extract and batch work is over. On Postgres the run's
//! row is locked before that is counted, so that of two last commits one sees the other.
//!
//! A run is *active* until it is over and nobody holds work of it any more: another run of the
//! integration must not meet calls that are under way.
//!
//! Work that is *parked* is not over, nobody holds it and it is not due. There is such work in two
//! cases only: the run's delivery is held until all is mapped, or the run is paused. Work that is
//! neither over nor parked *moves*.

use sqlx::Row;
use tributary_model::id::{RunId, TenantId};
use tributary_model::problem::Problem;
use tributary_model::state::{RunState, WorkKind, WorkState};

use super::types::Lease;
use super::{doubt, part, pause};
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::{Record, to_i64, to_json};

/// Name of a work item, unique within a tenant.
pub(crate) fn work_id(run: &RunId, kind: WorkKind, place: Option<(u32, Option<u32>)>) -> String {
    let kind = kind.as_str();
    match place {
        None => format!("{run}/{kind}"),
        Some((partition, None)) => format!("{run}/{kind}/{partition:05}"),
        Some((partition, Some(batch))) => format!("{run}/{kind}/{partition:05}/{batch:06}"),
    }
}

/// Adds work unless it is there already. Work of a run that is over or being stopped is added
/// as cancelled: a redrive finds it. Batches of a paused run are parked.
pub(crate) async fn insert_work(
    tx: &mut Tx,
    tenant: &TenantId,
    run: &RunId,
    kind: WorkKind,
    place: Option<(u32, Option<u32>)>,
    run_state: RunState,
) -> Result<(), StoreError> {
    let now = tx.now;
    let live = is_live(run_state);
    let state = if live {
        WorkState::Ready
    } else {
        WorkState::Cancelled
    };
    let parked = run_state == RunState::Paused && kind == WorkKind::Batch;
    sqlx::query(
        "insert into work (tenant, id, run, kind, partition, batch, state, epoch, attempt, due_at,
            finished_at, updated_at)
         select $1, $2, id, $4, $5, $6, $7, 0, 0,
            case when $4 = 'batch' and slow_until > $8 then slow_until else $8 end, $9, $10
         from run where tenant = $1 and id = $3
         on conflict (tenant, id) do nothing",
    )
    .bind(tenant.as_str())
    .bind(work_id(run, kind, place))
    .bind(run.as_str())
    .bind(kind.as_str())
    .bind(place.map(|(partition, _)| i64::from(partition)))
    .bind(place.and_then(|(_, batch)| batch).map(i64::from))
    .bind(state.as_str())
    .bind((live && !parked).then_some(now))
    .bind((!live).then_some(now))
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Locks the leased item for this transaction. `false`: the lease was lost.
pub(crate) async fn hold(tx: &mut Tx, lease: &Lease) -> Result<bool, StoreError> {
    let now = tx.now;
    let held =
        sqlx::query("update work set updated_at = $4 where tenant = $1 and id = $2 and epoch = $3")
            .bind(lease.tenant.as_str())
            .bind(lease.work_id.as_str())
            .bind(to_i64("epoch", lease.epoch)?)
            .bind(now)
            .execute(tx.conn())
            .await?;
    Ok(held.rows_affected() == 1)
}

/// Ends the leased item. `false`: the lease was lost.
pub(crate) async fn close_work(
    tx: &mut Tx,
    lease: &Lease,
    state: WorkState,
    problem: Option<&Problem>,
) -> Result<bool, StoreError> {
    let now = tx.now;
    let problem = problem.map(|p| to_json("problem", p)).transpose()?;
    let closed = sqlx::query(
        "update work set state = $4, epoch = epoch + 1, due_at = null, lease_until = null,
            finished_at = $5, problem = $6, updated_at = $5
         where tenant = $1 and id = $2 and epoch = $3",
    )
    .bind(lease.tenant.as_str())
    .bind(lease.work_id.as_str())
    .bind(to_i64("epoch", lease.epoch)?)
    .bind(state.as_str())
    .bind(now)
    .bind(problem)
    .execute(tx.conn())
    .await?;
    Ok(closed.rows_affected() == 1)
}

/// Whether workers may go on with a run in this state. In a paused run what is leased goes on; what
/// is parked is not due, so nobody takes it.
pub(crate) fn is_live(state: RunState) -> bool {
    matches!(
        state,
        RunState::Queued | RunState::Planning | RunState::Running | RunState::Paused
    )
}

/// The run's state; on Postgres its row is locked until the transaction ends.
pub(crate) async fn lock_run(
    tx: &mut Tx,
    tenant: &TenantId,
    run: &RunId,
) -> Result<Option<RunState>, StoreError> {
    let now = tx.now;
    let row =
        sqlx::query("update run set updated_at = $3 where tenant = $1 and id = $2 returning state")
            .bind(tenant.as_str())
            .bind(run.as_str())
            .bind(now)
            .fetch_optional(tx.conn())
            .await?;
    row.map(|row| Record::new("run", &row).word("state", RunState::parse))
        .transpose()
}

/// [`lock_run`] for a run that must be there.
pub(crate) async fn locked_state(
    tx: &mut Tx,
    tenant: &TenantId,
    run: &RunId,
) -> Result<RunState, StoreError> {
    lock_run(tx, tenant, run)
        .await?
        .ok_or_else(|| StoreError::Dangling {
            table: "run",
            row: run.to_string(),
        })
}

/// Moves the run and writes the event.
pub(crate) async fn transition(
    tx: &mut Tx,
    tenant: &TenantId,
    run: &RunId,
    from: RunState,
    to: RunState,
    note: Option<&str>,
) -> Result<(), StoreError> {
    if !from.may_become(to) {
        return Err(StoreError::Transition { from, to });
    }
    let now = tx.now;
    let active = !to.terminal() || work_moves(tx, tenant, run).await?;
    let moved = sqlx::query(
        "update run set state = $4, active = $5, updated_at = $6,
            started_at = case when $4 = 'planning' then coalesce(started_at, $6) else started_at end,
            attempt_started_at = case when $4 = 'planning' then $6 else attempt_started_at end,
            finished_at = case when $7 = 1 then $6 else null end
         where tenant = $1 and id = $2 and state = $3",
    )
    .bind(tenant.as_str())
    .bind(run.as_str())
    .bind(from.as_str())
    .bind(to.as_str())
    .bind(i64::from(active))
    .bind(now)
    .bind(i64::from(to.terminal()))
    .execute(tx.conn())
    .await?;
    if moved.rows_affected() != 1 {
        return Err(StoreError::Transition { from, to });
    }
    event(tx, tenant, run, Some(from), to, note).await
}

/// Appends an event. The caller has just written the run's row, so numbers do not collide.
pub(crate) async fn event(
    tx: &mut Tx,
    tenant: &TenantId,
    run: &RunId,
    from: Option<RunState>,
    to: RunState,
    note: Option<&str>,
) -> Result<(), StoreError> {
    let now = tx.now;
    sqlx::query(
        "insert into run_event (tenant, run, seq, at, from_state, to_state, note)
         select $1, $2, coalesce(max(seq), 0) + 1, $3, $4, $5, $6 from run_event
         where tenant = $1 and run = $2",
    )
    .bind(tenant.as_str())
    .bind(run.as_str())
    .bind(now)
    .bind(from.map(|state| state.as_str().to_owned()))
    .bind(to.as_str())
    .bind(note.map(str::to_owned))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// After work was closed or parked: adds `finish` when no other work moves, sends the next probe of
/// a paused run, ends a run that is being cancelled when nobody works on it any more. Gives the
/// run's state.
pub(crate) async fn settle(
    tx: &mut Tx,
    tenant: &TenantId,
    run: &RunId,
) -> Result<RunState, StoreError> {
    let state = locked_state(tx, tenant, run).await?;
    match state {
        RunState::Planning | RunState::Running if !work_moves(tx, tenant, run).await? => {
            add_finish(tx, tenant, run).await?;
            Ok(state)
        }
        RunState::Paused => pause::keep_probing(tx, tenant, run).await,
        RunState::Cancelling if !work_moves(tx, tenant, run).await? => {
            cancel_waiting(tx, tenant, run).await?;
            transition(tx, tenant, run, state, RunState::Cancelled, None).await?;
            Ok(RunState::Cancelled)
        }
        _ if state.terminal() && !work_moves(tx, tenant, run).await? => {
            cancel_waiting(tx, tenant, run).await?;
            leave(tx, tenant, run).await?;
            Ok(state)
        }
        _ => Ok(state),
    }
}

/// [`settle`] after work was put back: of a run that is over or being stopped it is cancelled.
pub(crate) async fn settle_open(
    tx: &mut Tx,
    tenant: &TenantId,
    run: &RunId,
) -> Result<RunState, StoreError> {
    let state = locked_state(tx, tenant, run).await?;
    if !is_live(state) {
        cancel_waiting(tx, tenant, run).await?;
    }
    settle(tx, tenant, run).await
}

/// Nobody works on the run any more, so another one of the integration may start.
async fn leave(tx: &mut Tx, tenant: &TenantId, run: &RunId) -> Result<(), StoreError> {
    sqlx::query("update run set active = 0 where tenant = $1 and id = $2 and active = 1")
        .bind(tenant.as_str())
        .bind(run.as_str())
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn work_moves(tx: &mut Tx, tenant: &TenantId, run: &RunId) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "select count(*) from (select 1 as one from work
            where tenant = $1 and run = $2 and finished_at is null
                and (due_at is not null or lease_until is not null) limit 1) as moving",
    )
    .bind(tenant.as_str())
    .bind(run.as_str())
    .fetch_one(tx.conn())
    .await?;
    Ok(row.try_get::<i64, _>(0)? > 0)
}

/// A redriven run finishes again, so the item of the first time is taken up again.
async fn add_finish(tx: &mut Tx, tenant: &TenantId, run: &RunId) -> Result<(), StoreError> {
    let now = tx.now;
    sqlx::query(
        "insert into work (tenant, id, run, kind, state, epoch, attempt, due_at, updated_at)
         values ($1, $2, $3, 'finish', 'ready', 0, 0, $4, $4)
         on conflict (tenant, id) do update set state = 'ready', attempt = 0, silent = 0,
            epoch = work.epoch + 1, due_at = excluded.due_at, finished_at = null, problem = null,
            updated_at = excluded.updated_at
         where work.finished_at is not null",
    )
    .bind(tenant.as_str())
    .bind(work_id(run, WorkKind::Finish, None))
    .bind(run.as_str())
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes all work that nobody holds out of the queue; what calls may have left with is kept in mind.
pub(crate) async fn cancel_waiting(
    tx: &mut Tx,
    tenant: &TenantId,
    run: &RunId,
) -> Result<(), StoreError> {
    let now = tx.now;
    sqlx::query(
        "update work set state = 'cancelled', epoch = epoch + 1, due_at = null, finished_at = $3,
            updated_at = $3
         where tenant = $1 and run = $2 and finished_at is null and lease_until is null",
    )
    .bind(tenant.as_str())
    .bind(run.as_str())
    .bind(now)
    .execute(tx.conn())
    .await?;
    doubt::keep(tx, tenant, run).await
}

/// A piece of work failed for good. A batch leaves its records pending, and a part of the source
/// that only its own data or connector is to blame for stays unread: the run goes on with the others.
/// Without plan, finish, or what all parts need the run cannot be whole, so it fails. Gives the
/// run's state, or `None` if the lease was lost.
pub(crate) async fn fail_for_good(
    tx: &mut Tx,
    lease: &Lease,
    problem: &Problem,
) -> Result<Option<RunState>, StoreError> {
    if !close_work(tx, lease, WorkState::Failed, Some(problem)).await? {
        return Ok(None);
    }
    let goes_on = match lease.kind {
        WorkKind::Batch => {
            fail_batch(tx, lease, problem).await?;
            true
        }
        WorkKind::Extract => part::fail(tx, lease, problem).await?,
        WorkKind::Plan | WorkKind::Finish => false,
    };
    if goes_on {
        return settle(tx, &lease.tenant, &lease.run).await.map(Some);
    }
    fail_run(tx, lease, problem).await.map(Some)
}

async fn fail_batch(tx: &mut Tx, lease: &Lease, problem: &Problem) -> Result<(), StoreError> {
    let now = tx.now;
    sqlx::query(
        "update batch set state = 'failed', problem = $5, updated_at = $6
         where tenant = $1 and run = $2 and partition = $3 and no = $4",
    )
    .bind(lease.tenant.as_str())
    .bind(lease.run.as_str())
    .bind(i64::from(lease.partition_no()?))
    .bind(i64::from(lease.batch_no()?))
    .bind(to_json("problem", problem)?)
    .bind(now)
    .execute(tx.conn())
    .await?;
    doubt::keep(tx, &lease.tenant, &lease.run).await
}

async fn fail_run(tx: &mut Tx, lease: &Lease, problem: &Problem) -> Result<RunState, StoreError> {
    let (tenant, run) = (&lease.tenant, &lease.run);
    let state = locked_state(tx, tenant, run).await?;
    if !matches!(
        state,
        RunState::Planning | RunState::Running | RunState::Paused
    ) {
        return settle(tx, tenant, run).await;
    }
    let state = pause::ended(tx, tenant, run, state).await?;
    sqlx::query("update run set problem = $3 where tenant = $1 and id = $2")
        .bind(tenant.as_str())
        .bind(run.as_str())
        .bind(to_json("problem", problem)?)
        .execute(tx.conn())
        .await?;
    cancel_waiting(tx, tenant, run).await?;
    let note = format!("{} failed: {}", lease.kind.as_str(), problem.code);
    transition(tx, tenant, run, state, RunState::Failed, Some(&note)).await?;
    Ok(RunState::Failed)
}
