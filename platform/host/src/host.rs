//! The host: one engine, one pool, the connectors that were loaded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OnceCell, Semaphore};
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
use crate::functions::Functions;
use crate::inspect::{check_size, inspect};
use crate::runner::{Isolation, Runners};
use crate::signed::{Presented, present, sha256};

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
    /// by digest, and where their code runs
    loaded: Mutex<HashMap<(String, Isolation), Arc<Connector>>>,
    runners: Option<Arc<Runners>>,
    /// what mapping functions run on, made when the first comes
    unpooled: OnceCell<(Engine, Arc<Ticker>)>,
    /// by digest
    functions: Mutex<HashMap<String, Functions>>,
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
            runners: config
                .runner
                .clone()
                .map(|runner| Runners::new(runner, instances)),
            unpooled: OnceCell::new(),
            functions: Mutex::new(HashMap::new()),
            config,
        })
    }

    /// What the operator granted beyond public addresses.
    #[must_use]
    pub fn egress(&self) -> &crate::EgressPolicy {
        &self.config.egress
    }

    /// Makes a connector of a component's bytes, whose code runs in this process. The same bytes give the
    /// same connector.
    ///
    /// # Errors
    /// `connector_invalid` for bytes that are no connector of this contract,
    /// `connector_denied` for an import that the manifest does not list,
    /// `connector_limit` if it takes too long or
    /// too much memory to compile, `internal` if the compiler can't be started.
    pub async fn load(&self, component: &[u8]) -> Result<Arc<Connector>, Problem> {
        self.load_in(component, Isolation::Process).await
    }

    /// The same, with the place where its code runs.
    ///
    /// # Errors
    /// As [`Self::load`]; `connector_denied` if this host has no runners and one is needed.
    pub async fn load_in(
        &self,
        component: &[u8],
        isolation: Isolation,
    ) -> Result<Arc<Connector>, Problem> {
        let isolation = self.placed(isolation);
        if isolation == Isolation::Runner && self.runners.is_none() {
            let detail =
                "the connector may only run in a process of its own, and this host has none";
            return Err(Problem::new(ErrorCode::ConnectorDenied, detail)
                .hint("have its publisher reviewed, or run it with tributary serve"));
        }
        let key = (sha256(component), isolation);
        if let Some(connector) = self.loaded(&key) {
            return Ok(connector);
        }
        let manifest = self.inspect(component).await?;
        if manifest.is_functions() {
            let detail = format!(
                "{} holds functions for mappings and is no connector",
                manifest.name
            );
            return Err(Problem::new(ErrorCode::ConnectorInvalid, detail)
                .hint("name it in a mapping's `external`"));
        }
        if let Some(compiled) = self.cached(&self.engine, &key.0).await {
            return self.link(compiled, manifest, key);
        }
        let _turn = self.compiling.acquire().await;
        if let Some(connector) = self.loaded(&key) {
            return Ok(connector);
        }
        let name = manifest.name.as_str();
        let compiled = self.compile(&self.engine, component, &key.0).await;
        let compiled = compiled.map_err(|error| error.problem(name))?;
        self.link(compiled, manifest, key)
    }

    /// Where code runs that may run there: the operator can have everything run apart.
    #[must_use]
    pub fn placed(&self, isolation: Isolation) -> Isolation {
        match self.config.all_apart {
            true => Isolation::Runner,
            false => isolation,
        }
    }

    /// Apart from the threads on which calls run: looking at 32 MiB takes its time.
    async fn inspect(&self, component: &[u8]) -> Result<Manifest, Problem> {
        let most = self.config.max_component_bytes;
        check_size(component.len(), most)?;
        let component = component.to_vec();
        let work = tokio::task::spawn_blocking(move || Ok(inspect(&component)?.manifest));
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

    /// Makes functions for mappings of a component's bytes. The same bytes give the same functions.
    ///
    /// # Errors
    /// As [`Self::load`]; `connector_invalid` for a connector, `connector_denied` for any import.
    pub async fn functions(&self, component: &[u8]) -> Result<Functions, Problem> {
        let manifest = self.inspect(component).await?;
        let name = manifest.name.as_str().to_owned();
        if !manifest.is_functions() {
            let detail = format!("{name} is a connector and holds no functions for mappings");
            return Err(Problem::new(ErrorCode::ConnectorInvalid, detail));
        }
        let digest = sha256(component);
        let known = |host: &Self| {
            let all = host
                .functions
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            all.get(&digest).cloned()
        };
        if let Some(functions) = known(self) {
            return Ok(functions);
        }
        let (engine, ticker) = self.unpooled.get_or_try_init(unpooled).await?;
        let compiled = match self.cached(engine, &digest).await {
            Some(compiled) => compiled,
            None => {
                let _turn = self.compiling.acquire().await;
                if let Some(functions) = known(self) {
                    return Ok(functions);
                }
                let compiled = self.compile(engine, component, &digest).await;
                compiled.map_err(|error| error.problem(&name))?
            }
        };
        let linked = Functions::link(
            &compiled,
            manifest,
            digest.clone(),
            engine,
            Arc::clone(ticker),
        )?;
        let mut all = self
            .functions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Ok(all.entry(digest.clone()).or_insert(linked).clone())
    }

    /// Loads a component of either kind, for who installs it; gives its manifest.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub async fn install(&self, component: &[u8]) -> Result<Manifest, Problem> {
        if self.inspect(component).await?.is_functions() {
            return Ok(self.functions(component).await?.manifest().clone());
        }
        Ok(self.load(component).await?.manifest().clone())
    }

    fn loaded(&self, key: &(String, Isolation)) -> Option<Arc<Connector>> {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.get(key).map(Arc::clone)
    }

    async fn cached(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let cache = self.cache.clone()?;
        let (engine, digest) = (engine.clone(), digest.to_owned());
        let read = tokio::task::spawn_blocking(move || cache.get(&engine, &digest));
        read.await.ok().flatten()
    }

    fn link(
        &self,
        compiled: Component,
        manifest: Manifest,
        key: (String, Isolation),
    ) -> Result<Arc<Connector>, Problem> {
        let runners = match key.1 {
            Isolation::Process => None,
            Isolation::Runner => self.runners.clone(),
        };
        let connector = Connector::link(
            compiled,
            manifest,
            key.0.clone(),
            &self.engine,
            &self.config,
            Arc::clone(&self.pool),
            Arc::clone(&self.ticker),
        )?;
        let connector = Arc::new(connector.apart(runners));
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(loaded.entry(key).or_insert(connector)))
    }

    async fn compile(
        &self,
        engine: &Engine,
        component: &[u8],
        digest: &str,
    ) -> Result<Component, CompileError> {
        let limits = CompileLimits {
            time: self.config.compile_timeout,
            memory_bytes: self.config.compile_memory_bytes,
            code_bytes: MAX_CODE_BYTES,
        };
        let code = match &self.config.compiler {
            Some(compiler) => compile_apart(compiler, component, limits).await?,
            None => self.compile_here(component.to_vec(), limits.time).await?,
        };
        let (engine, cache) = (engine.clone(), self.cache.clone());
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

async fn unpooled() -> Result<(Engine, Arc<Ticker>), Problem> {
    let started = engine::unpooled().and_then(|engine| {
        let ticker = Ticker::start(&engine)?;
        Ok((engine, Arc::new(ticker)))
    });
    started.map_err(|error| {
        tracing::error!(%error, "mapping functions cannot be run");
        Problem::new(ErrorCode::Internal, "mapping functions cannot be run")
    })
}
