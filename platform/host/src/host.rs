//! The host: one engine, one pool, the connectors that were loaded.

use std::collections::HashMap;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use tokio::sync::{Mutex, Semaphore};
use tributary_model::error_code::ErrorCode;
use tributary_model::manifest::Manifest;
use tributary_model::problem::Problem;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::cache::Cache;
use crate::config::{HostConfig, HostError};
use crate::connector::Connector;
use crate::engine::{self, Ticker};
use crate::inspect::inspect;

/// See the crate's documentation. One per process and trust tier.
pub struct Host {
    config: HostConfig,
    engine: Engine,
    ticker: Arc<Ticker>,
    pool: Arc<Semaphore>,
    cache: Option<Arc<Cache>>,
    /// by digest; the lock is held while compiling, so that the same bytes compile once
    loaded: Mutex<HashMap<String, Arc<Connector>>>,
}

impl Host {
    /// Starts the engine and reserves the pool's address space.
    ///
    /// # Errors
    /// [`HostError`] if the engine refuses or the cache folder can't be used.
    pub fn new(config: HostConfig) -> Result<Self, HostError> {
        let instances = config.pool_instances.max(1);
        let engine = engine::engine(instances)?;
        let ticker = Arc::new(Ticker::start(&engine)?);
        let cache = match &config.cache_dir {
            Some(folder) => Some(Arc::new(Cache::open(folder, config.cache_mac_key)?)),
            None => None,
        };
        Ok(Self {
            engine,
            ticker,
            pool: Arc::new(Semaphore::new(instances as usize)),
            cache,
            loaded: Mutex::new(HashMap::new()),
            config,
        })
    }

    /// What the operator granted beyond public addresses.
    #[must_use]
    pub fn egress(&self) -> &crate::EgressPolicy {
        &self.config.egress
    }

    /// Makes a connector of a component's bytes. The same bytes give the same connector.
    ///
    /// # Errors
    /// [`ErrorCode::ConnectorInvalid`] for bytes that are no connector of this contract,
    /// [`ErrorCode::ConnectorDenied`] for an import that the manifest does not list,
    /// [`ErrorCode::ConnectorLimit`] if it takes too long to compile.
    pub async fn load(&self, component: &[u8]) -> Result<Arc<Connector>, Problem> {
        let manifest = inspect(component, self.config.max_component_bytes)?;
        let digest = format!(
            "sha256:{}",
            HEXLOWER.encode(digest(&SHA256, component).as_ref())
        );
        let mut loaded = self.loaded.lock().await;
        if let Some(connector) = loaded.get(&digest) {
            return Ok(Arc::clone(connector));
        }
        let compiled = self.compile(component, &digest, &manifest).await?;
        let connector = Arc::new(Connector::link(
            compiled,
            manifest,
            digest.clone(),
            &self.engine,
            &self.config,
            Arc::clone(&self.pool),
            Arc::clone(&self.ticker),
        )?);
        loaded.insert(digest, Arc::clone(&connector));
        Ok(connector)
    }

    async fn compile(
        &self,
        component: &[u8],
        digest: &str,
        manifest: &Manifest,
    ) -> Result<Component, Problem> {
        let (engine, cache) = (self.engine.clone(), self.cache.clone());
        let (bytes, digest) = (component.to_vec(), digest.to_owned());
        let work = tokio::task::spawn_blocking(move || {
            if let Some(cache) = &cache
                && let Some(component) = cache.get(&engine, &digest)
            {
                return Ok(component);
            }
            let component = Component::new(&engine, &bytes)?;
            if let Some(cache) = &cache {
                cache.put(&engine, &digest, &component);
            }
            Ok::<_, wasmtime::Error>(component)
        });
        let name = manifest.name.as_str();
        match tokio::time::timeout(self.config.compile_timeout, work).await {
            Ok(Ok(Ok(component))) => Ok(component),
            Ok(Ok(Err(error))) => Err(Problem::new(
                ErrorCode::ConnectorInvalid,
                format!(
                    "the connector {name} does not compile: {}",
                    error.root_cause()
                ),
            )),
            Ok(Err(_)) => Err(Problem::new(
                ErrorCode::ConnectorInvalid,
                format!("the connector {name} broke the compiler"),
            )),
            Err(_) => Err(Problem::new(
                ErrorCode::ConnectorLimit,
                format!(
                    "the connector {name} takes longer than {} s to compile",
                    self.config.compile_timeout.as_secs()
                ),
            )),
        }
    }
}
