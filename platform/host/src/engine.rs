//! The engine's settings and the ticker that lets running guests be interrupted.
//!
//! Everything a connector does not need is off: threads, 64-bit memory, garbage collection,
//! exceptions, tail calls, asynchronous components. x86-64 and Cranelift only.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Thread;
use std::time::Duration;

use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Strategy};

use crate::config::HostError;

/// Most linear memory that any manifest may ask for.
pub(crate) const MAX_MEMORY_MIB: u32 = 512;
/// Most elements in one table.
pub(crate) const MAX_TABLE_ELEMENTS: usize = 100_000;
/// Time between two ticks; a guest yields and is charged at each.
const TICK: Duration = Duration::from_millis(10);
/// Memories and tables of one component: scripting runtimes bring more than one module.
const MEMORIES_PER_COMPONENT: u32 = 4;
const INSTANCES_PER_COMPONENT: u32 = 24;

pub(crate) fn engine(pool_instances: u32) -> Result<Engine, HostError> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(pool_instances)
        .total_core_instances(pool_instances * INSTANCES_PER_COMPONENT)
        .total_memories(pool_instances * MEMORIES_PER_COMPONENT)
        .total_tables(pool_instances * MEMORIES_PER_COMPONENT)
        .total_stacks(pool_instances)
        .max_core_instances_per_component(INSTANCES_PER_COMPONENT)
        .max_memories_per_component(MEMORIES_PER_COMPONENT)
        .max_tables_per_component(MEMORIES_PER_COMPONENT)
        .max_memory_size((MAX_MEMORY_MIB as usize) << 20)
        .table_elements(MAX_TABLE_ELEMENTS)
        .max_unused_warm_slots(pool_instances);

    let mut config = settings();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config).map_err(|error| HostError::Engine(error.into_boxed_dyn_error()))
}

/// An engine without a pool: it compiles, and runs the functions of mappings, of which every worker
/// has an instance of its own. Its code fits engines with a pool.
pub(crate) fn unpooled() -> Result<Engine, HostError> {
    Engine::new(&settings()).map_err(|error| HostError::Engine(error.into_boxed_dyn_error()))
}

/// All that native code depends on.
fn settings() -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .epoch_interruption(true)
        // the same input gives the same bytes on every processor
        .cranelift_nan_canonicalization(true)
        .concurrency_support(false)
        .wasm_component_model(true)
        .async_stack_zeroing(true)
        .max_wasm_stack(512 << 10)
        .async_stack_size(2 << 20)
        .wasm_multi_memory(false)
        .wasm_memory64(false)
        .wasm_tail_call(false)
        .wasm_relaxed_simd(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false);
    config
}

/// Ticks only while a guest runs, so that an idle host sleeps.
pub(crate) struct Ticker {
    active: Arc<AtomicUsize>,
    thread: Thread,
}

/// Keeps the ticker going.
pub(crate) struct Ticking {
    active: Arc<AtomicUsize>,
}

impl Ticker {
    pub(crate) fn start(engine: &Engine) -> Result<Self, HostError> {
        let active = Arc::new(AtomicUsize::new(0));
        let (count, engine) = (Arc::clone(&active), engine.weak());
        let handle = std::thread::Builder::new()
            .name("connector-ticks".to_owned())
            .spawn(move || {
                loop {
                    if count.load(Ordering::Acquire) == 0 {
                        std::thread::park();
                    }
                    std::thread::sleep(TICK);
                    let Some(engine) = engine.upgrade() else {
                        return;
                    };
                    engine.increment_epoch();
                }
            })
            .map_err(HostError::Ticker)?;
        Ok(Self {
            active,
            thread: handle.thread().clone(),
        })
    }

    pub(crate) fn run(&self) -> Ticking {
        if self.active.fetch_add(1, Ordering::AcqRel) == 0 {
            self.thread.unpark();
        }
        Ticking {
            active: Arc::clone(&self.active),
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        // The thread finds the engine gone and ends.
        self.thread.unpark();
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.active.fetch_sub(1, Ordering::AcqRel);
    }
}
