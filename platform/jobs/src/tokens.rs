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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use tributary_model::document::TenantDocument;
    use tributary_store::{NewConnection, PutOptions, SealedSecrets, Store};
    use tributary_vault::Vault;

    use super::*;

    fn tokens(value: &str) -> KeptTokens {
        serde_json::from_value(json!({"settings": "s", "value": value})).unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn tokens_are_sealed_shared_and_renewed_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store.db");
        let store = Store::open(&format!("sqlite://{}", file.display()))
            .await
            .unwrap();
        let vault = Vault::open_or_create(&folder.path().join("kek")).unwrap();
        let acme = Slug::parse("acme").unwrap();
        let document = TenantDocument {
            name: acme.clone(),
            title: "ACME".to_owned(),
            plan: None,
        };
        let key = vault.new_tenant_key(&acme).unwrap();
        let system = store.system();
        let put = system.tenant_put(&document, &key, PutOptions::person());
        put.await.unwrap();
        let crm = Slug::parse("crm").unwrap();
        let connection = NewConnection {
            name: crm.clone(),
            content: "{}".to_owned(),
            secrets: Some(SealedSecrets {
                sealed: vec![1],
                fingerprint: [1; 32],
            }),
        };
        let tenant = store.tenant(&acme);
        let put = tenant.connection_put(&connection, PutOptions::person());
        put.await.unwrap();

        let keys = vault.tenant(&acme, &key).unwrap();
        let process = || Arc::new(StoredTokens::new(tenant.clone(), keys.clone(), crm.clone()));
        let (a, b) = (process(), process());
        assert_eq!(a.lock().await.unwrap(), None);
        let waiting = tokio::spawn({
            let b = Arc::clone(&b);
            async move { b.lock().await }
        });
        tokio::time::sleep(WAIT * 2).await;
        assert!(!waiting.is_finished(), "b renewed beside a");
        let canary = tokens("Bearer canary-of-a-token");
        a.unlock(Some(&canary)).await.unwrap();
        assert_eq!(waiting.await.unwrap().unwrap(), Some(canary));
        b.unlock(None).await.unwrap();
        assert!(b.unlock(None).await.is_err(), "given back twice");
        store.close().await;
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            let shown = String::from_utf8_lossy(&bytes).contains("canary-of-a-token");
            assert!(!shown, "a token lies open in the database");
        }
    }
}
