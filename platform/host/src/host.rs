//! The host: one engine, one pool, the connectors that were loaded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use tokio::sync::Semaphore;
use tributary_model::error_code::ErrorCode;
use tributary_model::manifest::Manifest;
use tributary_model::problem::Problem;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::cache::{Cache, publish};
use crate::compiler::{CompileError, CompileLimits, compile, compile_apart};
use crate::config::{HostConfig, HostError};
use crate::connector::Connector;
use crate::engine::{self, Ticker};
use crate::inspect::{check_size, inspect};
use crate::signed::{Presented, present};

/// Largest native code of one component.
const MAX_CODE_BYTES: u64 = 128 << 20;

/// See the crate's documentation. One per process and trust tier.
pub struct Host {
    config: HostConfig,
    engine: Engine,
    ticker: Arc<Ticker>,
    pool: Arc<Semaphore>,
    cache: Option<Arc<Cache>>,
    /// held from compiling to `loaded`: one at a time, so that their memory does not add up, and
    /// the same bytes only once
    compiling: Semaphore,
    /// by digest
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
            compiling: Semaphore::new(1),
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
    /// `connector_invalid` for bytes that are no connector of this contract,
    /// `connector_denied` for an import that the manifest does not list,
    /// `connector_limit` if it takes too long or
    /// too much memory to compile, `internal` if the compiler can't be started.
    pub async fn load(&self, component: &[u8]) -> Result<Arc<Connector>, Problem> {
        let digest = format!(
            "sha256:{}",
            HEXLOWER.encode(digest(&SHA256, component).as_ref())
        );
        if let Some(connector) = self.loaded(&digest) {
            return Ok(connector);
        }
        let manifest = self.inspect(component).await?;
        if let Some(compiled) = self.cached(&digest).await {
            return self.link(compiled, manifest, digest);
        }
        let _turn = self.compiling.acquire().await;
        if let Some(connector) = self.loaded(&digest) {
            return Ok(connector);
        }
        let name = manifest.name.as_str();
        let compiled = self.compile(component, &digest).await;
        let compiled = compiled.map_err(|error| error.problem(name))?;
        self.link(compiled, manifest, digest)
    }

    /// Apart from the threads on which calls run: looking at 32 MiB takes its time.
    async fn inspect(&self, component: &[u8]) -> Result<Manifest, Problem> {
        let most = self.config.max_component_bytes;
        check_size(component.len(), most)?;
        let component = component.to_vec();
        let work = tokio::task::spawn_blocking(move || Ok(inspect(&component)?.0));
        work.await.unwrap_or_else(|_| {
            let detail = "the component could not be looked at";
            Err(Problem::new(ErrorCode::ConnectorInvalid, detail))
        })
    }

    /// What a component says about itself, not yet believed. See [`present`].
    ///
    /// # Errors
    /// As [`present`].
    pub async fn present(&self, component: &[u8]) -> Result<Presented, Problem> {
        let most = self.config.max_component_bytes;
        check_size(component.len(), most)?;
        let component = component.to_vec();
        let work = tokio::task::spawn_blocking(move || present(&component, most));
        work.await.unwrap_or_else(|_| {
            let detail = "the component could not be looked at";
            Err(Problem::new(ErrorCode::ConnectorInvalid, detail))
        })
    }

    fn loaded(&self, digest: &str) -> Option<Arc<Connector>> {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.get(digest).map(Arc::clone)
    }

    async fn cached(&self, digest: &str) -> Option<Component> {
        let cache = self.cache.clone()?;
        let (engine, digest) = (self.engine.clone(), digest.to_owned());
        let read = tokio::task::spawn_blocking(move || cache.get(&engine, &digest));
        read.await.ok().flatten()
    }

    fn link(
        &self,
        compiled: Component,
        manifest: Manifest,
        digest: String,
    ) -> Result<Arc<Connector>, Problem> {
        let connector = Arc::new(Connector::link(
            compiled,
            manifest,
            digest.clone(),
            &self.engine,
            &self.config,
            Arc::clone(&self.pool),
            Arc::clone(&self.ticker),
        )?);
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(loaded.entry(digest).or_insert(connector)))
    }

    async fn compile(&self, component: &[u8], digest: &str) -> Result<Component, CompileError> {
        let limits = CompileLimits {
            time: self.config.compile_timeout,
            memory_bytes: self.config.compile_memory_bytes,
            code_bytes: MAX_CODE_BYTES,
        };
        let code = match &self.config.compiler {
            Some(compiler) => compile_apart(compiler, component, limits).await?,
            None => self.compile_here(component.to_vec(), limits.time).await?,
        };
        let (engine, cache) = (self.engine.clone(), self.cache.clone());
        let digest = digest.to_owned();
        let published = tokio::task::spawn_blocking(move || {
            let component = publish(&engine, &code)?;
            if let Some(cache) = &cache {
                cache.put(&engine, &digest, &code);
            }
            Ok::<_, wasmtime::Error>(component)
        });
        match published.await {
            Ok(Ok(component)) => Ok(component),
            Ok(Err(error)) => {
                let text = error.root_cause().to_string();
                // The pool has no room for such memories and tables. wasmtime has no type for that.
                if text.contains("exceeds the") {
                    return Err(CompileError::Room(text));
                }
                // From another build: the program was replaced under a running server.
                Err(CompileError::Broken(text))
            }
            Err(_) => Err(CompileError::Broken("its code does not load".to_owned())),
        }
    }

    /// For tests and embedding: nothing can stop it, so it may go on after the time limit.
    async fn compile_here(
        &self,
        component: Vec<u8>,
        limit: Duration,
    ) -> Result<Vec<u8>, CompileError> {
        let engine = self.engine.clone();
        let work = tokio::task::spawn_blocking(move || compile(&engine, &component));
        match tokio::time::timeout(limit, work).await {
            Ok(Ok(code)) => code,
            Ok(Err(_)) => Err(CompileError::Broken("it panicked".to_owned())),
            Err(_) => Err(CompileError::Time(limit)),
        }
    }
}
