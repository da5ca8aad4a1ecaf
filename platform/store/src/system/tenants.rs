//! Tenants: their document and their wrapped key.
//!
//! Invariant: the wrapped key is set when the tenant is made and never replaced by a put; what
//! was sealed with it would be lost.

use sqlx::any::AnyRow;
use tributary_model::clock::UnixMillis;
use tributary_model::document::TenantDocument;
use tributary_model::id::TenantId;
use tributary_vault::WrappedKey;

use super::SystemStore;
use crate::error::StoreError;
use crate::row::{Record, to_json};
use crate::tenant::{Current, Origin, Put, PutOptions, PutOutcome, decide, digest};

/// A stored tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    pub document: TenantDocument,
    pub version: u32,
    pub origin: Origin,
    pub wrapped_key: WrappedKey,
    pub created_ms: UnixMillis,
    pub updated_ms: UnixMillis,
}

impl SystemStore {
    /// Makes the tenant with this wrapped key, or changes its document.
    ///
    /// # Errors
    /// `Database`.
    pub async fn tenant_put(
        &self,
        document: &TenantDocument,
        wrapped_key: &WrappedKey,
        options: PutOptions,
    ) -> Result<Put, StoreError> {
        let content = to_json("tenant", document)?;
        let digest = digest("tenant", &content, None)?;
        let mut tx = self.write().await?;
        let row = sqlx::query("select * from tenant where tenant = $1")
            .bind(document.name.as_str())
            .fetch_optional(tx.conn())
            .await?;
        let current = row.as_ref().map(current).transpose()?;
        let put = decide(current.as_ref(), &digest, options);
        let applied = match options.origin {
            Origin::Applied => Some(digest.to_vec()),
            Origin::Person => current.and_then(|c| c.applied_digest),
        };
        let (written, applied) = match put.outcome {
            PutOutcome::Conflict | PutOutcome::KeptPersonChange => return Ok(put),
            PutOutcome::Unchanged => (false, applied),
            PutOutcome::Created | PutOutcome::Updated => (true, applied),
        };
        let now = tx.now;
        if written {
            sqlx::query(
                "insert into tenant (tenant, title, document, digest, origin, applied_digest,
                    version, wrapped_key, last_run_no, created_at, updated_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $9)
                 on conflict (tenant) do update set title = excluded.title,
                    document = excluded.document, digest = excluded.digest,
                    origin = excluded.origin, applied_digest = excluded.applied_digest,
                    version = excluded.version, updated_at = excluded.updated_at",
            )
            .bind(document.name.as_str())
            .bind(document.title.as_str())
            .bind(content)
            .bind(digest.to_vec())
            .bind(options.origin.as_str())
            .bind(applied)
            .bind(i64::from(put.version))
            .bind(wrapped_key.as_str())
            .bind(now)
            .execute(tx.conn())
            .await?;
        } else {
            sqlx::query("update tenant set applied_digest = $2 where tenant = $1")
                .bind(document.name.as_str())
                .bind(applied)
                .execute(tx.conn())
                .await?;
        }
        tx.commit().await?;
        Ok(put)
    }

    /// All tenants, by name.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        let mut tx = self.read().await?;
        let rows = sqlx::query("select * from tenant order by tenant")
            .fetch_all(tx.conn())
            .await?;
        rows.iter().map(tenant).collect()
    }

    /// One tenant.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn tenant(&self, name: &TenantId) -> Result<Option<Tenant>, StoreError> {
        let mut tx = self.read().await?;
        let row = sqlx::query("select * from tenant where tenant = $1")
            .bind(name.as_str())
            .fetch_optional(tx.conn())
            .await?;
        row.as_ref().map(tenant).transpose()
    }
}

fn current(row: &AnyRow) -> Result<Current, StoreError> {
    let record = Record::new("tenant", row);
    Ok(Current {
        version: record.u32("version")?,
        digest: record.hash("digest")?,
        origin: record.word("origin", Origin::parse)?,
        applied_digest: record.bytes_opt("applied_digest")?,
        created_at: record.int("created_at")?,
    })
}

fn tenant(row: &AnyRow) -> Result<Tenant, StoreError> {
    let record = Record::new("tenant", row);
    Ok(Tenant {
        document: record.json("document")?,
        version: record.u32("version")?,
        origin: record.word("origin", Origin::parse)?,
        wrapped_key: WrappedKey::from_text(record.text("wrapped_key")?),
        created_ms: record.int("created_at")?,
        updated_ms: record.int("updated_at")?,
    })
}
