//! Planning: the partitions of a run.

use sqlx::any::AnyRow;
use tributary_model::id::RunId;
use tributary_model::problem::Problem;
use tributary_model::state::{RunState, WorkKind, WorkState};

use super::types::{Fenced, Lease};
use super::{lifecycle, part};
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::Record;
use crate::tenant::TenantStore;

/// A part of the source that is read on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPartition {
    pub no: u32,
    /// JSON from the connector
    pub descriptor: String,
    /// JSON: where to start, if not at the beginning
    pub state: Option<String>,
}

/// What planning came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewPlan {
    pub partitions: Vec<NewPartition>,
    /// the stream that is read
    pub stream: String,
    /// partition keys of that stream whose cursors are of no more use
    pub forgotten: Vec<String>,
    /// no batch is delivered before all of them are checked ([`TenantStore::commit_check`],
    /// [`TenantStore::open_delivery`])
    pub held: bool,
}

/// A partition of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    pub no: u32,
    /// JSON from the connector
    pub descriptor: String,
    /// JSON: the last checkpoint
    pub state: Option<String>,
    /// it was read to its end
    pub done: bool,
    /// why it could not be, if it could not
    pub problem: Option<Problem>,
}

impl Partition {
    /// What people call it: the key that the connector gave it, such as a file's path.
    #[must_use]
    pub fn label(&self) -> String {
        part::label(&self.descriptor, self.no)
    }
}

impl TenantStore {
    /// Ends planning: the run is running, each partition has its extract work; without
    /// partitions the finish work follows at once. Under a `plan` lease.
    ///
    /// # Errors
    /// `WrongLease`, `Database`.
    pub async fn commit_plan(
        &self,
        lease: &Lease,
        plan: &NewPlan,
    ) -> Result<Fenced<()>, StoreError> {
        let partitions = &plan.partitions;
        self.check_lease(lease, &[WorkKind::Plan])?;
        let mut tx = self.write().await?;
        if !lifecycle::close_work(&mut tx, lease, WorkState::Done, None).await? {
            return Ok(Fenced::Lost);
        }
        let state = lifecycle::locked_state(&mut tx, self.tenant(), &lease.run).await?;
        let now = tx.now;
        for partition in partitions {
            sqlx::query(
                "insert into partition (tenant, run, no, descriptor, state, done, updated_at)
                 values ($1, $2, $3, $4, $5, 0, $6)",
            )
            .bind(self.tenant().as_str())
            .bind(lease.run.as_str())
            .bind(i64::from(partition.no))
            .bind(partition.descriptor.as_str())
            .bind(partition.state.clone())
            .bind(now)
            .execute(tx.conn())
            .await?;
            let place = Some((partition.no, None));
            lifecycle::insert_work(
                &mut tx,
                self.tenant(),
                &lease.run,
                WorkKind::Extract,
                place,
                state,
            )
            .await?;
        }
        self.forget_cursors(&mut tx, lease, plan).await?;
        if state == RunState::Planning {
            let note = format!("{} partitions", partitions.len());
            let (tenant, run) = (self.tenant(), &lease.run);
            lifecycle::transition(&mut tx, tenant, run, state, RunState::Running, Some(&note))
                .await?;
        }
        if plan.held {
            sqlx::query("update run set delivery_held = 1 where tenant = $1 and id = $2")
                .bind(self.tenant().as_str())
                .bind(lease.run.as_str())
                .execute(tx.conn())
                .await?;
        }
        lifecycle::settle(&mut tx, self.tenant(), &lease.run).await?;
        tx.commit().await?;
        Ok(Fenced::Done(()))
    }

    /// Drops the cursors that the plan names.
    async fn forget_cursors(
        &self,
        tx: &mut Tx,
        lease: &Lease,
        plan: &NewPlan,
    ) -> Result<(), StoreError> {
        for key in &plan.forgotten {
            sqlx::query(
                "delete from stream_cursor where tenant = $1 and stream = $3
                 and partition_key = $4 and integration =
                    (select integration from run where tenant = $1 and id = $2)",
            )
            .bind(self.tenant().as_str())
            .bind(lease.run.as_str())
            .bind(plan.stream.as_str())
            .bind(key.as_str())
            .execute(tx.conn())
            .await?;
        }
        Ok(())
    }

    /// All partitions of a run, by number.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn partitions(&self, run: &RunId) -> Result<Vec<Partition>, StoreError> {
        let mut tx = self.read().await?;
        let rows =
            sqlx::query("select * from partition where tenant = $1 and run = $2 order by no")
                .bind(self.tenant().as_str())
                .bind(run.as_str())
                .fetch_all(tx.conn())
                .await?;
        rows.iter().map(partition).collect()
    }

    /// One partition with its last checkpoint.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn partition(&self, run: &RunId, no: u32) -> Result<Option<Partition>, StoreError> {
        let mut tx = self.read().await?;
        let row = sqlx::query("select * from partition where tenant = $1 and run = $2 and no = $3")
            .bind(self.tenant().as_str())
            .bind(run.as_str())
            .bind(i64::from(no))
            .fetch_optional(tx.conn())
            .await?;
        row.as_ref().map(partition).transpose()
    }

    /// The lease must be this tenant's and for one of these kinds of work.
    pub(super) fn check_lease(&self, lease: &Lease, kinds: &[WorkKind]) -> Result<(), StoreError> {
        if lease.tenant == *self.tenant() && kinds.contains(&lease.kind) {
            Ok(())
        } else {
            Err(StoreError::WrongLease { kind: lease.kind })
        }
    }
}

fn partition(row: &AnyRow) -> Result<Partition, StoreError> {
    let record = Record::new("partition", row);
    Ok(Partition {
        no: record.u32("no")?,
        descriptor: record.text("descriptor")?,
        state: record.text_opt("state")?,
        done: record.flag("done")?,
        problem: record.json_opt("problem")?,
    })
}
