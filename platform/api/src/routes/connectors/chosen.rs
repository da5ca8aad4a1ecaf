//! Which installed connector a connection means, for itself and as a side of an integration that pins
//! its bytes.

use tributary_model::document::{ConnectionDocument, INSTALLED};
use tributary_model::error_code::ErrorCode;
use tributary_store::Connector;

use crate::problem::ApiError;
use crate::state::ApiState;

/// The one that the connection pins, or the one installed last.
pub(crate) async fn chosen(
    state: &ApiState,
    document: &ConnectionDocument,
) -> Result<Connector, ApiError> {
    let system = state.store.system();
    let name = &document.connector;
    let Some(digest) = &document.connector_digest else {
        let found = system.connector(name, None).await?;
        return found.ok_or_else(|| {
            let detail = format!("there is no connector {name}");
            ApiError::new(ErrorCode::ReferenceMissing, detail).at("/connector")
        });
    };
    with_digest(state, document, digest).await?.ok_or_else(|| {
        let detail = no_such_bytes(document, digest);
        ApiError::new(ErrorCode::ReferenceMissing, detail).at("/connector_digest")
    })
}

/// The one that the integration pins, or else what [`chosen`] says. Inside: why the pin cannot hold.
pub(crate) async fn pinned(
    state: &ApiState,
    document: &ConnectionDocument,
    pin: Option<&str>,
) -> Result<Result<Connector, String>, ApiError> {
    let Some(pin) = pin.filter(|pin| *pin != INSTALLED) else {
        return chosen(state, document).await.map(Ok);
    };
    if let Some(other) = &document.connector_digest
        && other != pin
    {
        let name = &document.name;
        let detail = format!("the connection {name} pins other bytes, {other}");
        return Ok(Err(detail));
    }
    let found = with_digest(state, document, pin).await?;
    Ok(found.ok_or_else(|| no_such_bytes(document, pin)))
}

async fn with_digest(
    state: &ApiState,
    document: &ConnectionDocument,
    digest: &str,
) -> Result<Option<Connector>, ApiError> {
    let installed = state.store.system().connectors().await?;
    let is =
        |connector: &Connector| connector.name == document.connector && connector.digest == digest;
    Ok(installed.into_iter().find(is))
}

fn no_such_bytes(document: &ConnectionDocument, digest: &str) -> String {
    let name = &document.connector;
    format!("no installed version of the connector {name} has the digest {digest}")
}
