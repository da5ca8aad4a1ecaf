//! The end of a run, and the cursors that move with it.
//!
//! Invariants: cursors move in the transaction that records the results, never before; an older run
//! that is taken up again does not move them back.

use tributary_model::clock::UnixMillis;
use tributary_model::id::{RunId, Slug};
use tributary_model::state::{RunState, WorkKind, WorkState};

use super::lifecycle;
use super::types::{Fenced, Lease};
use crate::error::StoreError;
use crate::row::{Record, to_i64};
use crate::tenant::TenantStore;

/// Where the next incremental run starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorMove {
    pub stream: String,
    /// names a part of the stream that has a cursor of its own; `""` if there is one only
    pub partition_key: String,
    /// of the source; a new generation starts over
    pub generation: u64,
    /// JSON
    pub cursor: String,
}

/// A stored cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamCursor {
    pub partition_key: String,
    pub generation: u64,
    /// JSON
    pub cursor: String,
    /// the run that moved it
    pub run: RunId,
    pub updated_ms: UnixMillis,
}

impl TenantStore {
    /// Ends the run in `state` with its report (JSON) and moves the cursors. A run that is
    /// being cancelled ends cancelled, keeps the report and moves no cursor. Gives the state it
    /// ended in. Under a `finish` lease.
    ///
    /// # Errors
    /// `WrongLease`, `Transition` if `state` is no end or the run cannot get there, `Database`.
    pub async fn finish_run(
        &self,
        lease: &Lease,
        state: RunState,
        report: &str,
        cursors: &[CursorMove],
    ) -> Result<Fenced<RunState>, StoreError> {
        self.check_lease(lease, &[WorkKind::Finish])?;
        let mut tx = self.write().await?;
        if !lifecycle::close_work(&mut tx, lease, WorkState::Done, None).await? {
            return Ok(Fenced::Lost);
        }
        let (tenant, run) = (self.tenant(), &lease.run);
        let from = lifecycle::locked_state(&mut tx, tenant, run).await?;
        let cancelled = from == RunState::Cancelling;
        let to = if cancelled {
            RunState::Cancelled
        } else {
            state
        };
        if !to.terminal() {
            return Err(StoreError::Transition { from, to });
        }
        // a run that its rules stopped still has batches that wait for delivery
        lifecycle::cancel_waiting(&mut tx, tenant, run).await?;
        lifecycle::transition(&mut tx, tenant, run, from, to, None).await?;
        sqlx::query("update run set report = $3 where tenant = $1 and id = $2")
            .bind(tenant.as_str())
            .bind(run.as_str())
            .bind(report)
            .execute(tx.conn())
            .await?;
        let now = tx.now;
        for cursor in cursors.iter().filter(|_| !cancelled) {
            sqlx::query(
                "insert into stream_cursor (tenant, integration, stream, partition_key, generation,
                    cursor, run, updated_at)
                 select $1, integration, $3, $4, $5, $6, $2, $7 from run
                 where tenant = $1 and id = $2
                 on conflict (tenant, integration, stream, partition_key) do update set
                    generation = excluded.generation, cursor = excluded.cursor,
                    run = excluded.run, updated_at = excluded.updated_at
                 where not exists (select 1 from run as mover join run as mine
                    on mine.tenant = mover.tenant and mine.id = excluded.run
                    where mover.tenant = stream_cursor.tenant and mover.id = stream_cursor.run
                        and mover.no > mine.no)",
            )
            .bind(tenant.as_str())
            .bind(run.as_str())
            .bind(cursor.stream.as_str())
            .bind(cursor.partition_key.as_str())
            .bind(to_i64("generation", cursor.generation)?)
            .bind(cursor.cursor.as_str())
            .bind(now)
            .execute(tx.conn())
            .await?;
        }
        tx.commit().await?;
        Ok(Fenced::Done(to))
    }

    /// The cursors of a stream, by partition key.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn cursor(
        &self,
        integration: &Slug,
        stream: &str,
    ) -> Result<Vec<StreamCursor>, StoreError> {
        let mut tx = self.read().await?;
        let rows = sqlx::query(
            "select * from stream_cursor where tenant = $1 and integration = $2 and stream = $3
             order by partition_key",
        )
        .bind(self.tenant().as_str())
        .bind(integration.as_str())
        .bind(stream)
        .fetch_all(tx.conn())
        .await?;
        rows.iter()
            .map(|row| {
                let record = Record::new("stream_cursor", row);
                Ok(StreamCursor {
                    partition_key: record.text("partition_key")?,
                    generation: record.u64("generation")?,
                    cursor: record.text("cursor")?,
                    run: record.run_id("run")?,
                    updated_ms: record.int("updated_at")?,
                })
            })
            .collect()
    }
}
