//! Every installed connector. Connectors are the platform's: every tenant sees the same.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tributary_model::clock::UnixMillis;
use utoipa::ToSchema;

use crate::problem::ApiError;
use crate::state::{ApiState, Digests, Signer};
use crate::wire::document::stored;
use crate::wire::time;

/// All connectors.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConnectorList {
    items: Vec<ConnectorView>,
}

/// One installed version.
#[derive(Serialize, ToSchema)]
struct ConnectorView {
    name: String,
    version: String,
    /// of the component, hex: the platform's own, which `connector_digest` and runs hold
    digest: String,
    /// absent: its file is gone
    #[serde(flatten)]
    known_as: Option<Digests>,
    /// whose signature it carries; absent: nobody's
    #[serde(skip_serializing_if = "Option::is_none")]
    signer: Option<Signer>,
    /// where its code runs: `process` (the platform's, for publishers that the operator vouches for) or
    /// `runner` (a process of its own for each tenant); absent: it is not trusted any more
    #[serde(skip_serializing_if = "Option::is_none")]
    isolation: Option<String>,
    /// `connector.json`
    #[schema(value_type = Object)]
    manifest: serde_json::Value,
    #[serde(serialize_with = "time::serialize")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: UnixMillis,
}

/// Every installed connector, the version installed last first.
#[utoipa::path(
    get,
    path = "/api/v1/connectors",
    responses((status = 200, description = "the connectors", body = ConnectorList))
)]
pub(crate) async fn list_connectors(
    State(state): State<ApiState>,
) -> Result<Json<ConnectorList>, ApiError> {
    let mut items = Vec::new();
    for connector in state.store.system().connectors().await? {
        let signer = (state.connectors.signer)(connector.digest.clone()).await?;
        let isolation = (state.connectors.isolation)(connector.digest.clone()).await?;
        let known_as = (state.connectors.digests)(connector.digest.clone()).await?;
        items.push(ConnectorView {
            known_as,
            signer,
            isolation,
            manifest: stored(&connector.manifest)?,
            name: connector.name.into(),
            version: connector.version,
            digest: connector.digest,
            updated_at: connector.updated_ms,
        });
    }
    Ok(Json(ConnectorList { items }))
}
