//! Tokens that the platform got for a connection by itself, sealed, and the lease on getting new
//! ones.
//!
//! Invariants: only who holds the lease writes, and only while the secrets are those that it read:
//! new secrets from a person are never overwritten by what came of the old ones. The database's
//! clock decides. No transaction is open while a token is fetched.

use tributary_model::id::Slug;

use super::TenantStore;
use crate::error::StoreError;
use crate::row::Record;

/// The right to renew a connection's tokens for a while.
#[derive(Clone)]
pub struct TokenLease {
    name: Slug,
    holder: String,
    fingerprint: [u8; 32],
    /// what was kept last
    pub sealed: Option<Vec<u8>>,
}

impl std::fmt::Debug for TokenLease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenLease({})", self.name)
    }
}

impl TenantStore {
    /// Takes the lease; `None` if another one has it, or if there are no secrets.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn token_lease(
        &self,
        name: &Slug,
        holder: &str,
        for_ms: i64,
    ) -> Result<Option<TokenLease>, StoreError> {
        let mut tx = self.write().await?;
        let now = tx.now;
        let row = sqlx::query(
            "update connection_secret set renewing_by = $3, renewing_until = $4
             where tenant = $1 and name = $2
                and (renewing_until is null or renewing_until <= $5 or renewing_by = $3)
             returning tokens, fingerprint",
        )
        .bind(self.tenant().as_str())
        .bind(name.as_str())
        .bind(holder)
        .bind(now.saturating_add(for_ms))
        .bind(now)
        .fetch_optional(tx.conn())
        .await?;
        let lease = row
            .map(|row| {
                let record = Record::new("connection_secret", &row);
                Ok::<_, StoreError>(TokenLease {
                    name: name.clone(),
                    holder: holder.to_owned(),
                    fingerprint: record.hash("fingerprint")?,
                    sealed: record.bytes_opt("tokens")?,
                })
            })
            .transpose()?;
        tx.commit().await?;
        Ok(lease)
    }

    /// Gives the lease back, with new tokens or with `None` for the old ones. False: the lease was
    /// lost or the secrets were replaced meanwhile, so nothing was written.
    ///
    /// # Errors
    /// `Database`.
    pub async fn token_release(
        &self,
        lease: &TokenLease,
        sealed: Option<&[u8]>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let statement = match sealed {
            Some(_) => {
                "update connection_secret set renewing_by = null, renewing_until = null,
                    tokens = case when fingerprint = $4 then $5 else tokens end
                 where tenant = $1 and name = $2 and renewing_by = $3
                 returning fingerprint"
            }
            None => {
                "update connection_secret set renewing_by = null, renewing_until = null
                 where tenant = $1 and name = $2 and renewing_by = $3
                 returning fingerprint"
            }
        };
        let mut query = sqlx::query(statement)
            .bind(self.tenant().as_str())
            .bind(lease.name.as_str())
            .bind(lease.holder.as_str());
        if let Some(sealed) = sealed {
            query = query.bind(lease.fingerprint.to_vec()).bind(sealed.to_vec());
        }
        let done = query.fetch_optional(tx.conn()).await?;
        let kept = match &done {
            Some(row) => {
                Record::new("connection_secret", row).hash("fingerprint")? == lease.fingerprint
            }
            None => false,
        };
        tx.commit().await?;
        Ok(kept)
    }
}
