//! Extraction: pages, checkpoints, and the batches cut from them.
//!
//! Invariant: page row, checkpoint and batches are one transaction, so a crash asks the source
//! again for the page in flight only.

use sqlx::any::AnyRow;
use tributary_model::id::RunId;
use tributary_model::rows::{RowFormat, RowPosition};
use tributary_model::state::{WorkKind, WorkState};

use super::lifecycle;
use super::types::{Fenced, Lease};
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::{Record, to_i64, to_json};
use crate::tenant::TenantStore;

/// A page of raw bytes that lies in the lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPage {
    /// counts the partition's pages from 0
    pub no: u32,
    /// key in the lake
    pub object: String,
    pub format: RowFormat,
    /// for people: file name or request
    pub source: String,
    /// where its first row stood in the source
    pub first: RowPosition,
    pub rows: u64,
    /// plain bytes
    pub bytes: u64,
}

/// A stored page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub partition: u32,
    pub no: u32,
    pub object: String,
    pub format: RowFormat,
    pub source: String,
    pub first: RowPosition,
    pub rows: u64,
    pub bytes: u64,
}

/// A batch cut from pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBatch {
    /// counts the partition's batches from 0
    pub no: u32,
    /// JSON: which rows of which pages
    pub input: String,
    pub rows: u64,
    pub records: u64,
}

impl TenantStore {
    /// Stores a page, the checkpoint after it (`None` leaves it) and its batches with their
    /// work. Under an `extract` lease, which goes on.
    ///
    /// # Errors
    /// `WrongLease`, `Database`; a page or batch number that was used before is `Database`.
    pub async fn commit_page(
        &self,
        lease: &Lease,
        page: &NewPage,
        state: Option<&str>,
        batches: &[NewBatch],
    ) -> Result<Fenced<()>, StoreError> {
        let pages = std::slice::from_ref(page);
        self.commit_pages(lease, pages, state, batches).await
    }

    /// As [`TenantStore::commit_page`] for all pages that one checkpoint covers (none is fine):
    /// in one transaction, because a page without its checkpoint would be read again.
    ///
    /// # Errors
    /// `WrongLease`, `Database`; a page or batch number that was used before is `Database`.
    pub async fn commit_pages(
        &self,
        lease: &Lease,
        pages: &[NewPage],
        state: Option<&str>,
        batches: &[NewBatch],
    ) -> Result<Fenced<()>, StoreError> {
        self.check_lease(lease, &[WorkKind::Extract])?;
        let partition = lease.partition_no()?;
        let mut tx = self.write().await?;
        if !lifecycle::hold(&mut tx, lease).await? {
            return Ok(Fenced::Lost);
        }
        for page in pages {
            self.insert_page(&mut tx, lease, partition, page).await?;
        }
        self.checkpoint(&mut tx, lease, partition, state, false)
            .await?;
        self.insert_batches(&mut tx, lease, partition, batches)
            .await?;
        tx.commit().await?;
        Ok(Fenced::Done(()))
    }

    async fn insert_page(
        &self,
        tx: &mut Tx,
        lease: &Lease,
        partition: u32,
        page: &NewPage,
    ) -> Result<(), StoreError> {
        let now = tx.now;
        sqlx::query(
            "insert into page (tenant, run, partition, no, object, format, source, first_line,
                first_offset, rows, bytes, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(self.tenant().as_str())
        .bind(lease.run.as_str())
        .bind(i64::from(partition))
        .bind(i64::from(page.no))
        .bind(page.object.as_str())
        .bind(to_json("format", &page.format)?)
        .bind(page.source.as_str())
        .bind(to_i64("line", page.first.line)?)
        .bind(to_i64("offset", page.first.offset)?)
        .bind(to_i64("rows", page.rows)?)
        .bind(to_i64("bytes", page.bytes)?)
        .bind(now)
        .execute(tx.conn())
        .await?;
        Ok(())
    }

    /// Stores the batches of a grouped partition with their work, once: batches that are there
    /// already stay as they are. Under an `extract` lease, which goes on.
    ///
    /// # Errors
    /// `WrongLease`, `Database`.
    pub async fn commit_grouped(
        &self,
        lease: &Lease,
        batches: &[NewBatch],
    ) -> Result<Fenced<()>, StoreError> {
        self.check_lease(lease, &[WorkKind::Extract])?;
        let partition = lease.partition_no()?;
        let mut tx = self.write().await?;
        if !lifecycle::hold(&mut tx, lease).await? {
            return Ok(Fenced::Lost);
        }
        self.insert_batches(&mut tx, lease, partition, batches)
            .await?;
        tx.commit().await?;
        Ok(Fenced::Done(()))
    }

    /// The partition was read to its end. Ends the `extract` lease.
    ///
    /// # Errors
    /// `WrongLease`, `Database`.
    pub async fn commit_extract_done(
        &self,
        lease: &Lease,
        final_state: Option<&str>,
    ) -> Result<Fenced<()>, StoreError> {
        self.check_lease(lease, &[WorkKind::Extract])?;
        let partition = lease.partition_no()?;
        let mut tx = self.write().await?;
        if !lifecycle::close_work(&mut tx, lease, WorkState::Done, None).await? {
            return Ok(Fenced::Lost);
        }
        self.checkpoint(&mut tx, lease, partition, final_state, true)
            .await?;
        lifecycle::settle(&mut tx, self.tenant(), &lease.run).await?;
        tx.commit().await?;
        Ok(Fenced::Done(()))
    }

    async fn checkpoint(
        &self,
        tx: &mut Tx,
        lease: &Lease,
        partition: u32,
        state: Option<&str>,
        done: bool,
    ) -> Result<(), StoreError> {
        let now = tx.now;
        sqlx::query(
            "update partition set state = coalesce($4, state), done = $5, updated_at = $6
             where tenant = $1 and run = $2 and no = $3",
        )
        .bind(self.tenant().as_str())
        .bind(lease.run.as_str())
        .bind(i64::from(partition))
        .bind(state.map(str::to_owned))
        .bind(i64::from(done))
        .bind(now)
        .execute(tx.conn())
        .await?;
        Ok(())
    }

    async fn insert_batches(
        &self,
        tx: &mut Tx,
        lease: &Lease,
        partition: u32,
        batches: &[NewBatch],
    ) -> Result<(), StoreError> {
        let state = lifecycle::locked_state(tx, self.tenant(), &lease.run).await?;
        let now = tx.now;
        for batch in batches {
            sqlx::query(
                "insert into batch (tenant, run, partition, no, input, rows, records, state,
                    updated_at)
                 values ($1, $2, $3, $4, $5, $6, $7, 'open', $8)
                 on conflict (tenant, run, partition, no) do nothing",
            )
            .bind(self.tenant().as_str())
            .bind(lease.run.as_str())
            .bind(i64::from(partition))
            .bind(i64::from(batch.no))
            .bind(batch.input.as_str())
            .bind(to_i64("rows", batch.rows)?)
            .bind(to_i64("records", batch.records)?)
            .bind(now)
            .execute(tx.conn())
            .await?;
            let place = Some((partition, Some(batch.no)));
            let (tenant, run) = (self.tenant(), &lease.run);
            lifecycle::insert_work(tx, tenant, run, WorkKind::Batch, place, state).await?;
        }
        Ok(())
    }

    /// The pages of a partition in order.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn pages(&self, run: &RunId, partition: u32) -> Result<Vec<Page>, StoreError> {
        let mut tx = self.read().await?;
        let rows = sqlx::query(
            "select * from page where tenant = $1 and run = $2 and partition = $3 order by no",
        )
        .bind(self.tenant().as_str())
        .bind(run.as_str())
        .bind(i64::from(partition))
        .fetch_all(tx.conn())
        .await?;
        rows.iter().map(page).collect()
    }
}

fn page(row: &AnyRow) -> Result<Page, StoreError> {
    let record = Record::new("page", row);
    Ok(Page {
        partition: record.u32("partition")?,
        no: record.u32("no")?,
        object: record.text("object")?,
        format: record.json("format")?,
        source: record.text("source")?,
        first: RowPosition {
            line: record.u64("first_line")?,
            offset: record.u64("first_offset")?,
        },
        rows: record.u64("rows")?,
        bytes: record.u64("bytes")?,
    })
}
