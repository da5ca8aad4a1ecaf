//! Which installed connector a connection means, for itself and as a side of an integration that pins
//! its bytes.

use tributary_model::document::{ConnectionDocument, INSTALLED};
use tributary_model::error_code::ErrorCode;
use tributary_store::Connector;

use crate::problem::ApiError;
use crate::state::{ApiState, Digests};

/// What digests begin with that people know from elsewhere.
const OUTSIDE: &str = "sha256:";

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
    let Some(found) = with_digest(state, document, pin).await? else {
        return Ok(Err(no_such_bytes(document, pin)));
    };
    match &document.connector_digest {
        Some(other) if *other != found.digest => {
            let name = &document.name;
            Ok(Err(format!(
                "the connection {name} pins other bytes, {other}"
            )))
        }
        _ => Ok(Ok(found)),
    }
}

async fn with_digest(
    state: &ApiState,
    document: &ConnectionDocument,
    digest: &str,
) -> Result<Option<Connector>, ApiError> {
    let installed = state.store.system().connectors().await?;
    let named = installed
        .into_iter()
        .filter(|connector| connector.name == document.connector);
    for connector in named {
        if connector.digest == digest {
            return Ok(Some(connector));
        }
        if digest.starts_with(OUTSIDE) {
            let known_as = (state.connectors.digests)(connector.digest.clone()).await?;
            let known =
                |known: &Digests| known.file_digest == digest || known.content_digest == digest;
            if known_as.as_ref().is_some_and(known) {
                return Ok(Some(connector));
            }
        }
    }
    Ok(None)
}

fn no_such_bytes(document: &ConnectionDocument, digest: &str) -> String {
    let name = &document.connector;
    format!("no installed version of the connector {name} has the digest {digest}")
}
