//! The leases that this process holds, each with a way to end its work.
//!
//! Invariant: a lease is in here exactly as long as somebody works on it, however that ends.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;
use tributary_model::id::{RunId, TenantId};
use tributary_model::state::WorkKind;
use tributary_store::{Lease, LeaseKey};

/// See the module. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct HeldLeases(Arc<Mutex<HashMap<LeaseKey, Grip>>>);

struct Grip {
    run: RunId,
    kind: WorkKind,
    stop: CancellationToken,
}

impl HeldLeases {
    /// Holds the lease until what this gives is dropped.
    pub(crate) fn hold(&self, lease: &Lease) -> Held {
        let (key, stop) = (lease.key(), CancellationToken::new());
        let grip = Grip {
            run: lease.run.clone(),
            kind: lease.kind,
            stop: stop.clone(),
        };
        self.lock().insert(key.clone(), grip);
        Held {
            all: self.clone(),
            key,
            stop,
        }
    }

    pub(crate) fn keys(&self) -> Vec<LeaseKey> {
        self.lock().keys().cloned().collect()
    }

    /// The runs that are worked on.
    pub(crate) fn runs(&self) -> HashSet<(TenantId, RunId)> {
        let held = self.lock();
        let runs = held
            .iter()
            .map(|(key, grip)| (key.tenant.clone(), grip.run.clone()));
        runs.collect()
    }

    pub(crate) fn stop(&self, key: &LeaseKey) {
        if let Some(grip) = self.lock().get(key) {
            grip.stop.cancel();
        }
    }

    /// Ends the run's work of the kinds that `which` names.
    pub(crate) fn stop_run(
        &self,
        (tenant, run): &(TenantId, RunId),
        which: impl Fn(WorkKind) -> bool,
    ) {
        for (key, grip) in self.lock().iter() {
            if key.tenant == *tenant && grip.run == *run && which(grip.kind) {
                grip.stop.cancel();
            }
        }
    }

    pub(crate) fn stop_all(&self) {
        for grip in self.lock().values() {
            grip.stop.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<LeaseKey, Grip>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lease that is renewed until this is dropped, however the work ends.
pub(crate) struct Held {
    all: HeldLeases,
    key: LeaseKey,
    /// drop the work and give the lease back
    pub(crate) stop: CancellationToken,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.lock().remove(&self.key);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use tributary_model::id::{Slug, UuidSource};

    use super::*;

    /// A lease of a run of its own.
    pub(crate) fn lease(epoch: u64) -> Lease {
        Lease {
            work_id: "run/batch".to_owned(),
            tenant: Slug::parse("acme").unwrap(),
            run: RunId::generate(&UuidSource),
            kind: WorkKind::Batch,
            partition: Some(0),
            batch: Some(0),
            epoch,
            attempt: 1,
            run_attempt: 1,
            delivery_held: false,
            cancel_requested: false,
        }
    }

    #[test]
    fn a_run_is_stopped_and_no_other() {
        let all = HeldLeases::default();
        let (one, two) = (lease(1), lease(2));
        let (first, second) = (all.hold(&one), all.hold(&two));
        assert_eq!(all.runs().len(), 2);
        let run = (one.tenant.clone(), one.run.clone());
        all.stop_run(&run, |kind| kind != WorkKind::Batch);
        assert!(!first.stop.is_cancelled(), "its call may be answered");
        all.stop_run(&run, |_| true);
        assert!(first.stop.is_cancelled() && !second.stop.is_cancelled());
        all.stop(&two.key());
        assert!(second.stop.is_cancelled());
        drop((first, second));
        assert!(all.runs().is_empty() && all.keys().is_empty());
    }
}
