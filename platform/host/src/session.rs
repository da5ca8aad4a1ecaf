//! One instance of a connector: its store or its runner, its limits, and how a call into it is guarded.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tributary_model::clock::Clock;
use tributary_model::error_code::ErrorCode;
use tributary_model::plan::{Bound, CallBounds, Plan};
use tributary_model::problem::Problem;
use tributary_model::usage::Usage;
use wasmtime::component::ResourceTable;
use wasmtime::{Store, UpdateDeadline};

use crate::bindings::target::TargetConnector;
use crate::call::{CallContext, ReadStats};
use crate::capabilities::files::Folder;
use crate::capabilities::output::SinkItem;
use crate::capabilities::tcp::Sockets;
use crate::connection::FileSession;
use crate::connector::Connector;
use crate::engine::Ticking;
use crate::exports::{Answered, Export, Exports};
use crate::limits::{self, Account, Limiter, Stop};
use crate::meter::{Meter, Metered};
use crate::runner::{Apart, Terms};
use crate::usage::HostCalls;

/// Log bytes of one call.
const LOG_BYTES: usize = 1 << 20;
/// Handles that a guest may hold at a time.
pub(crate) const MAX_HANDLES: usize = 1_000;
/// What a table holds beyond them for a moment: wasmtime counts when a handle has been made.
const SPARE_HANDLES: usize = 8;
/// Wall time of everything but `read`: the CPU limit counts work, this one counts waiting.
const CALL_WALL: Duration = Duration::from_secs(300);

/// What a store knows.
pub(crate) struct Guest {
    pub(crate) table: ResourceTable,
    pub(crate) call: CallContext,
    pub(crate) connector: String,
    /// label of the connection that the manifest declares
    pub(crate) label: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) deadline: Instant,
    /// it was told that the deadline is near: if it returns now, it may not have done everything
    pub(crate) out_of_time: bool,
    pub(crate) host_call_timeout: Duration,
    pub(crate) share: CallShare,
    pub(crate) sink: Option<mpsc::Sender<SinkItem>>,
    /// the stream that is read
    pub(crate) stream: Option<String>,
    /// what the guest makes the host keep
    pub(crate) account: Arc<Account>,
    pub(crate) files: Option<FileSession>,
    pub(crate) folder: Option<Folder>,
    pub(crate) sockets: Sockets,
    /// keys whose checkpoints are of no more use; only while planning
    pub(crate) forgotten: Vec<String>,
    pub(crate) last_problem: Option<Problem>,
    pub(crate) log_bytes_left: usize,
    pub(crate) host_calls: HostCalls,
    pub(crate) emitted_rows: u64,
    pub(crate) emitted_bytes: u64,
    pub(crate) stats: ReadStats,
    pub(crate) meter: Arc<Meter>,
    limiter: Limiter,
}

impl Guest {
    /// What a runner says of its guest's memory.
    pub(crate) fn peak_memory(&mut self, bytes: u64) {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        self.limiter.used_bytes = self.limiter.used_bytes.max(bytes);
    }
}

/// How long a call may take and where its rows go.
pub(crate) enum Purpose {
    Call,
    Read {
        stream: String,
        sink: mpsc::Sender<SinkItem>,
    },
}

impl Purpose {
    /// CPU time, wall time, and what is read where to.
    fn terms(self, bounds: &CallBounds) -> (Bound, Wall, Option<(String, mpsc::Sender<SinkItem>)>) {
        match self {
            Self::Call => (bounds.call_cpu_ms.clone(), Wall::Call, None),
            Self::Read { stream, sink } => {
                let wall = Wall::Read(bounds.read_wall_s.clone());
                (bounds.read_cpu_ms.clone(), wall, Some((stream, sink)))
            }
        }
    }
}

/// How long a call may take, waiting included.
#[derive(Clone)]
enum Wall {
    Call,
    Read(Bound),
}

impl Wall {
    fn time(&self) -> Duration {
        match self {
            Self::Call => CALL_WALL,
            Self::Read(bound) => Duration::from_secs(u64::from(bound.value)),
        }
    }

    /// As an error says it.
    fn text(&self) -> String {
        match self {
            Self::Call => format!("{} s", CALL_WALL.as_secs()),
            Self::Read(bound) => format!("{} s, {bound}", bound.value),
        }
    }

    fn stop(&self) -> Stop {
        match self {
            Self::Call => Stop::CallWall {
                seconds: CALL_WALL.as_secs(),
            },
            Self::Read(bound) => Stop::Wall { of: bound.clone() },
        }
    }
}

/// What a plan leaves of a call into the host, where that is less than the host's own.
pub(crate) struct CallShare {
    plan: Arc<Plan>,
    time_s: Option<u32>,
    bytes_mib: Option<u32>,
}

impl CallShare {
    fn of(plan: &Arc<Plan>, own_time: Duration, own_bytes: usize) -> Self {
        let most = &plan.maxima;
        let shorter = |s: &u32| Duration::from_secs(u64::from(*s)) < own_time;
        let fewer = |mib: &u32| (*mib as usize) << 20 < own_bytes;
        Self {
            plan: Arc::clone(plan),
            time_s: most.host_call_s.filter(shorter),
            bytes_mib: most.host_call_mib.filter(fewer),
        }
    }

    fn time(&self, own: Duration) -> Duration {
        let plan = self.time_s.map(|s| Duration::from_secs(u64::from(s)));
        plan.unwrap_or(own)
    }

    fn bytes(&self, own: usize) -> usize {
        self.bytes_mib.map_or(own, |mib| (mib as usize) << 20)
    }

    /// Says whose limit it was that ended a call into the host.
    pub(crate) fn named(&self, mut problem: Problem) -> Problem {
        let late = ["took longer than", "did not answer in time"];
        let late = late.iter().any(|words| problem.detail.contains(words));
        let limit = match problem.code {
            ErrorCode::ConnectionTimeout if late => {
                self.time_s.map(|s| format!("{s} s (host_call_s"))
            }
            ErrorCode::ConnectorLimit if problem.detail.contains(limits::TOO_MANY_BYTES) => self
                .bytes_mib
                .map(|mib| format!("{mib} MiB (host_call_mib")),
            _ => None,
        };
        if let Some(limit) = limit {
            let name = &self.plan.name;
            let more = format!(": at most {limit} of the plan {name:?})");
            problem.detail.push_str(&more);
            limits::PLAN_HINT.clone_into(&mut problem.hint);
        }
        problem
    }
}

/// A guest with its guards.
pub(crate) struct Session {
    place: Place,
    guard: Guard,
    _permit: OwnedSemaphorePermit,
}

/// Where the guest is.
enum Place {
    Here(Box<Here>),
    Apart(Box<Apart>),
}

/// A guest in this process.
struct Here {
    store: Store<Guest>,
    /// the instance that the calls of one batch share
    live: Option<TargetConnector>,
    _ticking: Ticking,
}

/// What a call needs besides the store, so that the two can be borrowed apart.
#[derive(Clone)]
pub(crate) struct Guard {
    call: CallContext,
    connector: String,
    meter: Arc<Meter>,
    wall: Wall,
    call_cpu_ms: u32,
}

impl Session {
    /// Waits for a free place in the pool and makes an empty store with all limits set.
    pub(crate) async fn open(
        connector: &Connector,
        call: &CallContext,
        purpose: Purpose,
    ) -> Result<Self, Problem> {
        let cancelled = || Problem::new(ErrorCode::RunCancelled, "cancelled before it started");
        let permit = tokio::select! {
            biased;
            () = call.cancel.cancelled() => return Err(cancelled()),
            permit = Arc::clone(&connector.pool).acquire_owned() => permit.map_err(|_| cancelled())?,
        };
        let plan = call.connection.plan();
        let bounds = plan.bounds(&connector.manifest().limits);
        let share = CallShare::of(plan, connector.host_call_timeout, connector.host_call_bytes);
        let bytes = share.bytes(connector.host_call_bytes);
        let (cpu, wall, read) = purpose.terms(&bounds);
        let (stream, sink) = read.unzip();
        let meter = Meter::new(cpu.value);
        let guest = Guest {
            table: table(),
            call: call.clone(),
            connector: connector.title(),
            label: connector.label.clone(),
            clock: Arc::clone(&connector.clock),
            deadline: Instant::now() + wall.time(),
            out_of_time: false,
            host_call_timeout: share.time(connector.host_call_timeout),
            share,
            sink,
            stream,
            account: Arc::default(),
            files: None,
            folder: None,
            sockets: Sockets::default(),
            forgotten: Vec::new(),
            last_problem: None,
            log_bytes_left: LOG_BYTES,
            host_calls: HostCalls::default(),
            emitted_rows: 0,
            emitted_bytes: 0,
            stats: ReadStats::default(),
            meter: Arc::clone(&meter),
            limiter: Limiter::new(bounds.memory_mib.clone()),
        };
        let guard = Guard {
            call: call.clone(),
            connector: connector.title(),
            meter,
            wall,
            call_cpu_ms: bounds.call_cpu_ms.value,
        };
        Ok(Self {
            place: connector.place(guest, cpu, bounds.memory_mib, bytes),
            guard,
            _permit: permit,
        })
    }

    /// Makes a call into the connector under all its guards.
    pub(crate) async fn enter(
        &mut self,
        exports: &Exports<Guest>,
        config: &str,
        export: Export<'_>,
    ) -> Result<Answered, Failure> {
        let guard = self.guard.clone();
        match &mut self.place {
            Place::Here(here) => {
                let (store, live) = (&mut here.store, &mut here.live);
                guard.run(exports.call(store, live, config, &export)).await
            }
            Place::Apart(apart) => {
                let result = guard.run(apart.enter(config, export)).await;
                if result.is_err() {
                    apart.kill();
                }
                result
            }
        }
    }

    /// Gives the next call of the same session a budget of its own.
    pub(crate) fn renew(&self) {
        self.guard.meter.renew(self.guard.call_cpu_ms);
    }

    pub(crate) fn guest(&self) -> &Guest {
        match &self.place {
            Place::Here(here) => here.store.data(),
            Place::Apart(apart) => &apart.guest,
        }
    }

    pub(crate) fn guest_mut(&mut self) -> &mut Guest {
        match &mut self.place {
            Place::Here(here) => here.store.data_mut(),
            Place::Apart(apart) => &mut apart.guest,
        }
    }

    /// What the read took so far.
    pub(crate) fn stats(&self, started: Instant) -> ReadStats {
        let guest = self.guest();
        ReadStats {
            host_calls: guest.host_calls.total(),
            cpu_ms: guest.meter.used_ms(),
            wall_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            ..guest.stats
        }
    }

    /// Why an answer is not the whole one: the guest was told that its time is nearly over. `left` says
    /// what it may have left out.
    pub(crate) fn cut_short(&self, left: &str) -> Option<Problem> {
        let Guard {
            connector, wall, ..
        } = &self.guard;
        self.guest().out_of_time.then(|| {
            let time = wall.text();
            let detail = format!(
                "the connector {connector} ended because its time was nearly over ({time}): {left}"
            );
            Problem::new(ErrorCode::ConnectorOutOfTime, detail)
        })
    }

    /// Makes a problem of a failed call.
    pub(crate) fn problem(&self, failure: Failure) -> Problem {
        let guest = self.guest();
        match failure {
            Failure::Problem(problem) => problem,
            Failure::Trap(error) => {
                let hit = guest.limiter.hit.as_ref();
                let problem = limits::failure(&self.guard.connector, &error, hit);
                guest.share.named(problem)
            }
        }
    }
}

impl Drop for Session {
    /// Also of a call that was stopped: what it used was used.
    fn drop(&mut self) {
        let guest = self.guest();
        guest.call.connection.usage().add(&Usage {
            instances: 1,
            cpu_us: guest.meter.used_us(),
            peak_memory_bytes: guest.limiter.used_bytes as u64,
            host_calls: guest.host_calls.by_capability(),
            ..Usage::default()
        });
    }
}

/// Why a call gave no answer. The instance is of no more use then.
pub(crate) enum Failure {
    Problem(Problem),
    Trap(wasmtime::Error),
}

impl Guard {
    /// Runs a call under cancellation, wall time and CPU metering. A dropped call frees its stack
    /// at once, also in the middle of a loop (it yields at each tick).
    pub(crate) async fn run<T>(
        &self,
        call: impl Future<Output = wasmtime::Result<T>>,
    ) -> Result<T, Failure> {
        let metered = Metered {
            call: Box::pin(call),
            meter: Arc::clone(&self.meter),
        };
        tokio::select! {
            biased;
            () = self.call.cancel.cancelled() => {
                let detail = format!("the call into {} was cancelled", self.connector);
                Err(Failure::Problem(Problem::new(ErrorCode::RunCancelled, detail)))
            }
            result = tokio::time::timeout(self.wall.time(), metered) => match result {
                Ok(result) => result.map_err(Failure::Trap),
                Err(_) => Err(Failure::Trap(wasmtime::Error::new(self.wall.stop()))),
            },
        }
    }
}

fn table() -> ResourceTable {
    let mut table = ResourceTable::new();
    table.set_max_capacity(MAX_HANDLES + SPARE_HANDLES);
    table
}

impl Connector {
    /// Where the guest's code runs, with all limits set.
    fn place(&self, guest: Guest, cpu: Bound, memory: Bound, host_call_bytes: usize) -> Place {
        let Some(runners) = &self.runners else {
            return Place::Here(Box::new(self.here(guest, cpu, host_call_bytes)));
        };
        let terms = Terms {
            component: self.component.clone(),
            capabilities: self.manifest().capabilities.clone(),
            memory,
            cpu,
            host_call_bytes,
        };
        let apart = Apart::new(guest, Arc::clone(runners), self.digest(), terms);
        Place::Apart(Box::new(apart))
    }

    /// An empty store.
    fn here(&self, guest: Guest, cpu: Bound, host_call_bytes: usize) -> Here {
        let mut store = Store::new(&self.engine, guest);
        store.limiter(|guest| &mut guest.limiter);
        store.set_hostcall_fuel(host_call_bytes);
        store.set_max_component_handles(MAX_HANDLES);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |context| {
            let guest = context.data();
            if guest.meter.exceeded() {
                let budget_ms = guest.meter.budget_ms();
                let of = cpu.clone();
                let stop = Stop::Cpu { budget_ms, of };
                return Err(wasmtime::Error::new(stop));
            }
            // Yielding lets others run on this thread and lets cancellation be noticed.
            Ok(UpdateDeadline::Yield(1))
        });
        Here {
            store,
            live: None,
            _ticking: self.ticker.run(),
        }
    }
}
