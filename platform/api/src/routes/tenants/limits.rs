//! What a tenant may use, and what it uses of it.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Scope;
use crate::problem::ApiError;

const MIB: u64 = 1 << 20;

/// A plan with its maxima.
#[derive(Serialize, ToSchema)]
pub(crate) struct LimitsView {
    plan: String,
    limits: Vec<LimitView>,
}

/// One of the maxima.
#[derive(Serialize, ToSchema)]
pub(crate) struct LimitView {
    /// as refusals call it; its end is the unit
    name: &'static str,
    about: &'static str,
    /// `null`: no other than the platform's own; a connector may ask for less
    most: Option<u32>,
    /// of what is counted, in the same unit, rounded up
    used: Option<u64>,
}

/// The tenant's plan, its maxima, and what is used.
#[utoipa::path(
    get,
    path = "/api/v1/tenants/{tenant}/limits",
    params(("tenant" = String, Path, description = "name of the tenant")),
    responses((status = 200, description = "plan and limits", body = LimitsView))
)]
pub(crate) async fn get_limits(scope: Scope) -> Result<Json<LimitsView>, ApiError> {
    let kept = scope.store.kept().await?;
    let open_runs = scope.store.open_runs().await?;
    let limits = scope.plan.maxima.all().into_iter().map(|one| LimitView {
        name: one.name,
        about: one.about,
        most: one.value,
        used: match one.name {
            "open_runs" => Some(open_runs),
            "stored_mib" => Some(kept.bytes.div_ceil(MIB)),
            "stored_files" => Some(kept.files),
            _ => None,
        },
    });
    Ok(Json(LimitsView {
        limits: limits.collect(),
        plan: scope.plan.name.clone(),
    }))
}
