//! Where the lake keeps what connectors logged during a run.
//!
//! Invariant: a run's objects together stay below the caller's limit; what would go beyond is
//! refused, and its object is garbage like any that no row names.

use tributary_model::id::RunId;

use crate::error::StoreError;
use crate::row::{Record, to_i64};
use crate::tenant::TenantStore;

impl TenantStore {
    /// Adds an object of `bytes` plain bytes to the run's log. `false`: with it the log would be
    /// longer than `most_bytes`.
    ///
    /// # Errors
    /// `Refused` for numbers above 2^63-1, `Database`.
    pub async fn log_add(
        &self,
        run: &RunId,
        object: &str,
        bytes: u64,
        most_bytes: u64,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let now = tx.now;
        let added = sqlx::query(
            "insert into run_log (tenant, run, object, bytes, created_at)
             select $1, $2, $3, $4, $5 from run where tenant = $1 and id = $2
                and $4 + (select coalesce(sum(bytes), 0) from run_log
                    where tenant = $1 and run = $2) <= $6
             on conflict (tenant, run, object) do nothing",
        )
        .bind(self.tenant().as_str())
        .bind(run.as_str())
        .bind(object)
        .bind(to_i64("bytes", bytes)?)
        .bind(now)
        .bind(to_i64("most_bytes", most_bytes)?)
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(added.rows_affected() == 1)
    }

    /// The objects of the run's log, the oldest first, and the plain bytes of each.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn run_log(&self, run: &RunId) -> Result<Vec<(String, u64)>, StoreError> {
        let mut tx = self.read().await?;
        let rows = sqlx::query(
            "select object, bytes from run_log where tenant = $1 and run = $2
             order by created_at, object",
        )
        .bind(self.tenant().as_str())
        .bind(run.as_str())
        .fetch_all(tx.conn())
        .await?;
        rows.iter()
            .map(|row| {
                let record = Record::new("run_log", row);
                Ok((record.text("object")?, record.u64("bytes")?))
            })
            .collect()
    }
}
