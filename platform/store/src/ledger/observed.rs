//! What a run observed beside its records: what its connectors used, what its source looks like.
//!
//! Invariant: neither decides anything of the run, so they are written without its lease: what was used
//! was used, also by a worker that lost it.

use tributary_model::id::{RunId, Slug};
use tributary_model::source_shape::{DriftFinding, SourceShape};
use tributary_model::state::RunState;
use tributary_model::usage::{RunUsage, add_usage};

use super::lifecycle;
use crate::error::StoreError;
use crate::row::{Record, to_json};
use crate::tenant::TenantStore;

/// Most differences that are kept of one run.
pub const MOST_FINDINGS: usize = 100;

impl TenantStore {
    /// Adds to what the run's connectors used.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn run_usage_add(&self, run: &RunId, since: &RunUsage) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        // no other adds in between
        let there = lifecycle::lock_run(&mut tx, self.tenant(), run).await?;
        if there.is_none() {
            return Ok(());
        }
        let row = sqlx::query("select usage from run where tenant = $1 and id = $2")
            .bind(self.tenant().as_str())
            .bind(run.as_str())
            .fetch_one(tx.conn())
            .await?;
        let known: Option<RunUsage> = Record::new("run", &row).json_opt("usage")?;
        let mut usage = known.unwrap_or_default();
        add_usage(&mut usage, since);
        sqlx::query("update run set usage = $3 where tenant = $1 and id = $2")
            .bind(self.tenant().as_str())
            .bind(run.as_str())
            .bind(to_json("usage", &usage)?)
            .execute(tx.conn())
            .await?;
        tx.commit().await
    }

    /// Notes what the run saw of its source, and adds to the differences, [`MOST_FINDINGS`] at most.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn run_shape_note(
        &self,
        run: &RunId,
        shape: &SourceShape,
        findings: &[DriftFinding],
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let there = lifecycle::lock_run(&mut tx, self.tenant(), run).await?;
        if there.is_none() {
            return Ok(());
        }
        let row = sqlx::query("select drift from run where tenant = $1 and id = $2")
            .bind(self.tenant().as_str())
            .bind(run.as_str())
            .fetch_one(tx.conn())
            .await?;
        let known: Option<Vec<DriftFinding>> = Record::new("run", &row).json_opt("drift")?;
        let mut drift = known.unwrap_or_default();
        for finding in findings {
            let same =
                |other: &DriftFinding| other.kind == finding.kind && other.name == finding.name;
            if drift.len() < MOST_FINDINGS && !drift.iter().any(same) {
                drift.push(finding.clone());
            }
        }
        sqlx::query("update run set source_shape = $3, drift = $4 where tenant = $1 and id = $2")
            .bind(self.tenant().as_str())
            .bind(run.as_str())
            .bind(to_json("source_shape", shape)?)
            .bind(to_json("drift", &drift)?)
            .execute(tx.conn())
            .await?;
        tx.commit().await
    }

    /// What the integration's last good run saw of its source.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn last_shape(&self, integration: &Slug) -> Result<Option<SourceShape>, StoreError> {
        let mut tx = self.read().await?;
        let row = sqlx::query(
            "select source_shape from run where tenant = $1 and integration = $2
                and source_shape is not null and state in ($3, $4)
             order by id desc limit 1",
        )
        .bind(self.tenant().as_str())
        .bind(integration.as_str())
        .bind(RunState::Succeeded.as_str())
        .bind(RunState::CompletedWithErrors.as_str())
        .fetch_optional(tx.conn())
        .await?;
        match row {
            None => Ok(None),
            Some(row) => Record::new("run", &row).json_opt("source_shape"),
        }
    }
}
