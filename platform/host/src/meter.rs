//! CPU time of a call. Ticks are wall time, and on a busy machine a tick may hold little work, so
//! the thread's CPU clock is read instead: at each poll of the call and at each tick.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use rustix::time::{ClockId, clock_gettime};

/// Extra CPU time per byte that a source moves: decoding in the host is charged too, and a large
/// file must not run out of a budget meant for loops. 0.6 s per MB is 60 s per 100 MB.
const NS_PER_BYTE: u64 = 600;

/// The account of one call. Used by one thread at a time; atomics because a call may move.
#[derive(Debug)]
pub(crate) struct Meter {
    used_ns: AtomicU64,
    /// what a runner used for the call, as it says
    apart_ns: AtomicU64,
    /// `u64::MAX` between polls
    poll_started_ns: AtomicU64,
    budget_ns: AtomicU64,
}

impl Meter {
    pub(crate) fn new(budget_ms: u32) -> Arc<Self> {
        Arc::new(Self {
            used_ns: AtomicU64::new(0),
            apart_ns: AtomicU64::new(0),
            poll_started_ns: AtomicU64::new(u64::MAX),
            budget_ns: AtomicU64::new(u64::from(budget_ms) * 1_000_000),
        })
    }

    /// Whether the call, which is being polled on this thread, has used up its time.
    pub(crate) fn exceeded(&self) -> bool {
        self.now_ns() > self.budget_ns.load(Ordering::Relaxed)
    }

    /// What was used, with the poll that is going on; asked on its thread.
    pub(crate) fn now_ns(&self) -> u64 {
        let current = thread_cpu_ns().saturating_sub(self.poll_started_ns.load(Ordering::Relaxed));
        self.all_ns() + current
    }

    fn all_ns(&self) -> u64 {
        self.used_ns.load(Ordering::Relaxed) + self.apart_ns.load(Ordering::Relaxed)
    }

    /// Notes what a runner used for this session so far. It cannot take back what it said before.
    pub(crate) fn apart(&self, ns: u64) {
        self.apart_ns.fetch_max(ns, Ordering::Relaxed);
    }

    /// The budget of a runner: what is left beside the work in this process.
    pub(crate) fn budget_apart_ns(&self) -> u64 {
        let here = self.now_ns() - self.apart_ns.load(Ordering::Relaxed);
        self.budget_ns.load(Ordering::Relaxed).saturating_sub(here)
    }

    pub(crate) fn set_budget(&self, ns: u64) {
        self.budget_ns.store(ns, Ordering::Relaxed);
    }

    /// Allows more time for bytes that were moved.
    pub(crate) fn credit(&self, bytes: usize) {
        let extra = (bytes as u64).saturating_mul(NS_PER_BYTE);
        self.budget_ns.fetch_add(extra, Ordering::Relaxed);
    }

    /// Starts the next call of a session with a fresh budget.
    pub(crate) fn renew(&self, budget_ms: u32) {
        let used = self.all_ns();
        let budget = used + u64::from(budget_ms) * 1_000_000;
        self.budget_ns.store(budget, Ordering::Relaxed);
    }

    pub(crate) fn used_ms(&self) -> u64 {
        self.all_ns() / 1_000_000
    }

    pub(crate) fn used_us(&self) -> u64 {
        self.all_ns() / 1_000
    }

    pub(crate) fn budget_ms(&self) -> u64 {
        self.budget_ns.load(Ordering::Relaxed) / 1_000_000
    }
}

/// A future whose polls are charged.
pub(crate) struct Metered<F> {
    pub(crate) call: Pin<Box<F>>,
    pub(crate) meter: Arc<Meter>,
}

impl<F: Future> Future for Metered<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let started = thread_cpu_ns();
        self.meter.poll_started_ns.store(started, Ordering::Relaxed);
        let result = self.call.as_mut().poll(cx);
        let spent = thread_cpu_ns().saturating_sub(started);
        self.meter.used_ns.fetch_add(spent, Ordering::Relaxed);
        self.meter
            .poll_started_ns
            .store(u64::MAX, Ordering::Relaxed);
        result
    }
}

/// CPU time of this thread so far.
pub(crate) fn thread_cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}
