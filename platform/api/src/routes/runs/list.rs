//! Runs of the tenant, page by page.

use axum::Json;
use serde::Deserialize;
use tributary_model::id::{RunId, Slug};
use tributary_model::state::RunState;
use tributary_store::RunFilter;
use utoipa::IntoParams;

use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::page;
use crate::request::parts::Query;
use crate::wire::run::{RunPage, summary};

/// Which runs.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunsQuery {
    /// only of this integration
    #[param(value_type = Option<String>)]
    integration: Option<Slug>,
    /// only in this state
    #[param(value_type = Option<String>)]
    state: Option<RunState>,
    /// 1 to 1000, 100 if absent
    limit: Option<u32>,
    /// `next` of the page before
    after: Option<String>,
}

/// Runs, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/tenants/{tenant}/runs",
    params(("tenant" = String, Path, description = "name of the tenant"), RunsQuery),
    responses((status = 200, description = "a page of runs", body = RunPage))
)]
pub(crate) async fn list_runs(
    scope: Scope,
    Query(query): Query<RunsQuery>,
) -> Result<Json<RunPage>, ApiError> {
    let limit = page::limit(query.limit)?;
    let before = query.after.as_deref().map(page::decode::<RunId>);
    let filter = RunFilter {
        integration: query.integration,
        state: query.state,
        before: before.transpose()?,
        // one more, for `page::cut`
        limit: limit + 1,
    };
    let mut runs = scope.store.runs(&filter).await?;
    let next = page::cut(&mut runs, limit, |run| run.id.clone());
    let ids: Vec<RunId> = runs.iter().map(|run| run.id.clone()).collect();
    let mut counters = scope.store.counters_of(&ids).await?;
    let items = runs.into_iter().map(|run| {
        let counters = counters.remove(&run.id).unwrap_or_default();
        summary(run, counters)
    });
    Ok(Json(RunPage {
        items: items.collect(),
        next,
    }))
}
