//! Tries a connection, stored or not yet: reach, sign in, look around. `host` does it, passed in by
//! `cli`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tributary_model::document::ConnectionDocument;
use tributary_model::manifest::Manifest;
use utoipa::ToSchema;

use super::put::{check_against, check_form};
use super::with_secrets;
use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::json::Document;
use crate::request::parts::Names;
use crate::routes::connectors::chosen::chosen;
use crate::state::{ApiState, CheckStep};
use crate::wire::document::{NamePath, stored};

/// What worked.
#[derive(Serialize, ToSchema)]
pub(crate) struct CheckAnswer {
    /// every step worked
    ok: bool,
    /// in order, up to the first that failed
    steps: Vec<CheckStep>,
}

/// Tries the connection. That it does not work is an answer, not an error.
#[utoipa::path(
    post,
    path = "/api/v1/tenants/{tenant}/connections/{name}/check",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("name" = String, Path, description = "name of the connection")
    ),
    responses((status = 200, description = "what worked and what did not", body = CheckAnswer))
)]
pub(crate) async fn check_connection(
    State(state): State<ApiState>,
    scope: Scope,
    Names(path): Names<NamePath>,
) -> Result<Json<CheckAnswer>, ApiError> {
    let document = with_secrets(&state, &scope, &path.name).await?;
    Ok(answer(&state, scope, document).await)
}

/// Tries a connection that is not stored yet, with the secrets that come with it; nothing is kept. What
/// does not fit connector and form is an error, as when it is put.
#[utoipa::path(
    post,
    path = "/api/v1/tenants/{tenant}/connection-check",
    params(("tenant" = String, Path, description = "name of the tenant")),
    request_body(content = Object, description = "connections/<name>.json with its secrets"),
    responses((status = 200, description = "what worked and what did not", body = CheckAnswer))
)]
pub(crate) async fn try_connection(
    State(state): State<ApiState>,
    scope: Scope,
    Document(document): Document<ConnectionDocument>,
) -> Result<Json<CheckAnswer>, ApiError> {
    let connector = chosen(&state, &document).await?;
    let manifest: Manifest = stored(&connector.manifest)?;
    check_against(&document, &manifest)?;
    check_form(&document, &manifest)?;
    Ok(answer(&state, scope, document).await)
}

async fn answer(state: &ApiState, scope: Scope, document: ConnectionDocument) -> Json<CheckAnswer> {
    let steps = match (state.connectors.check)(scope.tenant, document).await {
        Ok(steps) => steps,
        Err(problem) => vec![CheckStep {
            name: "platform".to_owned(),
            ok: false,
            message: problem.detail,
            hint: Some(problem.hint),
            code: Some(problem.code.as_str().to_owned()),
            took_ms: None,
        }],
    };
    let ok = steps.iter().all(|step| step.ok);
    Json(CheckAnswer { ok, steps })
}
