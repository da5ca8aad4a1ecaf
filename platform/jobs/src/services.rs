//! What the workers of one process share.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Notify;
use tributary_host::EgressPolicy;
use tributary_host::Host;
use tributary_host::{Connection, ConnectionPorts};
use tributary_lake::Lake;
use tributary_model::auth_recipe::AuthRecipe;
use tributary_model::clock::Clock;
use tributary_model::document::{ConnectionDocument, SECRETS_KIND};
use tributary_model::error_code::ErrorCode;
use tributary_model::id::{RunId, Slug, TenantId};
use tributary_model::plan::{Plan, Plans};
use tributary_model::problem::Problem;
use tributary_store::{Store, StoreError};
use tributary_vault::{TenantVault, Vault};

use crate::components::Components;
use crate::intake;
use crate::tokens::StoredTokens;

/// Handles to everything a worker uses.
pub struct Services {
    pub store: Store,
    pub lake: Lake,
    pub vault: Arc<Vault>,
    pub host: Host,
    pub components: Components,
    /// for all tenants
    pub egress: EgressPolicy,
    /// for one tenant alone
    pub tenant_egress: BTreeMap<TenantId, Vec<String>>,
    /// what tenants may use
    pub plans: Plans,
    pub clock: Arc<dyn Clock>,
    /// rung when work was queued in this process
    pub wake: Arc<Notify>,
    /// rung when a run was cancelled in this process
    pub cancelled: Arc<Notify>,
}

impl Services {
    /// The tenant's keys.
    ///
    /// # Errors
    /// `storage_failed` if the tenant has no key or it cannot be unwrapped.
    pub async fn tenant_vault(&self, tenant: &TenantId) -> Result<TenantVault, Problem> {
        let wrapped = self
            .store
            .tenant(tenant)
            .wrapped_key()
            .await
            .map_err(|error| store_problem(&error))?
            .ok_or_else(|| {
                Problem::new(ErrorCode::NotFound, format!("there is no tenant {tenant}"))
            })?;
        self.vault
            .tenant(tenant, &wrapped)
            .map_err(|error| Problem::new(ErrorCode::StorageFailed, error.to_string()))
    }

    /// The named connection's document with its secrets, and its version.
    ///
    /// # Errors
    /// `reference_missing` if there is no such connection; else what is wrong with it.
    pub(crate) async fn connection(
        &self,
        tenant: &TenantId,
        name: &Slug,
        vault: &TenantVault,
    ) -> Result<(ConnectionDocument, u32), Problem> {
        let stored = self
            .store
            .tenant(tenant)
            .connection(name)
            .await
            .map_err(|error| store_problem(&error))?
            .ok_or_else(|| {
                let detail = format!("there is no connection {name}");
                Problem::new(ErrorCode::ReferenceMissing, detail)
            })?;
        let mut document: ConnectionDocument = serde_json::from_str(&stored.content)
            .map_err(|error| unreadable("connection", name, &error))?;
        if let Some(sealed) = &stored.sealed_secrets {
            let plain = vault
                .open(SECRETS_KIND, name.as_str(), sealed)
                .map_err(|error| Problem::new(ErrorCode::StorageFailed, error.to_string()))?;
            document.secrets = serde_json::from_slice(&plain)
                .map_err(|error| unreadable("connection", name, &error))?;
        }
        Ok((document, stored.version))
    }

    /// Where the tenant's connections may go: what is granted to all, and to it alone.
    fn egress_of(&self, tenant: &TenantId) -> EgressPolicy {
        let mut policy = self.egress.clone();
        let own = self.tenant_egress.get(tenant).into_iter().flatten();
        policy.allow.extend(own.cloned());
        policy
    }

    /// What the tenant may use.
    pub(crate) async fn plan(&self, tenant: &TenantId) -> Result<Arc<Plan>, Problem> {
        let owner = self.store.tenant(tenant).owner().await;
        let owner = owner.map_err(|error| store_problem(&error))?;
        Ok(self.plans.of(owner.and_then(|owner| owner.plan).as_ref()))
    }

    /// The connection of a document with its secrets; its tokens are kept in the store. `recipe` is how its
    /// connector describes credentials. What was pushed is seen as far as it belongs to `run`.
    pub(crate) async fn open_connection(
        &self,
        tenant: &TenantId,
        document: &ConnectionDocument,
        vault: &TenantVault,
        recipe: Option<&AuthRecipe>,
        run: Option<&RunId>,
    ) -> Result<Connection, Problem> {
        let store = self.store.tenant(tenant);
        let egress = self.egress_of(tenant);
        let keeper = StoredTokens::new(store, vault.clone(), document.name.clone());
        let ports = ConnectionPorts {
            databases: egress.databases_of(tenant.as_str()),
            egress,
            clock: Arc::clone(&self.clock),
            keeper: Some(Arc::new(keeper)),
            stored: intake::stored(self, document, vault, run),
            plan: self.plan(tenant).await?,
            recipe: recipe.cloned(),
        };
        Connection::with_ports(document, &ports)
    }
}

/// A store error as a problem: the particulars are for the log, not for users.
pub(crate) fn store_problem(error: &StoreError) -> Problem {
    tracing::error!(error = %chain(error), "the store failed");
    Problem::new(
        ErrorCode::StorageFailed,
        "the ledger could not be read or written",
    )
}

/// An error with its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

pub(crate) fn unreadable(kind: &str, name: &Slug, error: &serde_json::Error) -> Problem {
    Problem::new(
        ErrorCode::DocumentInvalid,
        format!("the stored {kind} {name} cannot be read: {error}"),
    )
}

/// A document's JSON value for the guest; an absent configuration is an empty object.
pub(crate) fn config_of(document: &ConnectionDocument) -> Value {
    match &document.config {
        Value::Null => Value::Object(serde_json::Map::new()),
        config => config.clone(),
    }
}
