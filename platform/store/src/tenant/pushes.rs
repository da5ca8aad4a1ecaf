//! Batches of records that programs pushed for an integration.
//!
//! Invariants: a row is written after its objects are in the lake; an idempotency key makes one batch
//! per integration; batches are numbered in the order in which they were accepted, so that whoever
//! sees one sees all before it; a batch goes to one run and stays with it, whatever becomes of the run.

use sqlx::any::AnyRow;
use tributary_model::clock::UnixMillis;
use tributary_model::id::{RunId, Slug};
use tributary_model::pieces::Pieces;
use tributary_model::state::WorkKind;

use super::TenantStore;
use super::uploads::pieces;
use crate::db::Tx;
use crate::error::StoreError;
use crate::ledger::lifecycle::hold;
use crate::ledger::{Fenced, Lease};
use crate::row::{Record, to_i64};

/// A batch that is in the lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPush {
    pub integration: Slug,
    pub id: String,
    /// the caller's key: the same key gives the same batch
    pub idempotency_key: String,
    /// of the body as received
    pub sha256: [u8; 32],
    pub counts: PushCounts,
    /// object with places and reasons, if rows were refused
    pub refusals: Option<String>,
    /// the accepted rows
    pub pieces: Pieces,
    /// the client that pushed it
    pub sent_by: String,
}

/// Rows of a batch. `rows = accepted + refused`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PushCounts {
    pub rows: u64,
    pub accepted: u64,
    pub refused: u64,
}

/// A batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    pub integration: Slug,
    /// place in the integration's order, from 1
    pub seq: u64,
    pub id: String,
    pub sha256: [u8; 32],
    pub counts: PushCounts,
    pub refusals: Option<String>,
    pub pieces: Pieces,
    pub sent_by: String,
    /// the run that has it; `None`: the next one takes it
    pub run: Option<RunId>,
    /// its rows were kept long enough and are gone
    pub removed_ms: Option<UnixMillis>,
    pub created_ms: UnixMillis,
}

/// What became of [`TenantStore::push_add`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the batch may be one that was there"]
pub enum PushAdded {
    Created(Push),
    /// the idempotency key was used before; compare the batch with what came
    Existing(Push),
}

impl TenantStore {
    /// Accepts a batch.
    ///
    /// # Errors
    /// `Dangling` if there is no such tenant, `Database`, `Inconsistent`.
    pub async fn push_add(&self, new: &NewPush) -> Result<PushAdded, StoreError> {
        let mut tx = self.write().await?;
        self.lock_tenant(&mut tx).await?;
        let (integration, key) = (&new.integration, new.idempotency_key.as_str());
        if let Some(there) = self.push_of_key(&mut tx, integration, key).await? {
            return Ok(PushAdded::Existing(there));
        }
        let now = tx.now;
        let row = sqlx::query(
            "insert into push (tenant, integration, seq, id, idempotency_key, sha256, rows,
                accepted, refused, refusals, bytes, object, pieces, piece_bytes, sent_by, created_at)
             values ($1, $2, (select coalesce(max(seq), 0) + 1 from push
                    where tenant = $1 and integration = $2),
                $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
             returning *",
        )
        .bind(self.tenant().as_str())
        .bind(integration.as_str())
        .bind(new.id.as_str())
        .bind(key)
        .bind(new.sha256.to_vec())
        .bind(to_i64("rows", new.counts.rows)?)
        .bind(to_i64("accepted", new.counts.accepted)?)
        .bind(to_i64("refused", new.counts.refused)?)
        .bind(new.refusals.clone())
        .bind(to_i64("bytes", new.pieces.bytes)?)
        .bind(new.pieces.folder.as_str())
        .bind(i64::from(new.pieces.count))
        .bind(i64::from(new.pieces.piece_bytes))
        .bind(new.sent_by.as_str())
        .bind(now)
        .fetch_one(tx.conn())
        .await?;
        let made = push(&row)?;
        self.room_used(&mut tx, &new.id).await?;
        tx.commit().await?;
        Ok(PushAdded::Created(made))
    }

    /// One batch.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn push(&self, integration: &Slug, id: &str) -> Result<Option<Push>, StoreError> {
        let mut tx = self.read().await?;
        let row =
            sqlx::query("select * from push where tenant = $1 and integration = $2 and id = $3")
                .bind(self.tenant().as_str())
                .bind(integration.as_str())
                .bind(id)
                .fetch_optional(tx.conn())
                .await?;
        row.as_ref().map(push).transpose()
    }

    /// The batch that an idempotency key has made.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn push_by_key(
        &self,
        integration: &Slug,
        key: &str,
    ) -> Result<Option<Push>, StoreError> {
        let mut tx = self.read().await?;
        self.push_of_key(&mut tx, integration, key).await
    }

    /// Batches of an integration, the newest first; only those before number `before`, if given. At most
    /// `limit`; 0 means 50.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn pushes(
        &self,
        integration: &Slug,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Push>, StoreError> {
        let limit = if limit == 0 { 50 } else { limit };
        let before = before.map_or(Ok(i64::MAX), |seq| to_i64("before", seq))?;
        let mut tx = self.read().await?;
        let rows = sqlx::query(
            "select * from push where tenant = $1 and integration = $2
                and seq < $3 order by seq desc limit $4",
        )
        .bind(self.tenant().as_str())
        .bind(integration.as_str())
        .bind(before)
        .bind(i64::from(limit))
        .fetch_all(tx.conn())
        .await?;
        rows.iter().map(push).collect()
    }

    /// Gives the run of a `plan` lease every batch of its integration that no run has. Asked again, it
    /// gives what came since. Gives how many there were.
    ///
    /// # Errors
    /// `WrongLease`, `Database`.
    pub async fn pushes_claim(&self, lease: &Lease) -> Result<Fenced<u64>, StoreError> {
        if lease.tenant != *self.tenant() || lease.kind != WorkKind::Plan {
            return Err(StoreError::WrongLease { kind: lease.kind });
        }
        let mut tx = self.write().await?;
        if !hold(&mut tx, lease).await? {
            return Ok(Fenced::Lost);
        }
        let claimed = sqlx::query(
            "update push set run = $2 where tenant = $1 and run is null and accepted > 0
                and integration = (select integration from run where tenant = $1 and id = $2)",
        )
        .bind(self.tenant().as_str())
        .bind(lease.run.as_str())
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(Fenced::Done(claimed.rows_affected()))
    }

    /// The batches of a run in their order, only those behind number `after`. At most `limit`.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn pushes_of_run(
        &self,
        run: &RunId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Push>, StoreError> {
        let mut tx = self.read().await?;
        let rows = sqlx::query(
            "select * from push where tenant = $1 and run = $2 and seq > $3
             order by seq limit $4",
        )
        .bind(self.tenant().as_str())
        .bind(run.as_str())
        .bind(to_i64("after", after)?)
        .bind(i64::from(limit))
        .fetch_all(tx.conn())
        .await?;
        rows.iter().map(push).collect()
    }

    async fn push_of_key(
        &self,
        tx: &mut Tx,
        integration: &Slug,
        key: &str,
    ) -> Result<Option<Push>, StoreError> {
        let row = sqlx::query(
            "select * from push
             where tenant = $1 and integration = $2 and idempotency_key = $3",
        )
        .bind(self.tenant().as_str())
        .bind(integration.as_str())
        .bind(key)
        .fetch_optional(tx.conn())
        .await?;
        row.as_ref().map(push).transpose()
    }
}

fn push(row: &AnyRow) -> Result<Push, StoreError> {
    let record = Record::new("push", row);
    let run = match record.text_opt("run")? {
        None => None,
        Some(_) => Some(record.run_id("run")?),
    };
    Ok(Push {
        integration: record.slug("integration")?,
        seq: record.u64("seq")?,
        id: record.text("id")?,
        sha256: record.hash("sha256")?,
        counts: PushCounts {
            rows: record.u64("rows")?,
            accepted: record.u64("accepted")?,
            refused: record.u64("refused")?,
        },
        refusals: record.text_opt("refusals")?,
        pieces: pieces(&record)?,
        sent_by: record.text("sent_by")?,
        run,
        removed_ms: record.int_opt("removed_at")?,
        created_ms: record.int("created_at")?,
    })
}
