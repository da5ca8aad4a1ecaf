//! What came to the platform by itself, as `host` wants to see it: files that are listed and read. The
//! ledger says what there is, the lake has the bytes.
//!
//! Invariants: a view sees one connection's files of one tenant, or one run's batches; what it gives
//! was sealed for that tenant; a file that goes while it is read is a `file_changed`, never a short one.

mod pushes;
mod uploads;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use tributary_host::{StoredFile, StoredFiles};
use tributary_lake::{Lake, LakeError};
use tributary_model::document::ConnectionDocument;
use tributary_model::error_code::ErrorCode;
use tributary_model::id::RunId;
use tributary_model::manifest::EndpointKind;
use tributary_model::pieces::Pieces;
use tributary_model::problem::Problem;
use tributary_store::TenantStore;
use tributary_vault::TenantVault;

use crate::objects::lake_problem;
use crate::services::Services;
use pushes::PushedBatches;
use uploads::UploadedFiles;

/// One tenant's part of ledger and lake.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) store: TenantStore,
    pub(crate) lake: Lake,
    pub(crate) vault: TenantVault,
}

/// What is behind the document's endpoint, if it came in. Outside of a run nothing that was pushed can
/// be seen, because a batch belongs to a run.
pub(crate) fn stored(
    services: &Services,
    document: &ConnectionDocument,
    vault: &TenantVault,
    run: Option<&RunId>,
) -> Option<Arc<dyn StoredFiles>> {
    let place = Place {
        store: services.store.tenant(vault.tenant()),
        lake: services.lake.clone(),
        vault: vault.clone(),
    };
    match document.endpoint.kind() {
        EndpointKind::Uploads => Some(Arc::new(UploadedFiles {
            place,
            connection: document.name.clone(),
        })),
        EndpointKind::Push => Some(Arc::new(PushedBatches {
            place,
            run: run.cloned(),
        })),
        EndpointKind::Http
        | EndpointKind::Sftp
        | EndpointKind::S3
        | EndpointKind::Sql
        | EndpointKind::Tcp => None,
    }
}

impl Place {
    /// The bytes of `pieces` from `offset` on, one piece ahead of who reads them.
    fn read(&self, path: &str, pieces: Pieces, offset: u64) -> StoredFile {
        let size = pieces.bytes;
        let (first, within) = pieces.place(offset);
        let last = if offset < size { pieces.count } else { first };
        let pieces = Arc::new(pieces);
        let (place, path) = (self.clone(), path.to_owned());
        let bytes = futures_util::stream::iter(first..last)
            .map(move |no| {
                let (place, pieces, path) = (place.clone(), Arc::clone(&pieces), path.clone());
                async move {
                    let bytes = place.piece(&path, &pieces, no).await?;
                    let skip = if no == first { within } else { 0 };
                    Ok(bytes.slice(skip.min(bytes.len())..))
                }
            })
            .buffered(2)
            .boxed();
        StoredFile { size, bytes }
    }

    async fn piece(&self, path: &str, pieces: &Pieces, no: u32) -> Result<Bytes, Problem> {
        match self.lake.piece(&self.vault, pieces, no).await {
            Ok(bytes) => Ok(bytes),
            // the ledger stopped naming it before it was removed
            Err(LakeError::Missing(_)) => Err(gone(path)),
            Err(error) => Err(lake_problem(&error)),
        }
    }
}

fn gone(path: &str) -> Problem {
    let detail = format!("{path}: the file was deleted or sent again while it was read");
    Problem::new(ErrorCode::FileChanged, detail)
}

fn missing(path: &str) -> Problem {
    let detail = format!("there is no file {path:?} among what was sent");
    Problem::new(ErrorCode::SourceNotFound, detail)
}
