//! Lists the streams of a connection, with schemas and what samples show. `host` does it, passed in by
//! `cli`.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::with_secrets;
use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::parts::{Names, Query};
use crate::state::{ApiState, DiscoveredStream, Wanted};
use crate::wire::document::NamePath;

/// Most rows of a sample.
const MOST_ROWS: usize = 10_000;
/// Rows of a sample if the request does not say.
const USUAL_ROWS: usize = 200;

/// What to discover.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DiscoverQuery {
    /// this stream only
    #[serde(default)]
    stream: Option<String>,
    /// rows of each stream that are looked at; 200 if absent, at most 10,000, 0 for none
    #[serde(default)]
    rows: Option<usize>,
}

/// The streams.
#[derive(Serialize, ToSchema)]
pub(crate) struct DiscoverAnswer {
    streams: Vec<DiscoveredStream>,
}

/// Asks the connection for its streams and takes samples of their rows: of the stream that is named, or
/// of the first five. Files are not moved or removed by it, and what was read is not kept.
#[utoipa::path(
    post,
    path = "/api/v1/tenants/{tenant}/connections/{name}/discover",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("name" = String, Path, description = "name of the connection"),
        DiscoverQuery
    ),
    responses((status = 200, description = "the streams", body = DiscoverAnswer))
)]
pub(crate) async fn discover_connection(
    State(state): State<ApiState>,
    scope: Scope,
    Names(path): Names<NamePath>,
    Query(query): Query<DiscoverQuery>,
) -> Result<Json<DiscoverAnswer>, ApiError> {
    let rows = query.rows.unwrap_or(USUAL_ROWS);
    if rows > MOST_ROWS {
        return Err(ApiError::request(format!(
            "rows is {rows}; at most {MOST_ROWS} are looked at"
        )));
    }
    let document = with_secrets(&state, &scope, &path.name).await?;
    let wanted = Wanted {
        stream: query.stream,
        rows,
    };
    let streams = (state.connectors.discover)(scope.tenant, document, wanted).await?;
    Ok(Json(DiscoverAnswer { streams }))
}
