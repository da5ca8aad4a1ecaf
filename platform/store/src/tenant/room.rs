//! How much of what customers sent is kept, room for more of it, and what has been kept long enough.
//!
//! Invariants: room is taken under the tenant's lock before bytes come, and given back by the row that
//! takes its place, by who asked for it, or by its end; so what is kept and what is on its way never go
//! beyond a maximum together. Bytes are removed by the caller, after the rows that this module changes say so.

use tributary_model::clock::UnixMillis;
use tributary_model::pieces::Pieces;

use super::TenantStore;
use super::uploads::pieces;
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::{Record, to_i64};

const DAY_MS: i64 = 86_400_000;
/// Room that nobody gave back is kept this long: longer than any file may take to come.
const ROOM_MS: i64 = 7 * 3_600_000;
/// Rows that one call lets go.
const PER_CALL: i64 = 500;

/// What is kept of what was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// of files and batches
    pub bytes: u64,
    /// versions of files
    pub files: u64,
}

/// The most that may be kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeptMost {
    pub bytes: Option<u64>,
    pub files: Option<u64>,
}

/// What became of [`TenantStore::room_take`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "there may be no room"]
pub enum Room {
    Taken,
    /// there is none: what is kept and on its way, without what was asked for
    Full(Kept),
}

impl TenantStore {
    /// What is kept, without what is on its way.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn kept(&self) -> Result<Kept, StoreError> {
        let mut tx = self.read().await?;
        self.kept_in(&mut tx).await
    }

    /// Takes room for a file or a batch that is to come under this id, or makes the room that it has
    /// larger or smaller. Refused, it keeps what it had.
    ///
    /// # Errors
    /// `Dangling` if there is no such tenant, `Database`, `Inconsistent`.
    pub async fn room_take(
        &self,
        id: &str,
        wanted: Kept,
        most: KeptMost,
    ) -> Result<Room, StoreError> {
        let mut tx = self.write().await?;
        self.lock_tenant(&mut tx).await?;
        let now = tx.now;
        sqlx::query("delete from intake_room where tenant = $1 and expires_at <= $2")
            .bind(self.tenant().as_str())
            .bind(now)
            .execute(tx.conn())
            .await?;
        let kept = self.kept_in(&mut tx).await?;
        let coming = self.coming_in(&mut tx, id).await?;
        let there = Kept {
            bytes: kept.bytes.saturating_add(coming.bytes),
            files: kept.files.saturating_add(coming.files),
        };
        let beyond = |there: u64, wanted: u64, most: Option<u64>| {
            wanted > 0 && most.is_some_and(|most| there.saturating_add(wanted) > most)
        };
        if beyond(there.bytes, wanted.bytes, most.bytes)
            || beyond(there.files, wanted.files, most.files)
        {
            return Ok(Room::Full(there));
        }
        sqlx::query(
            "insert into intake_room (tenant, id, bytes, files, expires_at)
             values ($1, $2, $3, $4, $5)
             on conflict (tenant, id) do update set bytes = excluded.bytes,
                files = excluded.files, expires_at = excluded.expires_at",
        )
        .bind(self.tenant().as_str())
        .bind(id)
        .bind(to_i64("bytes", wanted.bytes)?)
        .bind(to_i64("files", wanted.files)?)
        .bind(now.saturating_add(ROOM_MS))
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(Room::Taken)
    }

    /// Gives room back that was not used.
    ///
    /// # Errors
    /// `Database`.
    pub async fn room_give_back(&self, id: &str) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        self.room_used(&mut tx, id).await?;
        tx.commit().await
    }

    /// The row has taken the room's place.
    pub(super) async fn room_used(&self, tx: &mut Tx, id: &str) -> Result<(), StoreError> {
        sqlx::query("delete from intake_room where tenant = $1 and id = $2")
            .bind(self.tenant().as_str())
            .bind(id)
            .execute(tx.conn())
            .await?;
        Ok(())
    }

    /// Marks files as deleted that were archived, or replaced by another version, at least `days` ago: at
    /// most some hundred at a time, so ask until there are none. Gives where their bytes lie.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn uploads_expire(&self, days: u32) -> Result<Vec<Pieces>, StoreError> {
        let statement = "update upload set state = 'deleted', updated_at = $2
             where tenant = $1 and id in (select id from upload
                where tenant = $1 and state <> 'deleted' and updated_at <= $3
                    and (state = 'archived' or newest = 0)
                order by updated_at limit $4)
             returning *";
        self.expire("upload", statement, days).await
    }

    /// Marks batches as removed whose run was over at least `days` ago; the receipts stay. As
    /// [`Self::uploads_expire`].
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn pushes_expire(&self, days: u32) -> Result<Vec<Pieces>, StoreError> {
        let statement = "update push set removed_at = $2
             where tenant = $1 and id in (select p.id from push p
                join run r on r.tenant = p.tenant and r.id = p.run
                where p.tenant = $1 and p.removed_at is null and r.active = 0
                    and r.finished_at <= $3
                order by p.seq limit $4)
             returning *";
        self.expire("push", statement, days).await
    }

    /// The rows of `table` that `statement` marks: with tenant, now, the time before which they go, how many.
    async fn expire(
        &self,
        table: &'static str,
        statement: &'static str,
        days: u32,
    ) -> Result<Vec<Pieces>, StoreError> {
        let mut tx = self.write().await?;
        self.lock_tenant(&mut tx).await?;
        let now = tx.now;
        let rows = sqlx::query(statement)
            .bind(self.tenant().as_str())
            .bind(now)
            .bind(before(now, days))
            .bind(PER_CALL)
            .fetch_all(tx.conn())
            .await?;
        let gone = rows.iter().map(|row| pieces(&Record::new(table, row)));
        let gone: Result<Vec<Pieces>, StoreError> = gone.collect();
        tx.commit().await?;
        gone
    }

    async fn kept_in(&self, tx: &mut Tx) -> Result<Kept, StoreError> {
        let row = sqlx::query(
            "select cast(coalesce((select sum(bytes) from upload
                    where tenant = $1 and state <> 'deleted'), 0)
                + coalesce((select sum(bytes) from push
                    where tenant = $1 and removed_at is null), 0) as bigint) as bytes,
                (select count(*) from upload where tenant = $1 and state <> 'deleted') as files",
        )
        .bind(self.tenant().as_str())
        .fetch_one(tx.conn())
        .await?;
        kept(&Record::new("upload", &row))
    }

    /// What is on its way, without what has this id.
    async fn coming_in(&self, tx: &mut Tx, id: &str) -> Result<Kept, StoreError> {
        let row = sqlx::query(
            "select cast(coalesce(sum(bytes), 0) as bigint) as bytes,
                cast(coalesce(sum(files), 0) as bigint) as files
             from intake_room where tenant = $1 and id <> $2",
        )
        .bind(self.tenant().as_str())
        .bind(id)
        .fetch_one(tx.conn())
        .await?;
        kept(&Record::new("intake_room", &row))
    }
}

fn before(now: UnixMillis, days: u32) -> UnixMillis {
    now.saturating_sub(i64::from(days).saturating_mul(DAY_MS))
}

fn kept(record: &Record<'_>) -> Result<Kept, StoreError> {
    Ok(Kept {
        bytes: record.u64("bytes")?,
        files: record.u64("files")?,
    })
}
