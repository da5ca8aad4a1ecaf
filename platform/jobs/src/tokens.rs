//! A connection's tokens, kept in the store: sealed by the tenant's vault, renewed by one process
//! at a time.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tributary_host::{KeptTokens, TokenKeeper};
use tributary_model::error_code::ErrorCode;
use tributary_model::id::{IdSource, Slug, UuidSource};
use tributary_model::problem::Problem;
use tributary_store::{TenantStore, TokenLease};
use tributary_vault::TenantVault;

use crate::services::store_problem;

/// `kind` under which the vault seals tokens; the object is the connection's name.
const TOKENS_KIND: &str = "connection_tokens";
/// Longer than a renewal may take, so that a living process never loses its lease.
const LEASE_MS: i64 = 45_000;
const LONGEST_WAIT: Duration = Duration::from_secs(60);
const WAIT: Duration = Duration::from_millis(200);

/// See the module.
pub(crate) struct StoredTokens {
    store: TenantStore,
    vault: TenantVault,
    connection: Slug,
    holder: String,
    lease: Mutex<Option<TokenLease>>,
}

impl StoredTokens {
    pub(crate) fn new(store: TenantStore, vault: TenantVault, connection: Slug) -> Self {
        Self {
            store,
            vault,
            connection,
            holder: UuidSource.next_id(),
            lease: Mutex::new(None),
        }
    }

    fn lease(&self) -> std::sync::MutexGuard<'_, Option<TokenLease>> {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, what: &str) -> Problem {
        let detail = format!("the tokens of the connection {} {what}", self.connection);
        Problem::new(ErrorCode::StorageFailed, detail)
    }
}

#[async_trait]
impl TokenKeeper for StoredTokens {
    async fn lock(&self) -> Result<Option<KeptTokens>, Problem> {
        let started = Instant::now();
        let lease = loop {
            let lease = self
                .store
                .token_lease(&self.connection, &self.holder, LEASE_MS)
                .await
                .map_err(|error| store_problem(&error))?;
            match lease {
                Some(lease) => break lease,
                None if started.elapsed() > LONGEST_WAIT => {
                    return Err(self.failed("are being renewed by another process for too long"));
                }
                None => tokio::time::sleep(WAIT).await,
            }
        };
        let kept = match &lease.sealed {
            None => None,
            Some(sealed) => {
                let opened = self
                    .vault
                    .open(TOKENS_KIND, self.connection.as_str(), sealed)
                    .map_err(|error| Problem::new(ErrorCode::StorageFailed, error.to_string()))?;
                // Tokens of another version of the platform are as good as none.
                serde_json::from_slice(&opened).ok()
            }
        };
        *self.lease() = Some(lease);
        Ok(kept)
    }

    async fn unlock(&self, tokens: Option<&KeptTokens>) -> Result<(), Problem> {
        let lease = self.lease().take();
        let Some(lease) = lease else {
            return Err(self.failed("were given back without having been taken"));
        };
        let sealed = match tokens {
            None => None,
            Some(tokens) => {
                let plain = serde_json::to_vec(tokens).map_err(|_| self.failed("have no text"))?;
                let name = self.connection.as_str();
                let sealed = self.vault.seal(TOKENS_KIND, name, &plain);
                Some(
                    sealed.map_err(|error| {
                        Problem::new(ErrorCode::StorageFailed, error.to_string())
                    })?,
                )
            }
        };
        let kept = self
            .store
            .token_release(&lease, sealed.as_deref())
            .await
            .map_err(|error| store_problem(&error))?;
        if !kept && tokens.is_some() {
            // A person put new secrets meanwhile: what came of the old ones is of no more use.
            tracing::info!(connection.name = %self.connection, "tokens of replaced secrets dropped");
        }
        Ok(())
    }
}
