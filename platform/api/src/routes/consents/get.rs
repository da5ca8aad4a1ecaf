//! How a consent stands.

use axum::Json;
use serde::{Deserialize, Serialize};
use tributary_model::clock::UnixMillis;
use tributary_model::id::Slug;
use utoipa::ToSchema;

use super::Outcome;
use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::parts::Names;
use crate::wire::time;

/// Names in the path.
#[derive(Deserialize)]
pub(crate) struct ConsentPath {
    name: Slug,
    id: String,
}

/// A consent.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConsentView {
    id: String,
    connection: String,
    /// the API client that asked for it
    asked_by: String,
    /// `waiting`, `given`, `refused` or `expired`
    state: &'static str,
    #[serde(serialize_with = "time::serialize")]
    #[schema(value_type = String)]
    expires_at: UnixMillis,
    /// of a given one: the platform gets further tokens by itself
    renewable: Option<bool>,
    /// of a given one: end of the first access token, if the other side said so
    #[serde(serialize_with = "time::serialize_option")]
    #[schema(value_type = Option<String>)]
    access_until: Option<UnixMillis>,
    /// of a refused one
    problem: Option<ConsentProblem>,
}

/// Why a consent was refused.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConsentProblem {
    code: String,
    detail: String,
    hint: String,
}

/// How a consent stands.
#[utoipa::path(
    get,
    path = "/api/v1/tenants/{tenant}/connections/{name}/consents/{id}",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("name" = String, Path, description = "name of the connection"),
        ("id" = String, Path, description = "id of the consent")
    ),
    responses((status = 200, description = "how it stands", body = ConsentView))
)]
pub(crate) async fn get_consent(
    scope: Scope,
    Names(path): Names<ConsentPath>,
) -> Result<Json<ConsentView>, ApiError> {
    let found = scope.store.consent(&path.id).await?;
    let consent = found.filter(|consent| consent.connection == path.name);
    let consent = consent.ok_or_else(ApiError::not_found)?;
    let mut view = ConsentView {
        id: path.id,
        connection: path.name.to_string(),
        asked_by: consent.asked_by.clone(),
        state: if consent.expired {
            "expired"
        } else {
            "waiting"
        },
        expires_at: consent.expires_ms,
        renewable: None,
        access_until: None,
        problem: None,
    };
    match Outcome::of(&consent)? {
        None => {}
        Some(Outcome::Given {
            renewable,
            access_until_ms,
        }) => {
            view.state = "given";
            view.renewable = Some(renewable);
            view.access_until = access_until_ms;
        }
        Some(Outcome::Refused { code, detail, hint }) => {
            view.state = "refused";
            view.problem = Some(ConsentProblem { code, detail, hint });
        }
    }
    Ok(Json(view))
}
