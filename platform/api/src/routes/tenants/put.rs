//! Makes a tenant, with a key of its own, or changes its document.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use tributary_model::document::TenantDocument;
use tributary_model::error_code::ErrorCode;
use tributary_model::id::TenantId;

use crate::problem::ApiError;
use crate::request::json::Document;
use crate::request::parts::Names;
use crate::state::ApiState;
use crate::wire::document::{Save, SaveQuery, Saved, check_name, saved};

/// The path.
#[derive(Deserialize)]
pub(crate) struct TenantPath {
    tenant: TenantId,
}

/// Makes the tenant or changes its document.
#[utoipa::path(
    put,
    path = "/api/v1/tenants/{tenant}",
    params(("tenant" = String, Path, description = "name of the tenant"), SaveQuery),
    request_body(content = Object, description = "tenant.json: name, title, plan"),
    responses(
        (status = 200, description = "changed, or as it was", body = Saved),
        (status = 201, description = "made", body = Saved)
    )
)]
pub(crate) async fn put_tenant(
    State(state): State<ApiState>,
    Names(path): Names<TenantPath>,
    Save(options): Save,
    Document(document): Document<TenantDocument>,
) -> Result<Response, ApiError> {
    check_name(&path.tenant, &document.name)?;
    check_plan(&state, &document)?;
    // stored only if the tenant is new
    let key = state.vault.new_tenant_key(&path.tenant)?;
    let system = state.store.system();
    let put = system.tenant_put(&document, &key, options).await?;
    saved(&path.tenant, put)
}

fn check_plan(state: &ApiState, document: &TenantDocument) -> Result<(), ApiError> {
    let Some(plan) = document
        .plan
        .as_ref()
        .filter(|plan| !state.plans.knows(plan))
    else {
        return Ok(());
    };
    let names: Vec<&str> = state.plans.names().collect();
    let detail = format!("there is no plan {:?}", plan.as_str());
    let hint = format!("the server's configuration has: {}", names.join(", "));
    Err(ApiError::new(ErrorCode::ReferenceMissing, detail)
        .hint(&hint)
        .at("/plan"))
}
