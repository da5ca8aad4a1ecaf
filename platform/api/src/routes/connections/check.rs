//! Tries a stored connection: reach, log in, look around. `host` does it, passed in by `cli`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tributary_model::document::ConnectionDocument;
use utoipa::ToSchema;

use super::put::SECRETS_KIND;
use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::parts::Names;
use crate::state::{ApiState, CheckStep};
use crate::wire::document::{NamePath, stored};

/// What worked.
#[derive(Serialize, ToSchema)]
pub(crate) struct CheckAnswer {
    /// every step worked
    ok: bool,
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
    let found = scope.store.connection(&path.name).await?;
    let connection = found.ok_or_else(ApiError::not_found)?;
    let mut document: ConnectionDocument = stored(&connection.content)?;
    if let Some(sealed) = connection.sealed_secrets {
        let vault = scope.vault(&state)?;
        let plain = vault.open(SECRETS_KIND, path.name.as_str(), &sealed)?;
        document.secrets = stored(&String::from_utf8_lossy(&plain))?;
    }
    let steps = match (state.connectors.check)(scope.tenant, document).await {
        Ok(steps) => steps,
        Err(problem) => vec![CheckStep {
            name: problem.code.as_str().to_owned(),
            ok: false,
            message: format!("{}; {}", problem.detail, problem.hint),
        }],
    };
    let ok = steps.iter().all(|step| step.ok);
    Ok(Json(CheckAnswer { ok, steps }))
}
