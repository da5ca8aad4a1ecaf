//! Starts a run: pins the versions of everything it will use, and writes it to the ledger with
//! its first work item. A worker does the rest.

use std::collections::BTreeMap;

use axum::Json as Answer;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tributary_mapping::Document;
use tributary_model::document::{ConnectionDocument, IntegrationDocument, LoadMode};
use tributary_model::error_code::ErrorCode;
use tributary_model::id::{RunId, Slug};
use tributary_store::{Enqueued, NewRun, Run};
use utoipa::ToSchema;

use crate::auth::Scope;
use crate::mapping_check;
use crate::problem::ApiError;
use crate::request::idempotency::idempotency_key;
use crate::request::json::Json;
use crate::routes::connectors::chosen;
use crate::state::ApiState;
use crate::wire::document::stored;
use crate::wire::run::{RunView, view};

/// What to run.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartRequest {
    #[schema(value_type = String)]
    integration: Slug,
    /// `full` or `incremental`; the integration's own if absent
    #[schema(value_type = Option<String>)]
    mode: Option<LoadMode>,
}

/// Starts a run of an integration.
#[utoipa::path(
    post,
    path = "/api/v1/tenants/{tenant}/runs",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 200 visible ASCII \
         characters; the same key gives the same run")
    ),
    request_body = StartRequest,
    responses(
        (status = 201, description = "queued", body = RunView),
        (status = 200, description = "the run that this key has started before", body = RunView),
        (status = 409, description = "the key was used for another request, or a run of the \
         integration is under way"),
        (status = 422, description = "as many runs are open as the tenant's plan allows")
    )
)]
pub(crate) async fn start_run(
    State(state): State<ApiState>,
    scope: Scope,
    headers: HeaderMap,
    Json(request): Json<StartRequest>,
) -> Result<Response, ApiError> {
    let key = idempotency_key(&headers)?;
    if let Some(key) = &key
        && let Some(run) = scope.store.run_by_key(key).await?
    {
        // the answer to the first request may have been lost; what the documents say by now does
        // not matter to it
        let same_mode = request.mode.is_none_or(|mode| mode == run.mode);
        if run.integration == request.integration && same_mode {
            return answer(&state, &scope, StatusCode::OK, run).await;
        }
        return Err(used_before(&run));
    }
    let new = pinned(&state, &scope, &request, key).await?;
    let (integration, mode) = (new.integration.clone(), new.mode);
    match scope.store.run_create(&new).await? {
        Enqueued::Created(run) => {
            state.wake.notify_one();
            answer(&state, &scope, StatusCode::CREATED, run).await
        }
        Enqueued::Existing(run) if run.integration == integration && run.mode == mode => {
            answer(&state, &scope, StatusCode::OK, run).await
        }
        Enqueued::Existing(run) => Err(used_before(&run)),
        Enqueued::Refused { running } => {
            let detail = format!("a run of {integration} is under way: {running}");
            Err(ApiError::new(ErrorCode::Conflict, detail).hint("wait for it, or cancel it"))
        }
        Enqueued::Full { open } => Err(too_many_open(&scope, open)),
    }
}

/// The plan allows no further open run.
pub(super) fn too_many_open(scope: &Scope, open: u64) -> ApiError {
    let plan = &scope.plan.name;
    let detail = format!(
        "{open} runs are not over, as many as the plan {:?} allows (open_runs)",
        plan.as_str()
    );
    ApiError::new(ErrorCode::PlanLimit, detail)
        .hint("wait until one is over, cancel one, or ask the operator for another plan")
}

fn used_before(run: &Run) -> ApiError {
    let detail = format!(
        "this Idempotency-Key has started {} with another request",
        run.id
    );
    ApiError::new(ErrorCode::Conflict, detail).hint("use another key for another request")
}

async fn answer(
    state: &ApiState,
    scope: &Scope,
    status: StatusCode,
    run: Run,
) -> Result<Response, ApiError> {
    let location = format!("/api/v1/tenants/{}/runs/{}", scope.tenant, run.id);
    let body = view(&scope.store, run, state.clock.now_ms()).await?;
    let location = [(axum::http::header::LOCATION, location)];
    Ok((status, location, Answer(body)).into_response())
}

/// The versions that are current now, for the run's whole life.
async fn pinned(
    state: &ApiState,
    scope: &Scope,
    request: &StartRequest,
    idempotency_key: Option<String>,
) -> Result<NewRun, ApiError> {
    let name = &request.integration;
    let missing = |what: &str, name: &Slug| {
        ApiError::new(
            ErrorCode::ReferenceMissing,
            format!("there is no {what} {name}"),
        )
    };
    let found = scope.store.integration(name, None).await?;
    let found = found.ok_or_else(|| missing("integration", name).at("/integration"))?;
    let document: IntegrationDocument = stored(&found.content)?;
    let mapping = scope.store.mapping(&document.mapping, None).await?;
    let mapping = mapping.ok_or_else(|| missing("mapping", &document.mapping))?;
    let parsed = mapping_check::read(&scope.store, mapping.content.as_bytes()).await?;
    let lookups = table_versions(scope, &parsed.document).await?;
    let mut connectors = BTreeMap::new();
    for (side, connection, pin) in document.sides() {
        let found = scope.store.connection(connection).await?;
        let found = found.ok_or_else(|| missing("connection", connection))?;
        let connection: ConnectionDocument = stored(&found.content)?;
        let installed = chosen::pinned(state, &connection, pin).await?;
        let installed = installed.map_err(|detail| moved(name, side, &connection, detail))?;
        let pinned = connectors.insert(connection.connector.to_string(), installed.digest.clone());
        if pinned.is_some_and(|pinned| pinned != installed.digest) {
            let name = &connection.connector;
            let detail = format!("source and target pin different bytes of the connector {name}");
            return Err(ApiError::new(ErrorCode::Conflict, detail)
                .hint("give both connections the same connector_digest"));
        }
    }
    // components of functions that the mapping calls: name and version stand for them
    let system = state.store.system();
    for (reference, installed) in mapping_check::installed(&system, &parsed.document).await? {
        connectors.insert(reference, installed.digest);
    }
    Ok(NewRun {
        id: RunId::generate(state.ids.as_ref()),
        integration: name.clone(),
        integration_version: found.version,
        mapping_revision: mapping.version,
        connectors,
        lookups,
        mode: request.mode.unwrap_or(document.mode),
        idempotency_key,
        trigger: "api".to_owned(),
        most_open: scope.plan.maxima.open_runs,
    })
}

/// What the integration pins is not what there is.
fn moved(
    integration: &Slug,
    side: &str,
    connection: &ConnectionDocument,
    detail: String,
) -> ApiError {
    let connector = &connection.connector;
    let detail = format!(
        "the integration {integration} pins the connector {connector} of its {side}, but {detail}"
    );
    ApiError::new(ErrorCode::ConnectorChanged, detail).at(format!("/{side}/connector_digest"))
}

/// The versions of the lookup tables that a mapping names. One that is not there is left out: the run
/// will say so.
async fn table_versions(
    scope: &Scope,
    document: &Document,
) -> Result<BTreeMap<String, u32>, ApiError> {
    let mut versions = BTreeMap::new();
    for table in document.table_names() {
        let Ok(name) = Slug::parse(table) else {
            continue;
        };
        if let Some(found) = scope.store.lookup(&name, None).await? {
            versions.insert(table.to_owned(), found.version);
        }
    }
    Ok(versions)
}
