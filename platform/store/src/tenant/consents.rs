//! Consents of persons to connections: asked for, given in a browser, settled once.
//!
//! Invariants: what a browser must bring back is taken once, by one request; a consent that has ended or has
//! an outcome can neither be opened nor taken. The database's clock decides. What was asked for
//! is forgotten a day after its end.

use tributary_model::clock::UnixMillis;
use tributary_model::id::Slug;

use super::TenantStore;
use crate::error::StoreError;
use crate::row::Record;

/// Outcomes can be looked at for so long, ms.
const KEPT_MS: i64 = 86_400_000;

/// A consent to ask for.
#[derive(Debug, Clone)]
pub struct NewConsent {
    pub id: String,
    pub connection: Slug,
    /// the API client
    pub asked_by: String,
    /// hash of the secret in the address that a person opens
    pub ticket: [u8; 32],
    pub for_ms: i64,
}

/// A consent that was asked for.
#[derive(Clone)]
pub struct Consent {
    pub connection: Slug,
    pub asked_by: String,
    pub ticket: [u8; 32],
    /// sealed: what the browser must bring back; `None` before it was sent away and after it was back
    pub opened: Option<Vec<u8>>,
    pub created_ms: UnixMillis,
    pub expires_ms: UnixMillis,
    /// it can be given no more
    pub expired: bool,
    /// JSON; `None` until it is known
    pub outcome: Option<String>,
}

impl std::fmt::Debug for Consent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Consent({})", self.connection)
    }
}

impl TenantStore {
    /// Asks for a consent; the moment at which it ends.
    ///
    /// # Errors
    /// `Dangling` if there is no such tenant, `Database`.
    pub async fn consent_ask(&self, new: &NewConsent) -> Result<UnixMillis, StoreError> {
        let mut tx = self.write().await?;
        self.lock_tenant(&mut tx).await?;
        let now = tx.now;
        sqlx::query("delete from consent where tenant = $1 and expires_at <= $2")
            .bind(self.tenant().as_str())
            .bind(now.saturating_sub(KEPT_MS))
            .execute(tx.conn())
            .await?;
        let expires_ms = now.saturating_add(new.for_ms);
        sqlx::query(
            "insert into consent (tenant, id, connection, asked_by, ticket, created_at, expires_at)
             values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(self.tenant().as_str())
        .bind(new.id.as_str())
        .bind(new.connection.as_str())
        .bind(new.asked_by.as_str())
        .bind(new.ticket.to_vec())
        .bind(now)
        .bind(expires_ms)
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(expires_ms)
    }

    /// One consent.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn consent(&self, id: &str) -> Result<Option<Consent>, StoreError> {
        let mut tx = self.read().await?;
        let now = tx.now;
        let row = sqlx::query("select * from consent where tenant = $1 and id = $2")
            .bind(self.tenant().as_str())
            .bind(id)
            .fetch_optional(tx.conn())
            .await?;
        row.map(|row| {
            let record = Record::new("consent", &row);
            let expires_ms = record.int("expires_at")?;
            Ok(Consent {
                connection: record.slug("connection")?,
                asked_by: record.text("asked_by")?,
                ticket: record.hash("ticket")?,
                opened: record.bytes_opt("opened")?,
                created_ms: record.int("created_at")?,
                expires_ms,
                expired: expires_ms <= now,
                outcome: record.text_opt("outcome")?,
            })
        })
        .transpose()
    }

    /// Notes, sealed, what a browser that is sent away must bring back; in place of what another one had
    /// to. False: it can be given no more.
    ///
    /// # Errors
    /// `Database`.
    pub async fn consent_open(&self, id: &str, sealed: &[u8]) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let now = tx.now;
        let done = sqlx::query(
            "update consent set opened = $3
             where tenant = $1 and id = $2 and outcome is null and expires_at > $4",
        )
        .bind(self.tenant().as_str())
        .bind(id)
        .bind(sealed.to_vec())
        .bind(now)
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// A browser has brought back what it was sent away with. True for one only, and only in time.
    ///
    /// # Errors
    /// `Database`.
    pub async fn consent_take(&self, id: &str, sealed: &[u8]) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let now = tx.now;
        let done = sqlx::query(
            "update consent set opened = null
             where tenant = $1 and id = $2 and opened = $3 and outcome is null
                and expires_at > $4",
        )
        .bind(self.tenant().as_str())
        .bind(id)
        .bind(sealed.to_vec())
        .bind(now)
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// Writes down what came of it, JSON. The first outcome stays.
    ///
    /// # Errors
    /// `Database`.
    pub async fn consent_settle(&self, id: &str, outcome: &str) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "update consent set outcome = $3, opened = null
             where tenant = $1 and id = $2 and outcome is null",
        )
        .bind(self.tenant().as_str())
        .bind(id)
        .bind(outcome)
        .execute(tx.conn())
        .await?;
        tx.commit().await
    }
}
