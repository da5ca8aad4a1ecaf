//! One tenant.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use serde::Serialize;
use tributary_model::clock::UnixMillis;
use utoipa::ToSchema;

use crate::auth::Scope;
use crate::problem::ApiError;
use crate::state::ApiState;
use crate::wire::document::etag;
use crate::wire::time;

/// A tenant.
#[derive(Serialize, ToSchema)]
pub(crate) struct TenantView {
    name: String,
    title: String,
    /// the plan that it is given; absent: the plan `default`
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
    version: u32,
    #[serde(serialize_with = "time::serialize")]
    #[schema(value_type = String, format = DateTime)]
    created_at: UnixMillis,
    #[serde(serialize_with = "time::serialize")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: UnixMillis,
}

/// The tenant.
#[utoipa::path(
    get,
    path = "/api/v1/tenants/{tenant}",
    params(("tenant" = String, Path, description = "name of the tenant")),
    responses((status = 200, description = "the tenant", body = TenantView))
)]
pub(crate) async fn get_tenant(
    State(state): State<ApiState>,
    scope: Scope,
) -> Result<impl IntoResponse, ApiError> {
    let found = state.store.system().tenant(&scope.tenant).await?;
    let tenant = found.ok_or_else(ApiError::not_found)?;
    let view = TenantView {
        name: tenant.document.name.into(),
        title: tenant.document.title,
        plan: tenant.document.plan.map(Into::into),
        version: tenant.version,
        created_at: tenant.created_ms,
        updated_at: tenant.updated_ms,
    };
    Ok(([etag(tenant.version)], Json(view)))
}
