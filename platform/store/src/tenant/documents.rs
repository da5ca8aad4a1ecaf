//! Mappings, integrations, lookups, schemas (and the common part of connections): versioned JSON texts.
//!
//! Invariant: a content change makes a new version and old versions stay readable, because runs
//! pin them.

use futures_util::TryStreamExt as _;
use serde::Deserialize;
use sqlx::any::AnyRow;
use tributary_model::clock::UnixMillis;
use tributary_model::id::Slug;

use super::TenantStore;
use super::put::{Current, Origin, Put, PutOptions, PutOutcome, decide, digest};
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::Record;

/// A stored document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub name: Slug,
    /// from 1; grows with each change of content
    pub version: u32,
    /// the JSON text as it was put
    pub content: String,
    /// who made this version
    pub origin: Origin,
    pub created_ms: UnixMillis,
    /// when this version was made
    pub updated_ms: UnixMillis,
}

/// A document as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentHead {
    pub name: Slug,
    /// as of [`Document`]
    pub version: u32,
    /// [`document_title`] of the content
    pub title: String,
    /// who made this version
    pub origin: Origin,
    /// when this version was made
    pub updated_ms: UnixMillis,
}

impl Document {
    /// The document without its content.
    #[must_use]
    pub fn head(self) -> DocumentHead {
        DocumentHead {
            title: document_title(&self.content),
            name: self.name,
            version: self.version,
            origin: self.origin,
            updated_ms: self.updated_ms,
        }
    }
}

/// `title` of a document's JSON text; empty if it has none.
#[must_use]
pub fn document_title(content: &str) -> String {
    #[derive(Default, Deserialize)]
    struct Titled {
        #[serde(default)]
        title: String,
    }
    serde_json::from_str::<Titled>(content)
        .unwrap_or_default()
        .title
}

pub(super) const CONNECTION: &str = "connection";
const MAPPING: &str = "mapping";
const INTEGRATION: &str = "integration";
const LOOKUP: &str = "lookup";
const SCHEMA: &str = "schema";

impl TenantStore {
    /// Stores a mapping; `Put::version` is its revision.
    ///
    /// # Errors
    /// `Refused` if `content` is not JSON, `Database`.
    pub async fn mapping_put(
        &self,
        name: &Slug,
        content: &str,
        options: PutOptions,
    ) -> Result<Put, StoreError> {
        self.put(MAPPING, name, content, options).await
    }

    /// All mappings at their current revision, by name.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn mappings(&self) -> Result<Vec<DocumentHead>, StoreError> {
        self.list(MAPPING).await
    }

    /// A mapping at `revision`, or the current one.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn mapping(
        &self,
        name: &Slug,
        revision: Option<u32>,
    ) -> Result<Option<Document>, StoreError> {
        self.get(MAPPING, name, revision).await
    }

    /// Stores an integration.
    ///
    /// # Errors
    /// `Refused` if `content` is not JSON, `Database`.
    pub async fn integration_put(
        &self,
        name: &Slug,
        content: &str,
        options: PutOptions,
    ) -> Result<Put, StoreError> {
        self.put(INTEGRATION, name, content, options).await
    }

    /// All integrations at their current version, by name.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn integrations(&self) -> Result<Vec<DocumentHead>, StoreError> {
        self.list(INTEGRATION).await
    }

    /// An integration at `version`, or the current one.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn integration(
        &self,
        name: &Slug,
        version: Option<u32>,
    ) -> Result<Option<Document>, StoreError> {
        self.get(INTEGRATION, name, version).await
    }

    /// Stores a lookup table.
    ///
    /// # Errors
    /// `Refused` if `content` is not JSON, `Database`.
    pub async fn lookup_put(
        &self,
        name: &Slug,
        content: &str,
        options: PutOptions,
    ) -> Result<Put, StoreError> {
        self.put(LOOKUP, name, content, options).await
    }

    /// All lookup tables at their current version, by name.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn lookups(&self) -> Result<Vec<DocumentHead>, StoreError> {
        self.list(LOOKUP).await
    }

    /// A lookup table at `version`, or the current one.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn lookup(
        &self,
        name: &Slug,
        version: Option<u32>,
    ) -> Result<Option<Document>, StoreError> {
        self.get(LOOKUP, name, version).await
    }

    /// Stores a JSON Schema of source rows or target documents.
    ///
    /// # Errors
    /// `Refused` if `content` is not JSON, `Database`.
    pub async fn schema_put(
        &self,
        name: &Slug,
        content: &str,
        options: PutOptions,
    ) -> Result<Put, StoreError> {
        self.put(SCHEMA, name, content, options).await
    }

    /// All schemas at their current version, by name.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn schemas(&self) -> Result<Vec<DocumentHead>, StoreError> {
        self.list(SCHEMA).await
    }

    /// A schema at `version`, or the current one.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn schema(
        &self,
        name: &Slug,
        version: Option<u32>,
    ) -> Result<Option<Document>, StoreError> {
        self.get(SCHEMA, name, version).await
    }

    async fn put(
        &self,
        kind: &'static str,
        name: &Slug,
        content: &str,
        options: PutOptions,
    ) -> Result<Put, StoreError> {
        let digest = digest(kind, content, None)?;
        let mut tx = self.write().await?;
        let put = self
            .put_in(&mut tx, kind, name, content, &digest, options)
            .await?;
        tx.commit().await?;
        Ok(put)
    }

    /// The whole of a put, in the caller's transaction.
    pub(super) async fn put_in(
        &self,
        tx: &mut Tx,
        kind: &'static str,
        name: &Slug,
        content: &str,
        digest: &[u8; 32],
        options: PutOptions,
    ) -> Result<Put, StoreError> {
        self.lock_documents(tx).await?;
        let current = self.current(tx, kind, name).await?;
        let put = decide(current.as_ref(), digest, options);
        match put.outcome {
            PutOutcome::Conflict | PutOutcome::KeptPersonChange => return Ok(put),
            PutOutcome::Unchanged => {
                self.remember_applied(tx, kind, name, digest, options)
                    .await?;
                return Ok(put);
            }
            PutOutcome::Created | PutOutcome::Updated => {}
        }
        let applied = match options.origin {
            Origin::Applied => Some(digest.to_vec()),
            Origin::Person => current.as_ref().and_then(|c| c.applied_digest.clone()),
        };
        let now = tx.now;
        sqlx::query(
            "insert into document (tenant, kind, name, version, digest, origin, applied_digest,
                created_at, updated_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             on conflict (tenant, kind, name) do update set version = excluded.version,
                digest = excluded.digest, origin = excluded.origin,
                applied_digest = excluded.applied_digest, updated_at = excluded.updated_at",
        )
        .bind(self.tenant().as_str())
        .bind(kind)
        .bind(name.as_str())
        .bind(i64::from(put.version))
        .bind(digest.to_vec())
        .bind(options.origin.as_str())
        .bind(applied)
        .bind(current.map_or(now, |c| c.created_at))
        .bind(now)
        .execute(tx.conn())
        .await?;
        sqlx::query(
            "insert into document_version (tenant, kind, name, version, content, origin, created_at)
             values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(self.tenant().as_str())
        .bind(kind)
        .bind(name.as_str())
        .bind(i64::from(put.version))
        .bind(content)
        .bind(options.origin.as_str())
        .bind(now)
        .execute(tx.conn())
        .await?;
        Ok(put)
    }

    /// One change of a tenant's documents at a time, so that two puts never make one version.
    async fn lock_documents(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let now = tx.now;
        let done = sqlx::query("update tenant set updated_at = $2 where tenant = $1")
            .bind(self.tenant().as_str())
            .bind(now)
            .execute(tx.conn())
            .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::Dangling {
                table: "tenant",
                row: self.tenant().to_string(),
            });
        }
        Ok(())
    }

    async fn remember_applied(
        &self,
        tx: &mut Tx,
        kind: &'static str,
        name: &Slug,
        digest: &[u8; 32],
        options: PutOptions,
    ) -> Result<(), StoreError> {
        if options.origin == Origin::Applied {
            sqlx::query(
                "update document set applied_digest = $4
                 where tenant = $1 and kind = $2 and name = $3",
            )
            .bind(self.tenant().as_str())
            .bind(kind)
            .bind(name.as_str())
            .bind(digest.to_vec())
            .execute(tx.conn())
            .await?;
        }
        Ok(())
    }

    async fn current(
        &self,
        tx: &mut Tx,
        kind: &'static str,
        name: &Slug,
    ) -> Result<Option<Current>, StoreError> {
        let row = sqlx::query(
            "select version, digest, origin, applied_digest, created_at from document
             where tenant = $1 and kind = $2 and name = $3",
        )
        .bind(self.tenant().as_str())
        .bind(kind)
        .bind(name.as_str())
        .fetch_optional(tx.conn())
        .await?;
        row.map(|row| {
            let record = Record::new("document", &row);
            Ok(Current {
                version: record.u32("version")?,
                digest: record.hash("digest")?,
                origin: record.word("origin", Origin::parse)?,
                applied_digest: record.bytes_opt("applied_digest")?,
                created_at: record.int("created_at")?,
            })
        })
        .transpose()
    }

    /// One document is in memory at a time: a lookup table has up to 32 MiB.
    async fn list(&self, kind: &'static str) -> Result<Vec<DocumentHead>, StoreError> {
        let mut tx = self.read().await?;
        let mut rows = sqlx::query(
            "select d.name, v.version, v.content, v.origin, d.created_at,
                v.created_at as updated_at
             from document d join document_version v on v.tenant = d.tenant and v.kind = d.kind
                and v.name = d.name and v.version = d.version
             where d.tenant = $1 and d.kind = $2 order by d.name",
        )
        .bind(self.tenant().as_str())
        .bind(kind)
        .fetch(tx.conn());
        let mut heads = Vec::new();
        while let Some(row) = rows.try_next().await? {
            heads.push(document(&row)?.head());
        }
        Ok(heads)
    }

    async fn get(
        &self,
        kind: &'static str,
        name: &Slug,
        version: Option<u32>,
    ) -> Result<Option<Document>, StoreError> {
        let mut tx = self.read().await?;
        let row = sqlx::query(
            "select d.name, v.version, v.content, v.origin, d.created_at,
                v.created_at as updated_at
             from document d join document_version v on v.tenant = d.tenant and v.kind = d.kind
                and v.name = d.name and v.version = coalesce($4, d.version)
             where d.tenant = $1 and d.kind = $2 and d.name = $3",
        )
        .bind(self.tenant().as_str())
        .bind(kind)
        .bind(name.as_str())
        .bind(version.map(i64::from))
        .fetch_optional(tx.conn())
        .await?;
        row.as_ref().map(document).transpose()
    }
}

fn document(row: &AnyRow) -> Result<Document, StoreError> {
    let record = Record::new("document_version", row);
    Ok(Document {
        name: record.slug("name")?,
        version: record.u32("version")?,
        content: record.text("content")?,
        origin: record.word("origin", Origin::parse)?,
        created_ms: record.int("created_at")?,
        updated_ms: record.int("updated_at")?,
    })
}
