//! Parts of the source (files, ranges of keys) that could not be read to their end: a part that only its
//! own data or connector is to blame for is closed, and the run goes on without it.
//!
//! Invariants: such a part keeps its problem until a redrive takes it up again; what was cut from it
//! before goes its way; a run whose delivery waits for its rules cannot do without a part, because the
//! rules are about all of them.

use tributary_model::id::{RunId, TenantId};
use tributary_model::problem::Problem;

use super::types::Lease;
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::{Record, to_json};
use crate::tenant::TenantStore;

/// Most parts that [`TenantStore::failed_parts`] gives.
pub const MOST_FAILED_PARTS: usize = 100;

/// A part that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedPart {
    /// of the partition
    pub no: u32,
    /// what people call it: a file's path
    pub label: String,
    pub problem: Problem,
}

impl TenantStore {
    /// The run's parts that could not be read, by number, [`MOST_FAILED_PARTS`] at most.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn failed_parts(&self, run: &RunId) -> Result<Vec<FailedPart>, StoreError> {
        let mut tx = self.read().await?;
        let rows = sqlx::query(
            "select no, descriptor, problem from partition
             where tenant = $1 and run = $2 and problem is not null order by no limit $3",
        )
        .bind(self.tenant().as_str())
        .bind(run.as_str())
        .bind(i64::try_from(MOST_FAILED_PARTS).unwrap_or(i64::MAX))
        .fetch_all(tx.conn())
        .await?;
        rows.iter()
            .map(|row| {
                let record = Record::new("partition", row);
                let no = record.u32("no")?;
                Ok(FailedPart {
                    no,
                    label: label(&record.text("descriptor")?, no),
                    problem: record.json("problem")?,
                })
            })
            .collect()
    }
}

/// Notes why the leased part cannot be read. Whether the run can go on without it.
pub(super) async fn fail(
    tx: &mut Tx,
    lease: &Lease,
    problem: &Problem,
) -> Result<bool, StoreError> {
    let now = tx.now;
    sqlx::query(
        "update partition set problem = $4, updated_at = $5
         where tenant = $1 and run = $2 and no = $3",
    )
    .bind(lease.tenant.as_str())
    .bind(lease.run.as_str())
    .bind(i64::from(lease.partition_no()?))
    .bind(to_json("problem", problem)?)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(problem.code.of_one_part() && !delivery_held(tx, lease).await?)
}

/// The lease may be older than the word that delivery is held, so the ledger is asked.
async fn delivery_held(tx: &mut Tx, lease: &Lease) -> Result<bool, StoreError> {
    let row = sqlx::query("select delivery_held from run where tenant = $1 and id = $2")
        .bind(lease.tenant.as_str())
        .bind(lease.run.as_str())
        .fetch_one(tx.conn())
        .await?;
    Record::new("run", &row).flag("delivery_held")
}

/// A redrive reads them once more.
pub(super) async fn reopen(tx: &mut Tx, tenant: &TenantId, run: &RunId) -> Result<(), StoreError> {
    let now = tx.now;
    sqlx::query(
        "update partition set problem = null, updated_at = $3
         where tenant = $1 and run = $2 and problem is not null",
    )
    .bind(tenant.as_str())
    .bind(run.as_str())
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The connector's key of a part, or its number where it has none.
pub(super) fn label(descriptor: &str, no: u32) -> String {
    let descriptor: Option<serde_json::Value> = serde_json::from_str(descriptor).ok();
    let key = descriptor
        .as_ref()
        .and_then(|part| part.get("key")?.as_str());
    key.map_or_else(|| format!("part {no}"), str::to_owned)
}
