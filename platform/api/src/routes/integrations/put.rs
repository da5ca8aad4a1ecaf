//! Makes or changes an integration. What it names must exist, and the mapping must pass its
//! check with the integration's parameters. A pin that says `installed` is stored as the digest that it
//! stands for now.

use axum::response::Response;
use tributary_model::document::{ConnectionDocument, IntegrationDocument};
use tributary_model::error_code::ErrorCode;
use tributary_model::id::Slug;
use tributary_model::manifest::{ConnectorRole, Manifest};
use tributary_model::problem::{Place, Problem};

use axum::extract::State;

use crate::auth::Scope;
use crate::mapping_check;
use crate::problem::ApiError;
use crate::request::json::Document;
use crate::request::parts::Names;
use crate::routes::connectors::chosen::pinned;
use crate::state::ApiState;
use crate::wire::document::{NamePath, Save, SaveQuery, Saved, check_name, saved, stored};

/// Makes or changes the integration.
#[utoipa::path(
    put,
    path = "/api/v1/tenants/{tenant}/integrations/{name}",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("name" = String, Path, description = "name of the integration"),
        SaveQuery
    ),
    request_body(content = Object, description = "integrations/<name>.json"),
    responses(
        (status = 200, description = "changed, or as it was", body = Saved),
        (status = 201, description = "made", body = Saved)
    )
)]
pub(crate) async fn put_integration(
    State(state): State<ApiState>,
    scope: Scope,
    Names(path): Names<NamePath>,
    Save(options): Save,
    Document(mut document): Document<IntegrationDocument>,
) -> Result<Response, ApiError> {
    check_name(&path.name, &document.name)?;
    check_numbers(&document)?;
    let mut missing = Vec::new();
    let source = &mut document.source;
    let sides = [
        Side {
            pointer: "/source",
            connection: &source.connection,
            pin: &mut source.connector_digest,
            role: ConnectorRole::Source,
        },
        Side {
            pointer: "/target",
            connection: &document.target.connection,
            pin: &mut document.target.connector_digest,
            role: ConnectorRole::ApiTarget,
        },
    ];
    for side in sides {
        missing.extend(side_fault(&state, &scope, side).await?);
    }
    let mapping = scope.store.mapping(&document.mapping, None).await?;
    if mapping.is_none() {
        missing.push(Place {
            pointer: "/mapping".to_owned(),
            detail: format!("there is no mapping {}", document.mapping),
        });
    }
    if let Some(first) = missing.first() {
        let problem = Problem::new(ErrorCode::ReferenceMissing, first.detail.clone());
        let mut problem = problem.at(first.pointer.clone());
        problem.errors = missing;
        return Err(problem.into());
    }
    if let Some(mapping) = mapping {
        let parsed = mapping_check::read(&scope.store, mapping.content.as_bytes()).await?;
        let system = state.store.system();
        mapping_check::check(&system, &scope.store, &parsed, Some(&document.params)).await?;
    }
    let text = serde_json::to_string(&document)
        .map_err(|error| ApiError::internal(ErrorCode::Internal, &error))?;
    let put = scope
        .store
        .integration_put(&path.name, &text, options)
        .await?;
    saved(&path.name, put)
}

/// Numbers that would make a run stand still or never end.
fn check_numbers(document: &IntegrationDocument) -> Result<(), ApiError> {
    let delivery = &document.delivery;
    let rules = [
        (
            "/delivery/concurrency",
            u64::from(delivery.concurrency),
            1,
            64,
        ),
        (
            "/delivery/max_attempts",
            u64::from(delivery.max_attempts),
            1,
            20,
        ),
        (
            "/delivery/max_backoff_ms",
            delivery.max_backoff_ms,
            0,
            3_600_000,
        ),
        (
            "/delivery/breaker/failed_calls",
            u64::from(delivery.breaker.failed_calls),
            0,
            1_000,
        ),
        (
            "/delivery/breaker/wait_ms",
            delivery.breaker.wait_ms,
            100,
            3_600_000,
        ),
        (
            "/delivery/breaker/max_wait_ms",
            delivery.breaker.max_wait_ms,
            100,
            86_400_000,
        ),
        ("/delivery/timeout_ms", delivery.timeout_ms, 100, 600_000),
        (
            "/tolerance/max_bad_percent",
            u64::from(document.tolerance.max_bad_percent),
            0,
            100,
        ),
    ];
    for (pointer, value, least, most) in rules {
        if value < least || value > most {
            let detail = format!("{value} is outside {least} to {most}");
            return Err(ApiError::new(ErrorCode::DocumentInvalid, detail).at(pointer));
        }
    }
    Ok(())
}

/// One side of the document.
struct Side<'a> {
    pointer: &'static str,
    connection: &'a Slug,
    /// becomes a digest where it stands for what is installed
    pin: &'a mut Option<String>,
    role: ConnectorRole,
}

/// Why the connection cannot be this side of an integration.
async fn side_fault(
    state: &ApiState,
    scope: &Scope,
    side: Side<'_>,
) -> Result<Option<Place>, ApiError> {
    let fault = |member: &str, detail: String| {
        Ok(Some(Place {
            pointer: format!("{}/{member}", side.pointer),
            detail,
        }))
    };
    let name = side.connection;
    let Some(connection) = scope.store.connection(name).await? else {
        return fault("connection", format!("there is no connection {name}"));
    };
    let document: ConnectionDocument = stored(&connection.content)?;
    let connector = &document.connector;
    if state
        .store
        .system()
        .connector(connector, None)
        .await?
        .is_none()
    {
        let detail = format!("there is no connector {connector}, which {name} uses");
        return fault("connection", detail);
    }
    let found = match pinned(state, &document, side.pin.as_deref()).await? {
        Ok(found) => found,
        Err(detail) => return fault("connector_digest", detail),
    };
    if side.pin.is_some() {
        *side.pin = Some(found.digest);
    }
    let manifest: Manifest = stored(&found.manifest)?;
    if manifest.roles.contains(&side.role) {
        return Ok(None);
    }
    let role = match side.role {
        ConnectorRole::Source => "source",
        ConnectorRole::ApiTarget => "target",
        ConnectorRole::MappingFunction => "mapping function",
    };
    let detail = format!("the connector {connector} of {name} cannot be a {role}");
    fault("connection", detail)
}
