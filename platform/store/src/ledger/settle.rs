//! A person's word on a record in doubt: it arrived, or it did not.
//!
//! Invariants: only a record that is `uncertain` is settled, and only while no run of the integration
//! is active, which may be finding out by itself. What the runs recorded stays as it was: their
//! reports tell what they knew.

use sqlx::any::AnyRow;
use tributary_model::clock::UnixMillis;
use tributary_model::id::{RunId, Slug};
use tributary_model::state::RecordState;

use super::run::active_run;
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::Record;
use crate::tenant::TenantStore;

/// What was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSettlement {
    /// the target has the record; otherwise the next run that reads it sends it under a new key
    pub delivered: bool,
    /// the target's id of it, if it has it
    pub external_id: Option<String>,
    /// how it was found out, for people
    pub note: Option<String>,
    /// the client that says so
    pub settled_by: String,
}

/// A stored settlement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// `delivered` or `rejected`
    pub state: RecordState,
    pub external_id: Option<String>,
    pub note: Option<String>,
    pub settled_by: String,
    pub settled_ms: UnixMillis,
}

/// What settling came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    Done,
    /// the record was never seen
    Unknown,
    /// there is no doubt about it
    Certain(RecordState),
    /// a run of the integration is under way
    Running(RunId),
}

impl TenantStore {
    /// Settles a record in doubt. `key_hash` is [`super::record_key_hash`] of the customer's key.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn record_settle(
        &self,
        integration: &Slug,
        key_hash: &[u8; 32],
        new: &NewSettlement,
    ) -> Result<Settled, StoreError> {
        let mut tx = self.write().await?;
        let Some(state) = self.locked_record(&mut tx, integration, key_hash).await? else {
            return Ok(Settled::Unknown);
        };
        if state != RecordState::Uncertain {
            return Ok(Settled::Certain(state));
        }
        if let Some(run) = active_run(&mut tx, self, integration).await? {
            return Ok(Settled::Running(run));
        }
        let settled = match new.delivered {
            true => RecordState::Delivered,
            false => RecordState::Rejected,
        };
        sqlx::query(
            "update record_index set state = $4
             where tenant = $1 and integration = $2 and key_hash = $3",
        )
        .bind(self.tenant().as_str())
        .bind(integration.as_str())
        .bind(key_hash.to_vec())
        .bind(settled.as_str())
        .execute(tx.conn())
        .await?;
        let now = tx.now;
        sqlx::query(
            "insert into record_settlement (tenant, integration, key_hash, no, state, external_id,
                note, settled_by, settled_at)
             select $1, $2, $3, count(*), $4, $5, $6, $7, $8 from record_settlement
             where tenant = $1 and integration = $2 and key_hash = $3",
        )
        .bind(self.tenant().as_str())
        .bind(integration.as_str())
        .bind(key_hash.to_vec())
        .bind(settled.as_str())
        .bind(new.external_id.clone())
        .bind(new.note.clone())
        .bind(new.settled_by.as_str())
        .bind(now)
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(Settled::Done)
    }

    /// The state of a record in the index; the row is held until the transaction ends.
    async fn locked_record(
        &self,
        tx: &mut Tx,
        integration: &Slug,
        key_hash: &[u8; 32],
    ) -> Result<Option<RecordState>, StoreError> {
        let row = sqlx::query(
            "update record_index set state = state
             where tenant = $1 and integration = $2 and key_hash = $3 returning state",
        )
        .bind(self.tenant().as_str())
        .bind(integration.as_str())
        .bind(key_hash.to_vec())
        .fetch_optional(tx.conn())
        .await?;
        row.map(|row| Record::new("record_index", &row).word("state", RecordState::parse))
            .transpose()
    }

    /// What people said about the record, the last first.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn record_settlements(
        &self,
        integration: &Slug,
        key_hash: &[u8; 32],
    ) -> Result<Vec<Settlement>, StoreError> {
        let mut tx = self.read().await?;
        let rows = sqlx::query(
            "select * from record_settlement
             where tenant = $1 and integration = $2 and key_hash = $3 order by no desc",
        )
        .bind(self.tenant().as_str())
        .bind(integration.as_str())
        .bind(key_hash.to_vec())
        .fetch_all(tx.conn())
        .await?;
        rows.iter().map(settlement).collect()
    }
}

fn settlement(row: &AnyRow) -> Result<Settlement, StoreError> {
    let record = Record::new("record_settlement", row);
    Ok(Settlement {
        state: record.word("state", RecordState::parse)?,
        external_id: record.text_opt("external_id")?,
        note: record.text_opt("note")?,
        settled_by: record.text("settled_by")?,
        settled_ms: record.int("settled_at")?,
    })
}
