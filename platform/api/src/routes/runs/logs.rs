//! What the connectors logged during a run, from the log objects in the lake, one in memory at a time.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use tributary_lake::Lake;
use tributary_model::id::TenantId;
use tributary_vault::TenantVault;

use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::download::{Pieces, download, slot};
use crate::request::format::Format;
use crate::request::parts::Names;
use crate::state::ApiState;
use crate::wire::run::RunPath;

/// Downloads the run's log. Of a run that is under way, what is there by now.
#[utoipa::path(
    get,
    path = "/api/v1/tenants/{tenant}/runs/{run}/logs",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("run" = String, Path, description = "id of the run")
    ),
    responses((status = 200, description = "one JSON object a line: at_ms (Unix time), level, \
     connector, message, and metric in lines of the level metric; at most 8 KiB a line and 1 MiB a run",
     content_type = "application/x-ndjson", body = String))
)]
pub(crate) async fn download_logs(
    State(state): State<ApiState>,
    scope: Scope,
    Names(path): Names<RunPath>,
) -> Result<Response, ApiError> {
    let run = scope.store.run(&path.run).await?;
    let run = run.ok_or_else(ApiError::not_found)?;
    let objects = scope.store.run_log(&run.id).await?;
    let objects: Vec<String> = objects.into_iter().map(|(object, _)| object).collect();
    let slot = slot(&state, &scope.tenant)?;
    let pieces = LogPieces {
        vault: scope.vault(&state)?,
        lake: state.lake.clone(),
        tenant: scope.tenant,
        objects: objects.into_iter(),
    };
    let name = format!("{}-logs", run.id);
    Ok(download(pieces, slot, &name, Format::Ndjson))
}

struct LogPieces {
    lake: Lake,
    vault: TenantVault,
    tenant: TenantId,
    objects: std::vec::IntoIter<String>,
}

impl Pieces for LogPieces {
    async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        let Some(object) = self.objects.next() else {
            return Ok(None);
        };
        Ok(Some(
            self.lake.get(&self.vault, &object, &self.tenant).await?,
        ))
    }
}
