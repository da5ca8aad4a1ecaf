//! Which installed connector a connection means.

use tributary_model::document::ConnectionDocument;
use tributary_model::error_code::ErrorCode;
use tributary_store::Connector;

use crate::problem::ApiError;
use crate::state::ApiState;

/// The pinned one, or the one installed last.
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
    let installed = system.connectors().await?.into_iter();
    let mut fitting =
        installed.filter(|connector| connector.name == *name && connector.digest == *digest);
    fitting.next().ok_or_else(|| {
        let detail =
            format!("no installed version of the connector {name} has the digest {digest}");
        ApiError::new(ErrorCode::ReferenceMissing, detail).at("/connector_digest")
    })
}
