//! Functions of code for mappings: loaded like connectors, run on the thread of the worker that maps.
//!
//! Invariants: they import nothing, so that an answer depends on bytes and input alone; a call ends at
//! its limits and becomes a fault of that call only. An instance that failed is never asked again; a
//! call that fails in an instance that had answered before is made once more in a new one, so that no
//! record suffers from what the records before it left behind.
//!
//! Deliberately absent: async. A call takes microseconds; what waits is not a function.

use std::sync::Arc;

use tributary_model::error_code::ErrorCode;
use tributary_model::external::{
    FunctionCalls, FunctionCode, FunctionComponent, FunctionFault, FunctionFaultKind,
};
use tributary_model::manifest::Manifest;
use tributary_model::plan::Bound;
use tributary_model::problem::Problem;
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store, UpdateDeadline};

use crate::bindings::functions::exports::tributary::connector::functions::FaultKind;
use crate::bindings::functions::{MappingFunction, MappingFunctionPre};
use crate::engine::{Ticker, Ticking};
use crate::limits::{Limiter, Stop, reason};
use crate::meter::thread_cpu_ns;

/// Most CPU time of one call; a manifest may ask for less.
const MAX_CALL_CPU_MS: u32 = 250;
/// Most bytes of an answer.
const ANSWER_BYTES: usize = 2 << 20;
/// Calls in a row that used up their time before a worker gives its component up. Without an end a
/// function that hangs would hold the worker for as long as there are records.
const MAX_STOPPED: u32 = 20;

/// A loaded component with functions. Cheap to copy.
#[derive(Clone)]
pub struct Functions {
    loaded: Arc<Loaded>,
}

struct Loaded {
    manifest: Manifest,
    digest: String,
    pre: MappingFunctionPre<State>,
    engine: Engine,
    ticker: Arc<Ticker>,
}

/// What a store knows.
struct State {
    limiter: Limiter,
    /// CPU time of the thread at which the call is stopped; known from its first tick on, because most
    /// calls have none and asking the clock would be a good part of what they cost
    until_ns: Option<u64>,
}

impl std::fmt::Debug for Functions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Functions")
            .field("name", &self.loaded.manifest.name)
            .field("version", &self.loaded.manifest.version)
            .field("digest", &self.loaded.digest)
            .finish_non_exhaustive()
    }
}

impl Functions {
    pub(crate) fn link(
        component: &Component,
        manifest: Manifest,
        digest: String,
        engine: &Engine,
        ticker: Arc<Ticker>,
    ) -> Result<Self, Problem> {
        let invalid = |error: wasmtime::Error| {
            let detail = format!(
                "the component does not fit the contract: {}",
                error.root_cause()
            );
            Problem::new(ErrorCode::ConnectorInvalid, detail)
        };
        let linker = Linker::<State>::new(engine);
        let pre = linker.instantiate_pre(component).map_err(invalid)?;
        let pre = MappingFunctionPre::new(pre).map_err(invalid)?;
        Ok(Self {
            loaded: Arc::new(Loaded {
                manifest,
                digest,
                pre,
                engine: engine.clone(),
                ticker,
            }),
        })
    }

    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.loaded.manifest
    }

    /// `name@version`, as documents name it.
    #[must_use]
    pub fn reference(&self) -> String {
        let manifest = self.manifest();
        format!("{}@{}", manifest.name, manifest.version)
    }

    /// What a mapping is compiled with.
    #[must_use]
    pub fn component(&self) -> FunctionComponent {
        FunctionComponent {
            digest: self.loaded.digest.clone(),
            functions: self.manifest().functions.clone(),
            code: Some(Arc::new(self.clone())),
        }
    }
}

impl Functions {
    /// The same for tests of mappings: every call is made once more in a new instance, and a component
    /// that answers otherwise there has failed.
    #[must_use]
    pub fn asked_twice(&self) -> FunctionComponent {
        FunctionComponent {
            code: Some(Arc::new(AskedTwice(self.clone()))),
            ..self.component()
        }
    }

    fn instance(&self) -> Instance {
        Instance {
            loaded: Arc::clone(&self.loaded),
            live: None,
            stopped: 0,
        }
    }
}

impl FunctionCode for Functions {
    fn open(&self) -> Box<dyn FunctionCalls> {
        Box::new(self.instance())
    }
}

/// See [`Functions::asked_twice`].
#[derive(Debug)]
struct AskedTwice(Functions);

#[derive(Debug)]
struct Twice {
    functions: Functions,
    used: Instance,
}

impl FunctionCode for AskedTwice {
    fn open(&self) -> Box<dyn FunctionCalls> {
        Box::new(Twice {
            functions: self.0.clone(),
            used: self.0.instance(),
        })
    }
}

impl FunctionCalls for Twice {
    fn call(
        &mut self,
        function: &str,
        input: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), FunctionFault> {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let answer = self.used.call(function, input, &mut first);
        let again = self.functions.instance().call(function, input, &mut second);
        if (&answer, &first) != (&again, &second) {
            return Err(FunctionFault::new(
                FunctionFaultKind::Failed,
                "it answers otherwise in a new instance: it keeps something from call to call",
            ));
        }
        out.extend_from_slice(&first);
        answer
    }
}

/// One worker's instance.
struct Instance {
    loaded: Arc<Loaded>,
    live: Option<Live>,
    /// calls in a row that used up their time
    stopped: u32,
}

struct Live {
    store: Store<State>,
    exports: MappingFunction,
    /// whether it has answered
    used: bool,
    _ticking: Ticking,
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instance")
            .field("component", &self.loaded.manifest.name)
            .field("live", &self.live.is_some())
            .finish_non_exhaustive()
    }
}

impl FunctionCalls for Instance {
    fn call(
        &mut self,
        function: &str,
        input: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), FunctionFault> {
        let failed = |what: &str| FunctionFault::new(FunctionFaultKind::Failed, what);
        if self.stopped >= MAX_STOPPED {
            let what = format!(
                "it used up its time {MAX_STOPPED} times in a row and is not asked again in this batch"
            );
            return Err(failed(&what));
        }
        let input = std::str::from_utf8(input).map_err(|_| failed("the input is not UTF-8"))?;
        let used = self.live.as_ref().is_some_and(|live| live.used);
        let mut answer = self.attempt(function, input);
        if used && matches!(answer, Err(Attempt::Broken { .. })) {
            answer = self.attempt(function, input);
        }
        match answer {
            Ok(text) => {
                self.stopped = 0;
                out.extend_from_slice(text.as_bytes());
                Ok(())
            }
            Err(Attempt::Fault(fault)) => {
                self.stopped = 0;
                Err(fault)
            }
            Err(Attempt::Broken { why, time }) => {
                self.stopped = if time { self.stopped + 1 } else { 0 };
                Err(failed(&why))
            }
        }
    }
}

/// Why an attempt gave no answer.
enum Attempt {
    /// the function said so
    Fault(FunctionFault),
    /// the instance is of no more use
    Broken { why: String, time: bool },
}

impl Instance {
    fn attempt(&mut self, function: &str, input: &str) -> Result<String, Attempt> {
        let mut live = match self.live.take() {
            Some(live) => live,
            None => self.loaded.start()?,
        };
        live.store.data_mut().until_ns = None;
        live.store.set_epoch_deadline(1);
        let functions = live.exports.tributary_connector_functions();
        match functions.call_call(&mut live.store, function, input) {
            Ok(answer) => {
                live.used = true;
                self.live = Some(live);
                answer.map_err(|fault| {
                    let kind = match fault.kind {
                        FaultKind::Refused => FunctionFaultKind::Refused,
                        FaultKind::Failed => FunctionFaultKind::Failed,
                    };
                    Attempt::Fault(FunctionFault::new(kind, &fault.message))
                })
            }
            Err(error) => Err(broken(&error, live.store.data())),
        }
    }
}

impl Loaded {
    fn call_cpu_ms(&self) -> u32 {
        self.manifest.limits.call_cpu_ms.min(MAX_CALL_CPU_MS)
    }

    /// A limit of the manifest. A mapping's functions are the platform's workers' and no tenant's.
    fn own(&self, name: &'static str, value: u32) -> Bound {
        let plan = None;
        Bound { value, name, plan }
    }

    /// A new instance; what it does while it starts has the limits of a call.
    fn start(&self) -> Result<Live, Attempt> {
        let state = State {
            limiter: Limiter::new(self.own("memory_mib", self.manifest.limits.memory_mib)),
            until_ns: None,
        };
        let cpu = self.own("call_cpu_ms", self.call_cpu_ms());
        let budget_ms = u64::from(cpu.value);
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(ANSWER_BYTES);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |mut context| {
            let now_ns = thread_cpu_ns();
            let state = context.data_mut();
            let until_ns = state.until_ns.get_or_insert(now_ns + budget_ms * 1_000_000);
            if now_ns > *until_ns {
                return Err(wasmtime::Error::new(Stop::Cpu {
                    budget_ms,
                    of: cpu.clone(),
                }));
            }
            Ok(UpdateDeadline::Continue(1))
        });
        let ticking = self.ticker.run();
        match self.pre.instantiate(&mut store) {
            Ok(exports) => Ok(Live {
                store,
                exports,
                used: false,
                _ticking: ticking,
            }),
            Err(error) => Err(broken(&error, store.data())),
        }
    }
}

fn broken(error: &wasmtime::Error, state: &State) -> Attempt {
    Attempt::Broken {
        why: reason(error, state.limiter.hit.as_ref()),
        time: matches!(error.downcast_ref::<Stop>(), Some(Stop::Cpu { .. })),
    }
}
