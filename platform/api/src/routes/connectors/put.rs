//! Installs a connector: the body is the component. It is loaded and checked by `host` (passed in
//! by `cli`) before anything is stored.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tributary_model::error_code::ErrorCode;
use tributary_model::manifest::Manifest;
use tributary_model::version::Version;
use tributary_store::{NewConnector, PutOutcome};
use utoipa::{IntoParams, ToSchema};

use crate::problem::ApiError;
use crate::request::json::body_bytes;
use crate::request::parts::{Names, Query};
use crate::state::ApiState;
use crate::wire::document::NamePath;

/// What was installed.
#[derive(Serialize, ToSchema)]
pub(crate) struct InstalledConnector {
    name: String,
    version: String,
    /// of the component, hex
    digest: String,
    /// `created`, `updated` or `unchanged`
    outcome: &'static str,
}

/// How to install.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InstallQuery {
    /// `true`: also if a newer version is installed
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    older: bool,
}

/// Installs a connector.
#[utoipa::path(
    put,
    path = "/api/v1/connectors/{name}",
    params(
        ("name" = String, Path, description = "name of the connector, as in its manifest"),
        InstallQuery
    ),
    request_body(content = Vec<u8>, content_type = "application/wasm", description = "the component"),
    responses(
        (status = 200, description = "replaced, or as it was", body = InstalledConnector),
        (status = 201, description = "installed", body = InstalledConnector)
    )
)]
pub(crate) async fn put_connector(
    State(state): State<ApiState>,
    Names(path): Names<NamePath>,
    Query(query): Query<InstallQuery>,
    request: Request,
) -> Result<Response, ApiError> {
    let component = body_bytes(request, &state).await?;
    if component.is_empty() {
        return Err(ApiError::request(
            "the body is empty; it should be a component",
        ));
    }
    let installed = (state.connectors.install)(component).await?;
    let manifest = installed.manifest;
    if !query.older {
        no_older(&state, &manifest).await?;
    }
    if manifest.name != path.name {
        let (is, says) = (&manifest.name, &path.name);
        let detail = format!("the component is the connector {is}, the address says {says}");
        return Err(ApiError::new(ErrorCode::ConnectorInvalid, detail));
    }
    let text = serde_json::to_string(&manifest)
        .map_err(|error| ApiError::internal(ErrorCode::Internal, &error))?;
    let new = NewConnector {
        name: manifest.name,
        version: manifest.version,
        digest: installed.digest,
        manifest: text,
        component: installed.component,
    };
    let put = state.store.system().connector_put(&new).await?;
    let (status, outcome) = match put.outcome {
        PutOutcome::Created => (StatusCode::CREATED, "created"),
        PutOutcome::Unchanged => (StatusCode::OK, "unchanged"),
        _ => (StatusCode::OK, "updated"),
    };
    let body = InstalledConnector {
        name: new.name.into(),
        version: new.version,
        digest: new.digest,
        outcome,
    };
    Ok((status, Json(body)).into_response())
}

/// An old version may have a hole that the newer one closed; going back is a decision of its own.
async fn no_older(state: &ApiState, manifest: &Manifest) -> Result<(), ApiError> {
    let installed = state.store.system().connectors().await?;
    let newest = installed
        .iter()
        .filter(|connector| connector.name == manifest.name)
        .filter_map(|connector| Version::parse(&connector.version))
        .max();
    match (newest, Version::parse(&manifest.version)) {
        (Some(newest), Some(this)) if this < newest => {
            let name = &manifest.name;
            let detail = format!("{name} {this} is older than {newest}, which is installed");
            let hint = "install the newer one, or allow the older with ?older=true (--older)";
            Err(ApiError::new(ErrorCode::Conflict, detail).hint(hint))
        }
        _ => Ok(()),
    }
}
