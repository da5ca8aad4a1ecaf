//! Connections: a document without secrets, and beside it the sealed secrets.
//!
//! Invariants: secrets come sealed and leave sealed; a document that carries a `secrets` field
//! is refused, so that they cannot slip into a version's text.

use tributary_model::clock::UnixMillis;
use tributary_model::id::Slug;
use tributary_vault::WrappedKey;

use super::TenantStore;
use super::documents::CONNECTION;
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
                    fingerprint = excluded.fingerprint, updated_at = excluded.updated_at,
                    tokens = null",
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
        self.select(None).await
    }

    /// One connection.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn connection(&self, name: &Slug) -> Result<Option<Connection>, StoreError> {
        Ok(self.select(Some(name)).await?.pop())
    }

    /// Document and secrets in one statement: they change together.
    async fn select(&self, name: Option<&Slug>) -> Result<Vec<Connection>, StoreError> {
        let mut tx = self.read().await?;
        let rows = sqlx::query(
            "select d.name, v.version, v.content, v.origin, d.created_at,
                v.created_at as updated_at, s.sealed
             from document d join document_version v on v.tenant = d.tenant and v.kind = d.kind
                and v.name = d.name and v.version = d.version
             left join connection_secret s on s.tenant = d.tenant and s.name = d.name
             where d.tenant = $1 and d.kind = 'connection' and ($2 is null or d.name = $2)
             order by d.name",
        )
        .bind(self.tenant().as_str())
        .bind(name.map(|name| name.as_str().to_owned()))
        .fetch_all(tx.conn())
        .await?;
        rows.iter()
            .map(|row| {
                let record = Record::new("document_version", row);
                Ok(Connection {
                    name: record.slug("name")?,
                    version: record.u32("version")?,
                    content: record.text("content")?,
                    sealed_secrets: record.bytes_opt("sealed")?,
                    origin: record.word("origin", Origin::parse)?,
                    created_ms: record.int("created_at")?,
                    updated_ms: record.int("updated_at")?,
                })
            })
            .collect()
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
