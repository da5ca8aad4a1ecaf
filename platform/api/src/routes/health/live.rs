//! Alive means that it answers. The database is not asked on purpose: its outage must not
//! restart every process at once.

use axum::Json;

use super::Health;

/// Whether the process answers.
#[utoipa::path(
    get,
    path = "/api/v1/health/live",
    responses((status = 200, description = "it does", body = Health))
)]
pub(crate) async fn get_live() -> Json<Health> {
    Json(Health { status: "ok" })
}
