//! Files that customers sent: a row for each version of each name.
//!
//! Invariants: a row is written after its pieces are in the lake; of each name one version is the
//! newest, and only that one is read or changes its state; the same content again is no second version.
//! A name's bytes are removed by the caller after its rows say `deleted`.

use sqlx::any::AnyRow;
use tributary_model::clock::UnixMillis;
use tributary_model::id::Slug;
use tributary_model::pieces::Pieces;
use tributary_model::state::UploadState;

use super::TenantStore;
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::{Record, to_i64};

/// A file that has arrived whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUpload {
    pub connection: Slug,
    pub name: String,
    pub id: String,
    pub sha256: [u8; 32],
    pub pieces: Pieces,
    /// the client that sent it
    pub sent_by: String,
}

/// A version of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    pub connection: Slug,
    pub name: String,
    /// from 1
    pub version: u32,
    pub id: String,
    pub state: UploadState,
    pub sha256: [u8; 32],
    pub pieces: Pieces,
    pub sent_by: String,
    pub created_ms: UnixMillis,
    pub updated_ms: UnixMillis,
}

/// What became of [`TenantStore::upload_put`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the file may be one that was there"]
pub enum UploadPut {
    /// a new name, or one that was deleted
    Created(Upload),
    /// the next version of a name
    Replaced(Upload),
    /// the newest version has this content; the new pieces are not needed
    Unchanged(Upload),
}

/// What became of a change that names a version.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "it may not have happened"]
pub enum UploadChange {
    Done,
    /// there is no such file any more
    Missing,
    /// another version has come
    Other,
}

/// Which uploads to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UploadFilter {
    pub state: Option<UploadState>,
    /// only names behind this one (the last of the page before)
    pub after: Option<String>,
    /// at most this many; 0 means 50
    pub limit: u32,
}

impl TenantStore {
    /// Records a file that has arrived. The room that was taken for its id is used up, unless it is no
    /// second version.
    ///
    /// # Errors
    /// `Dangling` if there is no such tenant, `Database`, `Inconsistent`.
    pub async fn upload_put(&self, new: &NewUpload) -> Result<UploadPut, StoreError> {
        let mut tx = self.write().await?;
        self.lock_tenant(&mut tx).await?;
        let before = self
            .newest_upload(&mut tx, &new.connection, &new.name)
            .await?;
        let there = before
            .as_ref()
            .filter(|before| before.state != UploadState::Deleted);
        if let Some(there) = there.filter(|there| there.sha256 == new.sha256) {
            return Ok(UploadPut::Unchanged(there.clone()));
        }
        let now = tx.now;
        sqlx::query(
            "update upload set newest = 0, updated_at = $4
             where tenant = $1 and connection = $2 and name = $3 and newest = 1",
        )
        .bind(self.tenant().as_str())
        .bind(new.connection.as_str())
        .bind(new.name.as_str())
        .bind(now)
        .execute(tx.conn())
        .await?;
        let version = before.as_ref().map_or(1, |before| before.version + 1);
        let row = sqlx::query(
            "insert into upload (tenant, connection, name, version, newest, id, state, sha256,
                bytes, object, pieces, piece_bytes, sent_by, created_at, updated_at)
             values ($1, $2, $3, $4, 1, $5, 'ready', $6, $7, $8, $9, $10, $11, $12, $12)
             returning *",
        )
        .bind(self.tenant().as_str())
        .bind(new.connection.as_str())
        .bind(new.name.as_str())
        .bind(i64::from(version))
        .bind(new.id.as_str())
        .bind(new.sha256.to_vec())
        .bind(to_i64("bytes", new.pieces.bytes)?)
        .bind(new.pieces.folder.as_str())
        .bind(i64::from(new.pieces.count))
        .bind(i64::from(new.pieces.piece_bytes))
        .bind(new.sent_by.as_str())
        .bind(now)
        .fetch_one(tx.conn())
        .await?;
        let made = upload(&row)?;
        self.room_used(&mut tx, &new.id).await?;
        let put = match there {
            Some(_) => UploadPut::Replaced(made),
            None => UploadPut::Created(made),
        };
        tx.commit().await?;
        Ok(put)
    }

    /// The newest version of a name, whatever its state.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn upload(
        &self,
        connection: &Slug,
        name: &str,
    ) -> Result<Option<Upload>, StoreError> {
        let mut tx = self.read().await?;
        self.newest_upload(&mut tx, connection, name).await
    }

    /// The newest version of each name of a connection, by name.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn uploads(
        &self,
        connection: &Slug,
        filter: &UploadFilter,
    ) -> Result<Vec<Upload>, StoreError> {
        let limit = if filter.limit == 0 { 50 } else { filter.limit };
        let mut tx = self.read().await?;
        let rows = sqlx::query(
            "select * from upload where tenant = $1 and connection = $2 and newest = 1
                and ($3 is null or state = $3) and ($4 is null or name > $4)
             order by name limit $5",
        )
        .bind(self.tenant().as_str())
        .bind(connection.as_str())
        .bind(filter.state.map(|state| state.as_str().to_owned()))
        .bind(filter.after.clone())
        .bind(i64::from(limit))
        .fetch_all(tx.conn())
        .await?;
        rows.iter().map(upload).collect()
    }

    /// Puts the newest version aside, if it is the one with this id.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn upload_archive(
        &self,
        connection: &Slug,
        name: &str,
        id: &str,
    ) -> Result<UploadChange, StoreError> {
        let mut tx = self.write().await?;
        let change = match self.newest_upload(&mut tx, connection, name).await? {
            None => UploadChange::Missing,
            Some(newest) if newest.state == UploadState::Deleted => UploadChange::Missing,
            Some(newest) if newest.id != id => UploadChange::Other,
            Some(_) => UploadChange::Done,
        };
        if change == UploadChange::Done {
            let now = tx.now;
            sqlx::query(
                "update upload set state = 'archived', updated_at = $5
                 where tenant = $1 and connection = $2 and name = $3 and id = $4
                    and newest = 1 and state = 'ready'",
            )
            .bind(self.tenant().as_str())
            .bind(connection.as_str())
            .bind(name)
            .bind(id)
            .bind(now)
            .execute(tx.conn())
            .await?;
            tx.commit().await?;
        }
        Ok(change)
    }

    /// Marks all versions of a name as deleted; with an `id`, only if the newest is that one. Gives
    /// where the bytes lie that nobody needs any more.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn upload_delete(
        &self,
        connection: &Slug,
        name: &str,
        id: Option<&str>,
    ) -> Result<(UploadChange, Vec<Pieces>), StoreError> {
        let mut tx = self.write().await?;
        self.lock_tenant(&mut tx).await?;
        let change = match self.newest_upload(&mut tx, connection, name).await? {
            None => UploadChange::Missing,
            Some(newest) if newest.state == UploadState::Deleted => UploadChange::Missing,
            Some(newest) if id.is_some_and(|id| newest.id != id) => UploadChange::Other,
            Some(_) => UploadChange::Done,
        };
        if change != UploadChange::Done {
            return Ok((change, Vec::new()));
        }
        let now = tx.now;
        let rows = sqlx::query(
            "update upload set state = 'deleted', updated_at = $4
             where tenant = $1 and connection = $2 and name = $3 and state <> 'deleted'
             returning *",
        )
        .bind(self.tenant().as_str())
        .bind(connection.as_str())
        .bind(name)
        .bind(now)
        .fetch_all(tx.conn())
        .await?;
        let gone: Result<Vec<Upload>, StoreError> = rows.iter().map(upload).collect();
        let gone = gone?.into_iter().map(|upload| upload.pieces).collect();
        tx.commit().await?;
        Ok((change, gone))
    }

    async fn newest_upload(
        &self,
        tx: &mut Tx,
        connection: &Slug,
        name: &str,
    ) -> Result<Option<Upload>, StoreError> {
        let row = sqlx::query(
            "select * from upload
             where tenant = $1 and connection = $2 and name = $3 and newest = 1",
        )
        .bind(self.tenant().as_str())
        .bind(connection.as_str())
        .bind(name)
        .fetch_optional(tx.conn())
        .await?;
        row.as_ref().map(upload).transpose()
    }

    /// What customers send is numbered one after the other; on Postgres this is what makes it so.
    pub(super) async fn lock_tenant(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let locked = sqlx::query("update tenant set tenant = tenant where tenant = $1")
            .bind(self.tenant().as_str())
            .execute(tx.conn())
            .await?;
        if locked.rows_affected() == 1 {
            return Ok(());
        }
        Err(StoreError::Dangling {
            table: "tenant",
            row: self.tenant().to_string(),
        })
    }
}

fn upload(row: &AnyRow) -> Result<Upload, StoreError> {
    let record = Record::new("upload", row);
    Ok(Upload {
        connection: record.slug("connection")?,
        name: record.text("name")?,
        version: record.u32("version")?,
        id: record.text("id")?,
        state: record.word("state", UploadState::parse)?,
        sha256: record.hash("sha256")?,
        pieces: pieces(&record)?,
        sent_by: record.text("sent_by")?,
        created_ms: record.int("created_at")?,
        updated_ms: record.int("updated_at")?,
    })
}

/// The columns that every table of things in pieces has.
pub(super) fn pieces(record: &Record<'_>) -> Result<Pieces, StoreError> {
    Ok(Pieces {
        folder: record.text("object")?,
        bytes: record.u64("bytes")?,
        count: record.u32("pieces")?,
        piece_bytes: record.u32("piece_bytes")?,
    })
}
