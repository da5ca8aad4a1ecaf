//! The worker loop: claim, do, commit; one heartbeat for all leases; a sweeper for lost ones.
//!
//! Invariants: a worker starts no more work than it has slots; a lease whose heartbeat is refused
//! is dropped at once; a lease is renewed only while somebody works on it, so a panic costs a try
//! and not the lease. A stop lets work end within [`GRACE`] and gives the rest back without
//! costing an attempt. Idle costs one query when something falls due, not a poll per second.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::state::WorkKind;
use tributary_store::{Fenced, Lease, TargetFailure};

use crate::batch::Unfinished;
use crate::context::{Contexts, RunContext};
use crate::held::{Held, HeldLeases};
use crate::services::{Services, store_problem};
use crate::{batch, cancel, extract, finish, log, plan, retention, retry, trust, usage};

/// Longest sleep without looking for work that other processes queued.
const LONGEST_SLEEP_MS: u64 = 5_000;

/// How long work that is under way may go on after a stop was asked for.
const GRACE: Duration = Duration::from_secs(25);

/// How long giving back the rest may take; what is left then is swept by others.
const GIVING_BACK: Duration = Duration::from_secs(3);

/// Size and patience of a worker.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// shown in the ledger; fresh per process start
    pub name: String,
    /// work items at a time
    pub slots: usize,
    /// a lease not renewed for this long is lost, ms
    pub lease_ms: u64,
}

/// See the module.
pub struct Worker {
    services: Arc<Services>,
    options: WorkerOptions,
    /// contexts of the runs in work
    contexts: Contexts,
    /// what is held, with a way to stop it
    held: HeldLeases,
}

impl Worker {
    /// A worker that has not started.
    #[must_use]
    pub fn new(services: Arc<Services>, options: WorkerOptions) -> Self {
        Self {
            services,
            options,
            contexts: Contexts::default(),
            held: HeldLeases::default(),
        }
    }

    /// Works until `shutdown`, lets what is under way end, and gives back what takes too long.
    pub async fn run(self, shutdown: CancellationToken) {
        let worker = Arc::new(self);
        let background = CancellationToken::new();
        worker.sweep().await;
        let heartbeat = tokio::spawn(Arc::clone(&worker).beat(background.clone()));
        let services = Arc::clone(&worker.services);
        let keeping = tokio::spawn(retention::keep(services, background.clone()));
        let services = Arc::clone(&worker.services);
        let (contexts, held) = (worker.contexts.clone(), worker.held.clone());
        let listening = cancel::watch(services, contexts, held, background.clone());
        let listening = tokio::spawn(listening);
        let mut tasks = JoinSet::new();
        while !shutdown.is_cancelled() {
            while tasks.try_join_next().is_some() {}
            let free = worker.options.slots.saturating_sub(tasks.len());
            let leases = if free == 0 {
                Vec::new()
            } else {
                worker.claim(free).await
            };
            let claimed = leases.len();
            for lease in leases {
                let held = worker.held.hold(&lease);
                tasks.spawn(Arc::clone(&worker).work(lease, held));
            }
            if claimed == 0 || claimed < free {
                worker.wait(&mut tasks, &shutdown).await;
            }
        }
        worker.drain(&mut tasks).await;
        background.cancel();
        let _ = heartbeat.await;
        let _ = keeping.await;
        let _ = listening.await;
    }

    async fn drain(&self, tasks: &mut JoinSet<()>) {
        if ended_within(tasks, GRACE).await {
            return;
        }
        self.held.stop_all();
        if !ended_within(tasks, GIVING_BACK).await {
            tracing::warn!(
                tasks = tasks.len(),
                "work does not stop; its leases will end by themselves"
            );
            tasks.abort_all();
        }
    }

    async fn claim(&self, free: usize) -> Vec<Lease> {
        let limit = u32::try_from(free).unwrap_or(u32::MAX);
        let claimed = self
            .services
            .store
            .system()
            .claim(&self.options.name, limit, self.options.lease_ms)
            .await;
        match claimed {
            Ok(leases) => leases,
            Err(error) => {
                store_problem(&error);
                tokio::time::sleep(Duration::from_secs(1)).await;
                Vec::new()
            }
        }
    }

    /// Waits for something to do, or for the end.
    async fn wait(&self, tasks: &mut JoinSet<()>, shutdown: &CancellationToken) {
        let next = self.services.store.system().next_due().await;
        let (mut sleep_ms, mut lease_ends) = match next {
            Ok(next) => {
                let first_ms = next.first_ms().unwrap_or(LONGEST_SLEEP_MS);
                let lease_ends = next.lease_end_ms.is_some_and(|ms| ms <= first_ms);
                (first_ms.max(5), lease_ends)
            }
            Err(_) => (1_000, false),
        };
        if sleep_ms > LONGEST_SLEEP_MS || tasks.len() >= self.options.slots {
            (sleep_ms, lease_ends) = (LONGEST_SLEEP_MS, false);
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = self.services.wake.notified() => {}
            Some(_) = tasks.join_next() => {}
            () = tokio::time::sleep(Duration::from_millis(sleep_ms)) => {
                if lease_ends {
                    self.sweep().await;
                }
            }
        }
    }

    async fn work(self: Arc<Self>, lease: Lease, held: Held) {
        tokio::select! {
            () = self.process(&lease) => {}
            () = held.stop.cancelled() => self.give_back(&lease).await,
        }
        drop(held);
        self.services.wake.notify_waiters();
    }

    async fn process(&self, lease: &Lease) {
        if lease.cancel_requested {
            self.contexts.remove(&lease.run);
            self.give_back(lease).await;
            return;
        }
        match guarded(self.attempt(lease)).await {
            Ok(Fenced::Done(())) => {}
            Ok(Fenced::Lost) => {
                tracing::info!(work.id = %lease.work_id, "the lease went to another worker");
            }
            // it did not fail: it came to an end because it was asked to
            Err(_) if self.is_stopping(lease) => self.give_back(lease).await,
            Err(unfinished) if unfinished.goes_on => {
                tracing::info!(run.id = %lease.run, work.id = %lease.work_id, "work goes on");
                self.give_back(lease).await;
            }
            Err(unfinished) => self.put_off(lease, unfinished).await,
        }
        if lease.kind == WorkKind::Finish {
            self.contexts.remove(&lease.run);
        }
    }

    /// Whether the run of the lease was cancelled while it was worked on.
    fn is_stopping(&self, lease: &Lease) -> bool {
        let context = self.contexts.get(&lease.run);
        context.is_some_and(|context| context.stop.is_cancelled())
    }

    async fn attempt(&self, lease: &Lease) -> Result<Fenced<()>, Unfinished> {
        let context = self.context(lease).await?;
        let done = self.dispatch(&context, lease).await;
        // what was logged is for people: the work is what it is without it
        if let Err(problem) = log::keep(&self.services, &context, lease).await {
            tracing::warn!(run.id = %lease.run, code = %problem.code, "log lines are lost");
        }
        if let Err(problem) = usage::after(&context, lease, done.is_ok()).await {
            tracing::warn!(run.id = %lease.run, code = %problem.code, "figures are lost");
        }
        done
    }

    async fn dispatch(
        &self,
        context: &RunContext,
        lease: &Lease,
    ) -> Result<Fenced<()>, Unfinished> {
        let services = &self.services;
        // boxed: what a work item does is too deep for the compiler to lay out in one piece
        let work: BoxFuture<'_, Result<Fenced<()>, Unfinished>> = match lease.kind {
            WorkKind::Plan => Box::pin(async { Ok(plan::run(context, lease).await?) }),
            WorkKind::Extract => Box::pin(extract::run(services, context, lease)),
            WorkKind::Batch => Box::pin(batch::run(services, context, lease)),
            WorkKind::Finish => {
                Box::pin(async { Ok(finish::run(services, context, lease).await?) })
            }
        };
        work.await
    }

    /// The run's context, made anew for each attempt and when a connection was changed: whoever
    /// redrives a run or corrects a connection has mended something, and that is part of it.
    async fn context(&self, lease: &Lease) -> Result<Arc<RunContext>, Problem> {
        let known = self.contexts.get(&lease.run);
        if lease.kind != WorkKind::Plan
            && let Some(context) = known
            && context.run.attempt == lease.run_attempt
            && context.connections_current().await?
        {
            // A connector that was revoked meanwhile stops here, not with the next run.
            trust::still(&self.services, &lease.tenant, &context.run.connectors).await?;
            return Ok(context);
        }
        let loaded = RunContext::load(&self.services, &lease.tenant, &lease.run).await?;
        let context = Arc::new(loaded);
        self.contexts.keep(&context);
        Ok(context)
    }

    async fn put_off(&self, lease: &Lease, unfinished: Unfinished) {
        let problem = unfinished.problem;
        let again = retry::wait_ms(lease, &problem, unfinished.retry_after_ms);
        tracing::warn!(
            tenant.id = %lease.tenant,
            run.id = %lease.run,
            work.id = %lease.work_id,
            work.kind = lease.kind.as_str(),
            work.attempt = lease.attempt,
            code = %problem.code,
            detail = %problem.detail,
            retry_in_ms = again,
            "work was not finished"
        );
        let store = self.services.store.tenant(&lease.tenant);
        let (calls, answered) = (unfinished.failed_calls, unfinished.answered);
        let failed = match (self.target_failure(lease, calls, answered, again), again) {
            (Some(failure), _) => store.target_failed(lease, &problem, &failure).await,
            (None, Some(wait_ms)) if retry::asked_to_wait(&problem) => {
                store.slow_down(lease, &problem, wait_ms).await
            }
            (None, again) => store.fail_work(lease, &problem, again).await,
        };
        match failed {
            Ok(Fenced::Done(state)) if state.terminal() => {
                self.contexts.remove(&lease.run);
            }
            Ok(_) => {}
            Err(error) => {
                store_problem(&error);
            }
        }
    }

    /// What the integration wants to happen when its target fails call after call.
    fn target_failure(
        &self,
        lease: &Lease,
        failed_calls: u32,
        answered: bool,
        retry_in_ms: Option<u64>,
    ) -> Option<TargetFailure> {
        let context = self.contexts.get(&lease.run)?;
        let breaker = context.integration.delivery.breaker;
        (failed_calls > 0 && breaker.failed_calls > 0).then_some(TargetFailure {
            failed_calls,
            answered,
            pause_at: breaker.failed_calls,
            wait_ms: breaker.wait_ms,
            max_wait_ms: breaker.max_wait_ms,
            retry_in_ms,
        })
    }

    async fn give_back(&self, lease: &Lease) {
        let system = self.services.store.system();
        if let Err(error) = system.release(lease).await {
            store_problem(&error);
        }
    }

    /// Renews all leases and drops those that are lost; sweeps what others lost.
    async fn beat(self: Arc<Self>, ended: CancellationToken) {
        let period_ms = (self.options.lease_ms / 4).max(50);
        loop {
            tokio::select! {
                () = ended.cancelled() => return,
                () = tokio::time::sleep(Duration::from_millis(period_ms)) => {}
            }
            self.renew().await;
            self.sweep().await;
            self.services.wake.notify_waiters();
        }
    }

    async fn sweep(&self) {
        if let Err(error) = self.services.store.system().sweep().await {
            store_problem(&error);
        }
    }

    async fn renew(&self) {
        let held = self.held.keys();
        if held.is_empty() {
            return;
        }
        let system = self.services.store.system();
        let Ok(owned) = system.heartbeat(&held, self.options.lease_ms).await else {
            return;
        };
        for key in held {
            let state = owned.iter().find(|heartbeat| heartbeat.key == key);
            if state.is_none_or(|heartbeat| heartbeat.cancel_requested) {
                self.held.stop(&key);
            }
        }
    }
}

/// A panic ends the work as a mistake of the platform, which costs a try; its text is for the log.
async fn guarded(
    work: impl Future<Output = Result<Fenced<()>, Unfinished>>,
) -> Result<Fenced<()>, Unfinished> {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(done) => done,
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().copied();
            let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            let text = text.unwrap_or("without a text");
            tracing::error!(error.cause = text, "work panicked");
            let detail = "the platform failed in the middle of this work";
            Err(Unfinished {
                retry_after_ms: Some(1_000),
                ..Problem::new(ErrorCode::Internal, detail).into()
            })
        }
    }
}

/// Whether all of `tasks` are over in time.
async fn ended_within(tasks: &mut JoinSet<()>, time: Duration) -> bool {
    let all = async { while tasks.join_next().await.is_some() {} };
    tokio::time::timeout(time, all).await.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::held::tests::lease;

    #[tokio::test]
    async fn a_panic_costs_a_try_and_not_the_lease() {
        let all = HeldLeases::default();
        let held = all.hold(&lease(1));
        let boom = async { panic!("boom: {}", "a customer's data") };
        let unfinished = guarded(boom).await.err().unwrap();
        assert_eq!(unfinished.problem.code, ErrorCode::Internal);
        assert!(!unfinished.problem.detail.contains("customer"));
        assert!(unfinished.retry_after_ms.is_some(), "it is tried again");
        drop(held);
        assert!(all.keys().is_empty());

        // also when nothing catches it
        let held = all.hold(&lease(2));
        let task = tokio::spawn(async move {
            let _held = held;
            panic!("boom");
        });
        assert!(task.await.is_err());
        assert!(all.keys().is_empty(), "nobody renews it any more");
    }

    /// Registered before the task runs, so a stop in between reaches it.
    #[tokio::test]
    async fn work_ends_in_time_or_is_told_to() {
        let all = HeldLeases::default();
        let held = all.hold(&lease(1));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { held.stop.cancelled().await });
        assert!(!ended_within(&mut tasks, Duration::from_millis(30)).await);
        all.stop_all();
        assert!(ended_within(&mut tasks, Duration::from_secs(5)).await);
        assert!(all.keys().is_empty());
    }
}
