//! The operator's trust in publishers of connectors: one document for the platform.

use super::SystemStore;
use crate::error::StoreError;
use crate::row::Record;
use crate::tenant::{Put, PutOutcome};

/// The document as it was put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTrust {
    pub content: String,
    pub version: u32,
}

impl SystemStore {
    /// The document; `None` until one was put.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn trust(&self) -> Result<Option<StoredTrust>, StoreError> {
        let mut tx = self.read().await?;
        let row = sqlx::query("select * from trust where id = 1")
            .fetch_optional(tx.conn())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let record = Record::new("trust", &row);
        Ok(Some(StoredTrust {
            content: record.text("content")?,
            version: record.u32("version")?,
        }))
    }

    /// Puts the document. With `expected` (0: there is none yet) only over that version.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn trust_put(&self, content: &str, expected: Option<u32>) -> Result<Put, StoreError> {
        let mut tx = self.write().await?;
        let row = sqlx::query("select * from trust where id = 1")
            .fetch_optional(tx.conn())
            .await?;
        let (version, same) = match &row {
            None => (0, false),
            Some(row) => {
                let record = Record::new("trust", row);
                (record.u32("version")?, record.text("content")? == content)
            }
        };
        let kept = |outcome| Ok(Put { outcome, version });
        if expected.is_some_and(|expected| expected != version) {
            return kept(PutOutcome::Conflict);
        }
        if same {
            return kept(PutOutcome::Unchanged);
        }
        let now = tx.now;
        sqlx::query(
            "insert into trust (id, content, version, updated_at) values (1, $1, $2, $3)
             on conflict (id) do update set content = excluded.content,
                version = excluded.version, updated_at = excluded.updated_at",
        )
        .bind(content.to_owned())
        .bind(i64::from(version) + 1)
        .bind(now)
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(Put {
            outcome: match version {
                0 => PutOutcome::Created,
                _ => PutOutcome::Updated,
            },
            version: version + 1,
        })
    }
}
