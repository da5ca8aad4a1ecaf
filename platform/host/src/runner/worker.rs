//! What a runner's process does: it loads one connector and makes the calls that it is asked for, one at
//! a time, each session in a store of its own.
//!
//! Invariants: no environment, no configuration, no key; no descriptors but its pipes. It ends when the
//! platform closes them. Limits of the sandbox are as in the platform's process; whoever lies about
//! them from here is met by the limits of the process.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tributary_model::error_code::ErrorCode;
use tributary_model::plan::Bound;
use tributary_model::problem::Problem;
use wasmtime::component::Linker;
use wasmtime::{Engine, Store, UpdateDeadline};

use super::away::Away;
use super::confine;
use super::link::Link;
use super::wire::{Broken, BrokenKind, Cut, Enter, FromRunner, Load, Said, ToRunner};
use crate::bindings::target::TargetConnector;
use crate::cache::publish;
use crate::capabilities;
use crate::engine::{self, Ticker};
use crate::exports::{Export, Exports};
use crate::limits::{End, Limiter, Stop, end};
use crate::meter::{Meter, Metered};
use crate::session::MAX_HANDLES;

/// What the runner's process runs, on its first thread and with the pipes that the platform gave it. Comes
/// back when they are closed.
///
/// # Errors
/// [`ErrorCode::Internal`] if the pipes break or the engine does not start.
pub fn runner_worker(
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
) -> Result<(), Problem> {
    let cut = confine::cut();
    let link = Arc::new(Mutex::new(Link::new(Box::new(input), Box::new(output))));
    let Some(loaded) = load(&link)? else {
        return Ok(());
    };
    confine::seal();
    ready(&link, cut)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| internal("no runtime", error))?;
    let mut open = None;
    while let Some(frame) = receive(&link)? {
        let ToRunner::Enter(enter) = decode(&frame)? else {
            return Err(internal("the platform", "answered a call that nobody made"));
        };
        let says = runtime.block_on(loaded.enter(&mut open, &enter));
        // A batch has several calls in one session; all others are over now.
        if !matches!(
            enter.export,
            Export::Start | Export::Prepare(..) | Export::Settle(..)
        ) {
            open = None;
        }
        send(&link, &says)?;
    }
    Ok(())
}

/// The connector, which the platform sends first of all.
fn load(link: &Arc<Mutex<Link>>) -> Result<Option<Loaded>, Problem> {
    let Some(frame) = receive(link)? else {
        return Ok(None);
    };
    match decode(&frame)? {
        ToRunner::Load(load) => Loaded::new(&load, Arc::clone(link)).map(Some),
        _ => Err(internal("the platform", "did not say what to load")),
    }
}

fn ready(link: &Mutex<Link>, cut: Cut) -> Result<(), Problem> {
    let says = FromRunner {
        cpu_ns: 0,
        memory_bytes: 0,
        said: Said::Ready(cut),
    };
    send(link, &says)
}

fn receive(link: &Mutex<Link>) -> Result<Option<Vec<u8>>, Problem> {
    let mut link = link.lock().unwrap_or_else(PoisonError::into_inner);
    link.receive().map_err(|error| internal("reading", error))
}

fn send(link: &Mutex<Link>, says: &FromRunner) -> Result<(), Problem> {
    let mut link = link.lock().unwrap_or_else(PoisonError::into_inner);
    link.send(says).map_err(|error| internal("writing", error))
}

fn decode(frame: &[u8]) -> Result<ToRunner<'_>, Problem> {
    postcard::from_bytes(frame).map_err(|error| internal("the platform's frame", error))
}

fn internal(what: &str, error: impl std::fmt::Display) -> Problem {
    Problem::new(ErrorCode::Internal, format!("{what}: {error}"))
}

/// The runner's connector.
struct Loaded {
    engine: Engine,
    ticker: Ticker,
    exports: Exports<Away>,
    link: Arc<Mutex<Link>>,
    memory_mib: u32,
    host_call_bytes: usize,
}

/// A session's store and the instance that its calls share.
struct Open {
    store: Store<Away>,
    live: Option<TargetConnector>,
    meter: Arc<Meter>,
}

impl Loaded {
    fn new(load: &Load<'_>, link: Arc<Mutex<Link>>) -> Result<Self, Problem> {
        let engine = engine::engine(1).map_err(|error| internal("no engine", error))?;
        let ticker = Ticker::start(&engine).map_err(|error| internal("no ticker", error))?;
        let wrong = |error: wasmtime::Error| internal("the connector", error.root_cause());
        let component = publish(&engine, load.code).map_err(wrong)?;
        let mut linker = Linker::<Away>::new(&engine);
        capabilities::link(&mut linker, &load.capabilities).map_err(wrong)?;
        let pre = linker.instantiate_pre(&component).map_err(wrong)?;
        Ok(Self {
            exports: Exports::find(&component, &pre).map_err(wrong)?,
            engine,
            ticker,
            link,
            memory_mib: load.memory_mib,
            host_call_bytes: usize::try_from(load.host_call_bytes).unwrap_or(usize::MAX),
        })
    }

    fn open(&self) -> Open {
        let meter = Meter::new(0);
        let away = Away {
            link: Arc::clone(&self.link),
            limiter: Limiter::new(own("memory_mib", self.memory_mib)),
            meter: Arc::clone(&meter),
        };
        let mut store = Store::new(&self.engine, away);
        store.limiter(|away| &mut away.limiter);
        store.set_hostcall_fuel(self.host_call_bytes);
        store.set_max_component_handles(MAX_HANDLES);
        store.epoch_deadline_callback(|context| {
            let meter = &context.data().meter;
            if meter.exceeded() {
                let stop = Stop::Cpu {
                    budget_ms: meter.budget_ms(),
                    of: own("cpu", 0),
                };
                return Err(wasmtime::Error::new(stop));
            }
            Ok(UpdateDeadline::Continue(1))
        });
        Open {
            store,
            live: None,
            meter,
        }
    }

    async fn enter(&self, open: &mut Option<Open>, enter: &Enter<'_>) -> FromRunner {
        if enter.fresh {
            *open = None;
        }
        let session = open.get_or_insert_with(|| self.open());
        session.meter.set_budget(enter.budget_ns);
        session.store.set_epoch_deadline(1);
        let _ticking = self.ticker.run();
        let (store, live) = (&mut session.store, &mut session.live);
        let call = self.exports.call(store, live, &enter.config, &enter.export);
        let result = Metered {
            call: Box::pin(call),
            meter: Arc::clone(&session.meter),
        }
        .await;
        let away = session.store.data();
        let said = match result {
            Ok(answered) => Said::Done(answered),
            Err(error) => Said::Broken(broken(&error, away.limiter.hit.as_ref())),
        };
        away.says(said)
    }
}

/// A limit whose name the platform knows.
fn own(name: &'static str, value: u32) -> Bound {
    let plan = None;
    Bound { value, name, plan }
}

fn broken(error: &wasmtime::Error, hit: Option<&Stop>) -> Broken {
    let kind = match error.downcast_ref::<Stop>().or(hit) {
        Some(Stop::Cpu { .. }) => Some(BrokenKind::Cpu),
        Some(Stop::Memory { .. }) => Some(BrokenKind::Memory),
        _ => None,
    };
    if let Some(kind) = kind {
        let what = String::new();
        return Broken { kind, what };
    }
    match end(error, hit) {
        End::Limit(what) => Broken {
            kind: BrokenKind::Limit,
            what,
        },
        End::Failed(what) => Broken {
            kind: BrokenKind::Failed,
            what,
        },
    }
}
