//! What a connection's connector used: CPU, memory, bytes, calls into the host. Each instance adds its
//! own when it ends, however it ends; bytes are added as they move.
//!
//! Invariant: nothing is counted twice: who takes the account starts a new one.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tributary_model::usage::Usage;

/// The account of a connection.
#[derive(Debug, Default)]
pub(crate) struct UsageMeter(Mutex<Usage>);

impl UsageMeter {
    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn came(&self, bytes: usize) {
        self.usage().bytes_in += bytes as u64;
    }

    pub(crate) fn went(&self, bytes: usize) {
        self.usage().bytes_out += bytes as u64;
    }

    pub(crate) fn add(&self, usage: &Usage) {
        self.usage().add(usage);
    }

    pub(crate) fn take(&self) -> Usage {
        std::mem::take(&mut *self.usage())
    }
}

/// Calls of one guest into the host.
#[derive(Debug, Default)]
pub(crate) struct HostCalls(BTreeMap<&'static str, u64>);

impl HostCalls {
    pub(crate) fn count(&mut self, capability: &'static str) {
        *self.0.entry(capability).or_default() += 1;
    }

    pub(crate) fn total(&self) -> u64 {
        self.0.values().sum()
    }

    pub(crate) fn by_capability(&self) -> BTreeMap<String, u64> {
        let calls = self.0.iter();
        calls
            .map(|(capability, calls)| ((*capability).to_owned(), *calls))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taking_the_account_starts_a_new_one() {
        let meter = UsageMeter::default();
        let one = |peak_memory_bytes| Usage {
            instances: 1,
            cpu_us: 5,
            peak_memory_bytes,
            host_calls: BTreeMap::from([("http".to_owned(), 2)]),
            ..Usage::default()
        };
        meter.add(&one(70));
        meter.add(&one(30));
        meter.came(10);
        meter.went(4);
        let taken = meter.take();
        assert_eq!((taken.instances, taken.cpu_us), (2, 10));
        assert_eq!(taken.peak_memory_bytes, 70, "not the sum");
        assert_eq!((taken.bytes_in, taken.bytes_out), (10, 4));
        assert_eq!(taken.host_calls["http"], 4);
        assert!(meter.take().is_empty());
    }
}
