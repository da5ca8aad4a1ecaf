//! What stops a guest, by name: memory and tables (asked by wasmtime before each growth), CPU
//! time and wall time (at each tick), time in the host, memory that the host keeps for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tributary_model::error_code::ErrorCode;
use tributary_model::plan::Bound;
use tributary_model::problem::Problem;
use wasmtime::{PoolConcurrencyLimitError, ResourceLimiter, Trap};

use crate::engine::MAX_TABLE_ELEMENTS;

const MIB: usize = 1 << 20;

/// Why a guest was stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stop {
    #[error("it used more than {} MiB of memory ({of})", of.value)]
    Memory { of: Bound },
    #[error("it used a table of more than {MAX_TABLE_ELEMENTS} elements")]
    Table,
    /// the budget is what the bound gives and what was moved adds
    #[error("it used more than {budget_ms} ms of CPU time ({of})")]
    Cpu { budget_ms: u64, of: Bound },
    #[error("it ran longer than {} s ({of})", of.value)]
    Wall { of: Bound },
    #[error("it ran longer than {seconds} s, which no call may")]
    CallWall { seconds: u64 },
}

impl Stop {
    /// The plan that set the limit, if it was one.
    fn plan(&self) -> Option<&str> {
        match self {
            Self::Memory { of } | Self::Cpu { of, .. } | Self::Wall { of } => of.plan.as_deref(),
            Self::Table | Self::CallWall { .. } => None,
        }
    }
}

/// Memory and tables of one store. The first refusal is kept: the guest may turn it into a trap
/// of its own.
pub(crate) struct Limiter {
    memory: Bound,
    /// at present, which is the most ever: memories never shrink
    pub(crate) used_bytes: usize,
    pub(crate) hit: Option<Stop>,
}

impl Limiter {
    pub(crate) fn new(memory_mib: Bound) -> Self {
        Self {
            memory: memory_mib,
            used_bytes: 0,
            hit: None,
        }
    }
}

impl ResourceLimiter for Limiter {
    /// The limit is for all memories of the component together.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let used = self.used_bytes + desired.saturating_sub(current);
        if used > self.memory.value as usize * MIB {
            let stop = Stop::Memory {
                of: self.memory.clone(),
            };
            self.hit = Some(stop.clone());
            return Err(wasmtime::Error::new(stop));
        }
        self.used_bytes = used;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > MAX_TABLE_ELEMENTS {
            self.hit = Some(Stop::Table);
            return Err(wasmtime::Error::new(Stop::Table));
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        24
    }

    fn memories(&self) -> usize {
        4
    }

    fn tables(&self) -> usize {
        4
    }
}

/// Most bytes that the host keeps for one guest: bodies that it has not dropped, buffers of open files.
const MAX_HELD_BYTES: usize = 128 * MIB;

/// What the host keeps for one guest. A guest has a thousand handles, and each may stand for a body of
/// 64 MiB: without an account the guest's memory limit would be worth nothing.
#[derive(Debug, Default)]
pub(crate) struct Account {
    held_bytes: AtomicUsize,
}

/// A part of an [`Account`], given back when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Hold {
    account: Arc<Account>,
    bytes: usize,
}

impl Account {
    /// Reserves `bytes`, before they are there.
    pub(crate) fn hold(self: &Arc<Self>, bytes: usize) -> Result<Hold, Problem> {
        let mut hold = Hold {
            account: Arc::clone(self),
            bytes: 0,
        };
        hold.grow(bytes)?;
        Ok(hold)
    }
}

impl Hold {
    /// Another part of the same account.
    pub(crate) fn beside(&self) -> Self {
        Self {
            account: Arc::clone(&self.account),
            bytes: 0,
        }
    }

    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Problem> {
        let before = self.account.held_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        if before + bytes <= MAX_HELD_BYTES {
            return Ok(());
        }
        let detail = format!(
            "the connector keeps answers and open files of more than {} MiB in the host",
            MAX_HELD_BYTES / MIB
        );
        let problem = Problem::new(ErrorCode::ConnectorLimit, detail);
        Err(problem.hint("drop what was read before the next is opened"))
    }

    /// Gives back what was reserved beyond `bytes`.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        let spare = self.bytes.saturating_sub(bytes);
        self.account.held_bytes.fetch_sub(spare, Ordering::Relaxed);
        self.bytes -= spare;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.shrink(0);
    }
}

/// What it is called when a call hands over too much.
pub(crate) const TOO_MANY_BYTES: &str = "it passed more bytes to the host in one call than allowed";

/// What to do about a limit that is not the connector's own.
pub(crate) const PLAN_HINT: &str =
    "the tenant's plan has less than the connector asks for: ask the operator for another plan";

/// What a failed call means, without a word on whose it was.
pub(crate) fn reason(error: &wasmtime::Error, hit: Option<&Stop>) -> String {
    if let Some(stop) = error.downcast_ref::<Stop>().or(hit) {
        return stop.to_string();
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => "its stack is used up".to_owned(),
        Some(trap) => trap.to_string(),
        None => error.root_cause().to_string(),
    }
}

/// What a failed call means. `hit` is what the limiter noted.
pub(crate) fn failure(connector: &str, error: &wasmtime::Error, hit: Option<&Stop>) -> Problem {
    if let Some(stop) = error.downcast_ref::<Stop>().or(hit) {
        let problem = limit(connector, &stop.to_string());
        return match stop.plan() {
            Some(_) => problem.hint(PLAN_HINT),
            None => problem,
        };
    }
    if let Some(problem) = error.downcast_ref::<Problem>() {
        return problem.clone();
    }
    match end(error, hit) {
        End::Limit(what) => limit(connector, &what),
        End::Failed(what) => failed(connector, &what),
    }
}

/// How a guest ended.
pub(crate) enum End {
    Limit(String),
    Failed(String),
}

/// How a guest ended, without a word on whose it was.
pub(crate) fn end(error: &wasmtime::Error, hit: Option<&Stop>) -> End {
    if let Some(stop) = error.downcast_ref::<Stop>().or(hit) {
        return End::Limit(stop.to_string());
    }
    if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
        let what = "it needs more memories or tables than a connector may have";
        return End::Limit(what.to_owned());
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => End::Limit("its stack is used up".to_owned()),
        Some(trap) => End::Failed(trap.to_string()),
        None => other(&error.root_cause().to_string()),
    }
}

/// wasmtime has no types for these.
fn other(text: &str) -> End {
    if text.contains("fuel") && text.contains("hostcall") {
        return End::Limit(TOO_MANY_BYTES.to_owned());
    }
    if text.contains("handle limit") {
        return End::Limit("it keeps too many handles".to_owned());
    }
    if text.contains("exceeds the limit") || text.contains("exceeds limit") {
        return End::Limit(text.to_owned());
    }
    End::Failed(text.to_owned())
}

pub(crate) fn limit(connector: &str, what: &str) -> Problem {
    let detail = format!("the connector {connector} was stopped: {what}");
    Problem::new(ErrorCode::ConnectorLimit, detail)
}

pub(crate) fn failed(connector: &str, what: &str) -> Problem {
    let detail = format!("the connector {connector} failed: {what}");
    Problem::new(ErrorCode::ConnectorFailed, detail)
}
