//! The connectors' component bytes, by digest, in a folder; loaded into the host once.
//!
//! Invariant: a file's name is the blake3 digest of its bytes and is compared at every load, so
//! an altered file is refused, never run.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use tributary_host::Connector;
use tributary_model::error_code::ErrorCode;
use tributary_model::external::FunctionComponent;
use tributary_model::id::Slug;
use tributary_model::problem::Problem;

use crate::services::{Services, store_problem};

/// A folder of components.
#[derive(Debug, Clone)]
pub struct Components {
    folder: PathBuf,
}

impl Components {
    /// In `folder`, which is made when the first component comes.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Keeps `bytes`; gives their digest.
    ///
    /// # Errors
    /// `storage_failed`.
    pub async fn keep(&self, bytes: Bytes) -> Result<String, Problem> {
        let digest = blake3::hash(&bytes).to_hex().to_string();
        let path = self.path(&digest);
        let fresh = path.with_extension("new");
        let written = async {
            tokio::fs::create_dir_all(&self.folder).await?;
            tokio::fs::write(&fresh, &bytes).await?;
            tokio::fs::File::open(&fresh).await?.sync_all().await?;
            tokio::fs::rename(&fresh, &path).await
        };
        written.await.map_err(|error| {
            let detail = format!("the component could not be stored: {error}");
            Problem::new(ErrorCode::StorageFailed, detail)
        })?;
        Ok(digest)
    }

    /// The component with `digest`, loaded.
    ///
    /// # Errors
    /// `reference_missing` if it is not there, `connector_invalid` if its bytes were altered.
    pub async fn load(&self, services: &Services, digest: &str) -> Result<Arc<Connector>, Problem> {
        services.host.load(&self.bytes(digest).await?).await
    }

    /// The component with `digest`, which holds functions for mappings, loaded.
    ///
    /// # Errors
    /// As [`Components::load`].
    pub(crate) async fn functions(
        &self,
        services: &Services,
        digest: &str,
    ) -> Result<FunctionComponent, Problem> {
        let functions = services.host.functions(&self.bytes(digest).await?).await?;
        Ok(functions.component())
    }

    async fn bytes(&self, digest: &str) -> Result<Vec<u8>, Problem> {
        let bytes = tokio::fs::read(self.path(digest)).await.map_err(|error| {
            let detail = format!("the component {digest} cannot be read: {error}");
            Problem::new(ErrorCode::ReferenceMissing, detail)
        })?;
        if blake3::hash(&bytes).to_hex().as_str() != digest {
            let detail = format!("the stored component {digest} was altered");
            return Err(Problem::new(ErrorCode::ConnectorInvalid, detail));
        }
        Ok(bytes)
    }

    /// The newest version of the named connector, loaded.
    ///
    /// # Errors
    /// As [`Components::load`].
    pub async fn by_name(
        &self,
        services: &Services,
        name: &Slug,
    ) -> Result<Arc<Connector>, Problem> {
        let row = services
            .store
            .system()
            .connector(name, None)
            .await
            .map_err(|error| store_problem(&error))?
            .ok_or_else(|| {
                let detail = format!("there is no connector {name}");
                Problem::new(ErrorCode::ReferenceMissing, detail)
            })?;
        self.load(services, &row.digest).await
    }

    fn path(&self, digest: &str) -> PathBuf {
        self.folder.join(format!("{digest}.wasm"))
    }
}
