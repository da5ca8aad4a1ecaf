//! Connections: a document without secrets, and beside it the sealed secrets.
//!
//! Invariants: secrets come sealed and leave sealed; a document that carries a `secrets` field
//! is refused, so that they cannot slip into a version's text.

use tributary_model::clock::UnixMillis;
use tributary_model::id::Slug;
use tributary_vault::WrappedKey;

use super::TenantStore;
use super::documents::{CONNECTION, Document};
use super::put::{Origin, Put, PutOptions, PutOutcome, digest};
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::Record;

/// A connection to store.
#[derive(Debug, Clone)]
pub struct NewConnection {
    pub name: Slug,
    /// the connection document as JSON text, without `secrets`
    pub content: String,
    /// `None` leaves the stored secrets as they are
    pub secrets: Option<SealedSecrets>,
}

/// Secrets, sealed by the tenant's vault for this connection.
#[derive(Clone)]
pub struct SealedSecrets {
    /// what the vault made
    pub sealed: Vec<u8>,
    /// `TenantVault::fingerprint` of the plain secrets: tells a change from the same put again
    pub fingerprint: [u8; 32],
}

impl std::fmt::Debug for SealedSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealedSecrets(..)")
    }
}

/// A stored connection.
#[derive(Clone)]
pub struct Connection {
    pub name: Slug,
    pub version: u32,
    /// the document as JSON text, without secrets
    pub content: String,
    /// sealed secrets, if there are any
    pub sealed_secrets: Option<Vec<u8>>,
    pub origin: Origin,
    pub created_ms: UnixMillis,
    pub updated_ms: UnixMillis,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Connection({} version {})", self.name, self.version)
    }
}

impl TenantStore {
    /// The tenant's wrapped key, `None` if there is no such tenant.
    ///
    /// # Errors
    /// `Database`.
    pub async fn wrapped_key(&self) -> Result<Option<WrappedKey>, StoreError> {
        let mut tx = self.read().await?;
        let row = sqlx::query("select wrapped_key from tenant where tenant = $1")
            .bind(self.tenant().as_str())
            .fetch_optional(tx.conn())
            .await?;
        row.map(|row| {
            let text = Record::new("tenant", &row).text("wrapped_key")?;
            Ok(WrappedKey::from_text(text))
        })
        .transpose()
    }

    /// Stores a connection; content and secrets change together or not at all.
    ///
    /// # Errors
    /// `Refused` if the content is not JSON or carries secrets, `Database`.
    pub async fn connection_put(
        &self,
        new: &NewConnection,
        options: PutOptions,
    ) -> Result<Put, StoreError> {
        let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&new.content)
            .map_err(|e| StoreError::refused(CONNECTION, format!("it is no JSON object: {e}")))?;
        if fields.contains_key("secrets") {
            return Err(StoreError::refused(
                CONNECTION,
                "its document still carries secrets",
            ));
        }
        let mut tx = self.write().await?;
        let kept = match &new.secrets {
            Some(secrets) => Some(secrets.fingerprint),
            None => self.secrets_fingerprint(&mut tx, &new.name).await?,
        };
        let digest = digest(CONNECTION, &new.content, kept.as_ref())?;
        let put = self
            .put_in(
                &mut tx,
                CONNECTION,
                &new.name,
                &new.content,
                &digest,
                options,
            )
            .await?;
        let written = matches!(put.outcome, PutOutcome::Created | PutOutcome::Updated);
        if let (true, Some(secrets)) = (written, &new.secrets) {
            let now = tx.now;
            sqlx::query(
                "insert into connection_secret (tenant, name, sealed, fingerprint, updated_at)
                 values ($1, $2, $3, $4, $5)
                 on conflict (tenant, name) do update set sealed = excluded.sealed,
                    fingerprint = excluded.fingerprint, updated_at = excluded.updated_at",
            )
            .bind(self.tenant().as_str())
            .bind(new.name.as_str())
            .bind(secrets.sealed.clone())
            .bind(secrets.fingerprint.to_vec())
            .bind(now)
            .execute(tx.conn())
            .await?;
        }
        tx.commit().await?;
        Ok(put)
    }

    /// All connections, by name, with their sealed secrets.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn connections(&self) -> Result<Vec<Connection>, StoreError> {
        let mut found = Vec::new();
        for document in self.list(CONNECTION).await? {
            found.push(self.with_secrets(document).await?);
        }
        Ok(found)
    }

    /// One connection.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn connection(&self, name: &Slug) -> Result<Option<Connection>, StoreError> {
        match self.get(CONNECTION, name, None).await? {
            None => Ok(None),
            Some(document) => self.with_secrets(document).await.map(Some),
        }
    }

    async fn with_secrets(&self, document: Document) -> Result<Connection, StoreError> {
        let mut tx = self.read().await?;
        let row =
            sqlx::query("select sealed from connection_secret where tenant = $1 and name = $2")
                .bind(self.tenant().as_str())
                .bind(document.name.as_str())
                .fetch_optional(tx.conn())
                .await?;
        let sealed_secrets = row
            .map(|row| Record::new("connection_secret", &row).bytes("sealed"))
            .transpose()?;
        Ok(Connection {
            name: document.name,
            version: document.version,
            content: document.content,
            sealed_secrets,
            origin: document.origin,
            created_ms: document.created_ms,
            updated_ms: document.updated_ms,
        })
    }

    async fn secrets_fingerprint(
        &self,
        tx: &mut Tx,
        name: &Slug,
    ) -> Result<Option<[u8; 32]>, StoreError> {
        let row = sqlx::query(
            "select fingerprint from connection_secret where tenant = $1 and name = $2",
        )
        .bind(self.tenant().as_str())
        .bind(name.as_str())
        .fetch_optional(tx.conn())
        .await?;
        row.map(|row| Record::new("connection_secret", &row).hash("fingerprint"))
            .transpose()
    }
}
