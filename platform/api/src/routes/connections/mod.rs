//! Connections: a connector with its configuration. Secrets go in and never come out.

pub(crate) mod check;
pub(crate) mod discover;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod put;

use tributary_model::document::{ConnectionDocument, SECRETS_KIND};
use tributary_model::id::Slug;

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
    let found = scope.store.connection(name).await?;
    let connection = found.ok_or_else(ApiError::not_found)?;
    let mut document: ConnectionDocument = stored(&connection.content)?;
    if let Some(sealed) = connection.sealed_secrets {
        let vault = scope.vault(state)?;
        let plain = vault.open(SECRETS_KIND, name.as_str(), &sealed)?;
        document.secrets = stored(&String::from_utf8_lossy(&plain))?;
    }
    Ok(document)
}
