//! The worker loop: claim, do, commit; one heartbeat for all leases; a sweeper for lost ones.
//!
//! Invariants: a worker starts no more work than it has slots; a lease whose heartbeat is refused
//! is dropped at once; a stop gives unfinished leases back without costing an attempt. Idle
//! costs one query when something falls due, not a poll per second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tributary_model::id::RunId;
use tributary_model::problem::Problem;
use tributary_model::state::WorkKind;
use tributary_store::{Fenced, Lease, LeaseKey, TargetFailure};

use crate::batch::Unfinished;
use crate::context::RunContext;
use crate::services::{Services, store_problem};
use crate::{batch, extract, finish, log, plan, trust};

/// How many times a work item is tried before it fails for good.
const MAX_ATTEMPTS: u32 = 8;

/// Contexts of runs kept at most.
const MOST_CONTEXTS: usize = 64;

/// Longest sleep without looking for work that other processes queued.
const LONGEST_SLEEP_MS: u64 = 5_000;

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
    contexts: Arc<Mutex<HashMap<RunId, Arc<RunContext>>>>,
    /// what is held, with a way to stop it
    held: Arc<Mutex<HashMap<LeaseKey, CancellationToken>>>,
}

impl Worker {
    /// A worker that has not started.
    #[must_use]
    pub fn new(services: Arc<Services>, options: WorkerOptions) -> Self {
        Self {
            services,
            options,
            contexts: Arc::default(),
            held: Arc::default(),
        }
    }

    /// Works until `shutdown`, then gives back what is unfinished.
    pub async fn run(self, shutdown: CancellationToken) {
        let worker = Arc::new(self);
        let background = CancellationToken::new();
        let heartbeat = tokio::spawn(Arc::clone(&worker).beat(background.clone()));
        let mut tasks = JoinSet::new();
        loop {
            while tasks.try_join_next().is_some() {}
            let free = worker.options.slots.saturating_sub(tasks.len());
            let leases = if free == 0 {
                Vec::new()
            } else {
                worker.claim(free).await
            };
            let claimed = leases.len();
            for lease in leases {
                tasks.spawn(Arc::clone(&worker).work(lease));
            }
            if claimed > 0 && claimed == free {
                continue;
            }
            let ended = worker.wait(&mut tasks, &shutdown).await;
            if ended {
                break;
            }
        }
        worker.stop_all();
        while tasks.join_next().await.is_some() {}
        background.cancel();
        let _ = heartbeat.await;
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

    /// Waits for something to do; true when it is time to stop.
    async fn wait(&self, tasks: &mut JoinSet<()>, shutdown: &CancellationToken) -> bool {
        let due = self.services.store.system().next_due().await;
        let sleep_ms = match due {
            Ok(Some(ms)) => ms.clamp(5, LONGEST_SLEEP_MS),
            Ok(None) => LONGEST_SLEEP_MS,
            Err(_) => 1_000,
        };
        let sleep_ms = if tasks.len() >= self.options.slots {
            LONGEST_SLEEP_MS
        } else {
            sleep_ms
        };
        tokio::select! {
            () = shutdown.cancelled() => return true,
            () = self.services.wake.notified() => {}
            Some(_) = tasks.join_next() => {}
            () = tokio::time::sleep(Duration::from_millis(sleep_ms)) => {}
        }
        false
    }

    async fn work(self: Arc<Self>, lease: Lease) {
        let stop = CancellationToken::new();
        self.held().insert(lease.key(), stop.clone());
        tokio::select! {
            () = self.process(&lease) => {}
            () = stop.cancelled() => self.give_back(&lease).await,
        }
        self.held().remove(&lease.key());
        self.services.wake.notify_waiters();
    }

    async fn process(&self, lease: &Lease) {
        if lease.cancel_requested {
            self.contexts().remove(&lease.run);
            self.give_back(lease).await;
            return;
        }
        let outcome = match self.context(lease).await {
            Ok(context) => {
                let done = self.dispatch(&context, lease).await;
                // what was logged is for people: the work is what it is without it
                if let Err(problem) = log::keep(&self.services, &context, lease).await {
                    tracing::warn!(run.id = %lease.run, code = %problem.code, "log lines are lost");
                }
                done
            }
            Err(problem) => Err(problem.into()),
        };
        match outcome {
            Ok(Fenced::Done(())) => {}
            Ok(Fenced::Lost) => {
                tracing::info!(work.id = %lease.work_id, "the lease went to another worker");
            }
            Err(unfinished) => self.put_off(lease, unfinished).await,
        }
        if lease.kind == WorkKind::Finish {
            self.contexts().remove(&lease.run);
        }
    }

    async fn dispatch(
        &self,
        context: &RunContext,
        lease: &Lease,
    ) -> Result<Fenced<()>, Unfinished> {
        let services = &self.services;
        match lease.kind {
            WorkKind::Plan => Ok(plan::run(context, lease).await?),
            WorkKind::Extract => Ok(extract::run(services, context, lease).await?),
            WorkKind::Batch => batch::run(services, context, lease).await,
            WorkKind::Finish => Ok(finish::run(services, context, lease).await?),
        }
    }

    /// The run's context, made anew for each attempt: whoever redrives a run has mended a
    /// connection or knows of a delivery, and both are part of it.
    async fn context(&self, lease: &Lease) -> Result<Arc<RunContext>, Problem> {
        let known = self.contexts().get(&lease.run).map(Arc::clone);
        if lease.kind != WorkKind::Plan
            && let Some(context) = known
            && context.run.attempt == lease.run_attempt
        {
            // A connector that was revoked meanwhile stops here, not with the next run.
            trust::still(&self.services, &lease.tenant, &context.run.connectors).await?;
            return Ok(context);
        }
        let loaded = RunContext::load(&self.services, &lease.tenant, &lease.run).await?;
        let context = Arc::new(loaded);
        let mut contexts = self.contexts();
        if contexts.len() >= MOST_CONTEXTS {
            // Runs that ended elsewhere leave theirs here; one that goes on is made again.
            contexts.clear();
        }
        contexts.insert(lease.run.clone(), Arc::clone(&context));
        Ok(context)
    }

    async fn put_off(&self, lease: &Lease, unfinished: Unfinished) {
        let problem = unfinished.problem;
        let again = unfinished
            .retry_after_ms
            .filter(|_| lease.attempt < MAX_ATTEMPTS)
            .map(|ms| ms.max(pause_ms(lease.attempt)));
        tracing::warn!(
            tenant.id = %lease.tenant,
            run.id = %lease.run,
            work.kind = lease.kind.as_str(),
            work.attempt = lease.attempt,
            code = %problem.code,
            detail = %problem.detail,
            retry_in_ms = again,
            "work was not finished"
        );
        let store = self.services.store.tenant(&lease.tenant);
        let failed = match self.target_failure(lease, unfinished.failed_calls, again) {
            Some(failure) => store.target_failed(lease, &problem, &failure).await,
            None => store.fail_work(lease, &problem, again).await,
        };
        match failed {
            Ok(Fenced::Done(state)) if state.terminal() => {
                self.contexts().remove(&lease.run);
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
        retry_in_ms: Option<u64>,
    ) -> Option<TargetFailure> {
        let context = self.contexts().get(&lease.run).map(Arc::clone)?;
        let breaker = context.integration.delivery.breaker;
        (failed_calls > 0 && breaker.failed_calls > 0).then_some(TargetFailure {
            failed_calls,
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
            if let Err(error) = self.services.store.system().sweep().await {
                store_problem(&error);
            }
            self.services.wake.notify_waiters();
        }
    }

    async fn renew(&self) {
        let held: Vec<LeaseKey> = self.held().keys().cloned().collect();
        if held.is_empty() {
            return;
        }
        let system = self.services.store.system();
        let Ok(owned) = system.heartbeat(&held, self.options.lease_ms).await else {
            return;
        };
        for key in held {
            let state = owned.iter().find(|heartbeat| heartbeat.key == key);
            if state.is_none_or(|heartbeat| heartbeat.cancel_requested)
                && let Some(stop) = self.held().get(&key)
            {
                stop.cancel();
            }
        }
    }

    fn stop_all(&self) {
        for stop in self.held().values() {
            stop.cancel();
        }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, HashMap<LeaseKey, CancellationToken>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn contexts(&self) -> std::sync::MutexGuard<'_, HashMap<RunId, Arc<RunContext>>> {
        self.contexts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Between attempts of one work item: 0.5 s, doubled, 60 s at most.
fn pause_ms(attempt: u32) -> u64 {
    (500_u64 << (attempt.clamp(1, 8) - 1)).min(60_000)
}
