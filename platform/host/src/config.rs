//! What an operator can set.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tributary_model::clock::{Clock, SystemClock};

use crate::compiler::Compiler;
use crate::egress::EgressPolicy;
use crate::runner::Runner;

/// Settings of a [`crate::Host`].
#[derive(Clone)]
pub struct HostConfig {
    /// where compiled components are kept; `None` compiles anew in each process
    pub cache_dir: Option<PathBuf>,
    /// authenticates the cache: who can write the folder but has no key can't make us run code
    pub cache_mac_key: [u8; 32],
    /// calls into connectors at a time; more wait
    pub pool_instances: u32,
    /// for the connections that the cli makes of documents
    pub egress: EgressPolicy,
    /// largest component, bytes
    pub max_component_bytes: usize,
    /// the program that compiles; `None` compiles in this process, without a memory limit
    pub compiler: Option<Compiler>,
    /// longest time one compilation may take
    pub compile_timeout: Duration,
    /// most memory the compiling process may have in use, bytes
    pub compile_memory_bytes: u64,
    /// longest time one call of a guest into the host may take
    pub host_call_timeout: Duration,
    /// most bytes a guest may pass to the host in one call
    pub host_call_bytes: usize,
    /// the program in which connectors run that nobody vouched for; `None` refuses them
    pub runner: Option<Runner>,
    /// all connectors run there, whoever vouches for them
    pub all_apart: bool,
    /// what `control.now-ms` tells
    pub clock: Arc<dyn Clock>,
}

impl Default for HostConfig {
    /// No cache, no compiling process, 16 instances, no grants; the limits of the design.
    fn default() -> Self {
        Self {
            cache_dir: None,
            cache_mac_key: [0; 32],
            pool_instances: 16,
            egress: EgressPolicy::default(),
            max_component_bytes: 32 << 20,
            compiler: None,
            compile_timeout: Duration::from_secs(60),
            compile_memory_bytes: 1 << 30,
            host_call_timeout: Duration::from_secs(60),
            host_call_bytes: 8 << 20,
            runner: None,
            all_apart: false,
            clock: Arc::new(SystemClock),
        }
    }
}

impl std::fmt::Debug for HostConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostConfig")
            .field("cache_dir", &self.cache_dir)
            .field("pool_instances", &self.pool_instances)
            .field("egress", &self.egress)
            .field("compiler", &self.compiler)
            .field("runner", &self.runner)
            .finish_non_exhaustive()
    }
}

/// Why a host could not be started.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The engine refused its settings, or there is not enough address space for the pool.
    #[error("the WebAssembly engine could not be started")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The folder of compiled components can't be used.
    #[error("the cache folder {path:?} can't be used")]
    Cache {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// The thread that limits running time could not be started.
    #[error("the ticker thread could not be started")]
    Ticker(#[source] std::io::Error),
}
