//! The connectors' component bytes, by digest, in a folder; loaded into the host once.
//!
//! Invariant: a file's name is the blake3 digest of its bytes and is compared at every load, so
//! an altered file is refused, never run.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tributary_host::{Connector, Isolation, Presented};
use tributary_model::error_code::ErrorCode;
use tributary_model::external::FunctionComponent;
use tributary_model::id::{Slug, TenantId};
use tributary_model::problem::Problem;

use crate::services::{Services, store_problem};
use crate::trust;

/// Components whose words about themselves are remembered.
const MOST_REMEMBERED: usize = 1_000;

/// A folder of components.
#[derive(Debug, Clone)]
pub struct Components {
    folder: PathBuf,
    /// what a component says about itself, by the digest of its bytes
    presented: Arc<Mutex<HashMap<String, Arc<Presented>>>>,
}

impl Components {
    /// In `folder`, which is made when the first component comes.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            presented: Arc::default(),
        }
    }

    /// Keeps `bytes`; gives their digest.
    ///
    /// # Errors
    /// `storage_failed`.
    pub async fn keep(&self, bytes: Bytes) -> Result<String, Problem> {
        let digest = blake3::hash(&bytes).to_hex().to_string();
        let path = self.path(&digest);
        let folder = self.folder.clone();
        let kept = tokio::task::spawn_blocking(move || keep_file(&folder, &path, &bytes)).await;
        let kept = kept.map_err(std::io::Error::other).flatten();
        kept.map_err(|error| {
            let detail = format!("the component could not be stored: {error}");
            Problem::new(ErrorCode::StorageFailed, detail)
        })?;
        Ok(digest)
    }

    /// The component with `digest`, loaded for `tenant`.
    ///
    /// # Errors
    /// `reference_missing` if it is not there, `connector_invalid` if its bytes were altered,
    /// `connector_untrusted` if its signature or its publisher is not (or no more) trusted.
    pub async fn load(
        &self,
        services: &Services,
        tenant: &TenantId,
        digest: &str,
    ) -> Result<Arc<Connector>, Problem> {
        let (bytes, isolation) = self.trusted(services, tenant, digest).await?;
        services.host.load_in(&bytes, isolation).await
    }

    /// The component with `digest`, which holds functions for mappings, loaded for `tenant`.
    ///
    /// # Errors
    /// As [`Components::load`]; `connector_untrusted` also if nobody vouches for its publisher.
    pub(crate) async fn functions(
        &self,
        services: &Services,
        tenant: &TenantId,
        digest: &str,
    ) -> Result<FunctionComponent, Problem> {
        let (bytes, isolation) = self.trusted(services, tenant, digest).await?;
        if isolation == Isolation::Runner {
            let detail = format!(
                "the component {digest} holds functions for mappings, which run in the platform's own process, and nobody vouches for its publisher"
            );
            let problem = Problem::new(ErrorCode::ConnectorUntrusted, detail);
            return Err(problem.hint("ask the operator to review its publisher"));
        }
        let functions = services.host.functions(&bytes).await?;
        Ok(functions.component())
    }

    /// The bytes with `digest`, whose origin `tenant` trusts, and where their code may run.
    async fn trusted(
        &self,
        services: &Services,
        tenant: &TenantId,
        digest: &str,
    ) -> Result<(Vec<u8>, Isolation), Problem> {
        let bytes = self.read(digest).await?;
        let presented = self.present(services, digest, &bytes).await?;
        let trusted = trust::current(services).await?;
        let origin = trust::verify_origin(&presented, &trusted, Some(tenant))?;
        Ok((bytes, trust::place(&origin, &trusted, Some(tenant))))
    }

    /// The pinned bytes, or the version of the named connector installed last, loaded.
    ///
    /// # Errors
    /// As [`Components::load`].
    pub async fn by_name(
        &self,
        services: &Services,
        tenant: &TenantId,
        name: &Slug,
        pinned: Option<&str>,
    ) -> Result<Arc<Connector>, Problem> {
        if let Some(digest) = pinned {
            return self.load(services, tenant, digest).await;
        }
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
        self.load(services, tenant, &row.digest).await
    }

    /// What the component with `digest` says about itself.
    pub(crate) async fn presented(
        &self,
        services: &Services,
        digest: &str,
    ) -> Result<Arc<Presented>, Problem> {
        let known = self.remembered().get(digest).map(Arc::clone);
        if let Some(known) = known {
            return Ok(known);
        }
        let bytes = self.read(digest).await?;
        self.present(services, digest, &bytes).await
    }

    async fn present(
        &self,
        services: &Services,
        digest: &str,
        bytes: &[u8],
    ) -> Result<Arc<Presented>, Problem> {
        let known = self.remembered().get(digest).map(Arc::clone);
        if let Some(known) = known {
            return Ok(known);
        }
        let presented = Arc::new(services.host.present(bytes).await?);
        let mut remembered = self.remembered();
        if remembered.len() >= MOST_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(digest.to_owned(), Arc::clone(&presented));
        Ok(presented)
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Presented>>> {
        self.presented
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The bytes, which are those of the digest.
    async fn read(&self, digest: &str) -> Result<Vec<u8>, Problem> {
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

    fn path(&self, digest: &str) -> PathBuf {
        self.folder.join(format!("{digest}.wasm"))
    }
}

/// Name and bytes are durable when it is done; two requests may bring the same bytes.
fn keep_file(folder: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    draft.write_all(bytes)?;
    draft.as_file().sync_all()?;
    draft.persist(path)?;
    std::fs::File::open(folder)?.sync_all()
}
