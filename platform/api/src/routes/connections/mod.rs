//! Connections: a connector with its configuration. Secrets go in and never come out.

pub(crate) mod check;
pub(crate) mod discover;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod put;

use tributary_model::document::{ConnectionDocument, SECRETS_KIND};
use tributary_model::id::Slug;
use tributary_store::{Connection, TenantStore};
use tributary_vault::TenantVault;

use crate::auth::Scope;
use crate::problem::ApiError;
use crate::state::ApiState;
use crate::wire::document::stored;

/// A stored connection with its secrets filled in, for the [`crate::state::ConnectorPort`] alone.
async fn with_secrets(
    state: &ApiState,
    scope: &Scope,
    name: &Slug,
) -> Result<ConnectionDocument, ApiError> {
    let vault = scope.vault(state)?;
    let found = with_secrets_of(&scope.store, &vault, name).await?;
    found.ok_or_else(ApiError::not_found)
}

/// The same by its parts.
pub(crate) async fn with_secrets_of(
    store: &TenantStore,
    vault: &TenantVault,
    name: &Slug,
) -> Result<Option<ConnectionDocument>, ApiError> {
    let found = store.connection(name).await?;
    found.map(|found| opened(vault, found)).transpose()
}

fn opened(vault: &TenantVault, connection: Connection) -> Result<ConnectionDocument, ApiError> {
    let mut document: ConnectionDocument = stored(&connection.content)?;
    if let Some(sealed) = connection.sealed_secrets {
        let plain = vault.open(SECRETS_KIND, connection.name.as_str(), &sealed)?;
        document.secrets = stored(&String::from_utf8_lossy(&plain))?;
    }
    Ok(document)
}
