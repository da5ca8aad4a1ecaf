//! The files that customers sent for one connection. A file's path is its name; there are no folders.

use async_trait::async_trait;
use tributary_host::{FileEntry, StoredFile, StoredFiles};
use tributary_model::error_code::ErrorCode;
use tributary_model::id::Slug;
use tributary_model::problem::Problem;
use tributary_model::state::UploadState;
use tributary_store::{Upload, UploadChange, UploadFilter};

use super::{Place, gone, missing};
use crate::services::store_problem;

/// Rows of the ledger at a time.
const PAGE: u32 = 1_000;
/// Files in one listing, as for a folder of a server.
const MOST_FILES: usize = 100_000;

pub(super) struct UploadedFiles {
    pub(super) place: Place,
    pub(super) connection: Slug,
}

impl UploadedFiles {
    /// The newest version of a name, if it can be read.
    async fn ready(&self, path: &str) -> Result<Upload, Problem> {
        let found = self.place.store.upload(&self.connection, path).await;
        found
            .map_err(|error| store_problem(&error))?
            .filter(|upload| upload.state == UploadState::Ready)
            .ok_or_else(|| missing(path))
    }

    /// The id that a change is meant for: the version's, or that of what is there.
    async fn meant(&self, path: &str, version: Option<&str>) -> Result<String, Problem> {
        match version {
            Some(version) => Ok(version.to_owned()),
            None => Ok(self.ready(path).await?.id),
        }
    }
}

#[async_trait]
impl StoredFiles for UploadedFiles {
    async fn list(&self) -> Result<Vec<FileEntry>, Problem> {
        let mut entries: Vec<FileEntry> = Vec::new();
        loop {
            let filter = UploadFilter {
                state: Some(UploadState::Ready),
                after: entries.last().map(|entry| entry.path.clone()),
                limit: PAGE,
            };
            let page = self.place.store.uploads(&self.connection, &filter).await;
            let page = page.map_err(|error| store_problem(&error))?;
            let full = page.len() >= PAGE as usize;
            entries.extend(page.iter().map(entry));
            if !full {
                return Ok(entries);
            }
            if entries.len() > MOST_FILES {
                let detail = format!("more than {MOST_FILES} files wait to be read");
                return Err(Problem::new(ErrorCode::SourceProtocol, detail)
                    .hint("archive or delete files that were read (setting \"after\")"));
            }
        }
    }

    async fn stat(&self, path: &str) -> Result<FileEntry, Problem> {
        Ok(entry(&self.ready(path).await?))
    }

    async fn open(
        &self,
        path: &str,
        offset: u64,
        version: Option<&str>,
    ) -> Result<StoredFile, Problem> {
        let upload = self.ready(path).await?;
        if version.is_some_and(|version| version != upload.id) {
            return Err(gone(path));
        }
        Ok(self.place.read(path, upload.pieces, offset))
    }

    async fn archive(&self, path: &str, version: Option<&str>) -> Result<(), Problem> {
        let id = self.meant(path, version).await?;
        let store = &self.place.store;
        let change = store.upload_archive(&self.connection, path, &id).await;
        changed(path, change.map_err(|error| store_problem(&error))?)
    }

    async fn remove(&self, path: &str, version: Option<&str>) -> Result<(), Problem> {
        let id = self.meant(path, version).await?;
        let (store, connection) = (&self.place.store, &self.connection);
        let deleted = store.upload_delete(connection, path, Some(&id)).await;
        let (change, pieces) = deleted.map_err(|error| store_problem(&error))?;
        for pieces in pieces {
            let (lake, vault) = (&self.place.lake, &self.place.vault);
            if let Err(error) = lake.remove_pieces(vault, &pieces).await {
                // nothing names them any more: garbage, and no harm to the run
                tracing::warn!(%error, "pieces of a deleted file were not removed");
            }
        }
        changed(path, change)
    }
}

fn changed(path: &str, change: UploadChange) -> Result<(), Problem> {
    match change {
        UploadChange::Done => Ok(()),
        UploadChange::Missing => Err(missing(path)),
        UploadChange::Other => Err(gone(path)),
    }
}

fn entry(upload: &Upload) -> FileEntry {
    FileEntry {
        path: upload.name.clone(),
        size: upload.pieces.bytes,
        modified_ms: u64::try_from(upload.created_ms).unwrap_or(0),
        version: Some(upload.id.clone()),
    }
}
