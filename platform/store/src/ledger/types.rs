//! Leases and the outcome of a fenced commit.

use tributary_model::id::{RunId, TenantId};
use tributary_model::state::WorkKind;

use crate::error::StoreError;

/// A piece of work that a worker holds until its lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// unique within the tenant
    pub work_id: String,
    pub tenant: TenantId,
    pub run: RunId,
    pub kind: WorkKind,
    /// of extract and batch work
    pub partition: Option<u32>,
    /// of batch work
    pub batch: Option<u32>,
    /// the fence: grows with each claim; belongs in names of objects
    pub epoch: u64,
    /// 1 for the first try since the run was started or redriven
    pub attempt: u32,
    /// the run's own: 1, and one more with each redrive
    pub run_attempt: u32,
    /// batches are mapped and checked only; delivery opens when all of them are
    pub delivery_held: bool,
    /// the run is being stopped: hand the work back soon
    pub cancel_requested: bool,
}

/// What identifies a lease.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LeaseKey {
    pub tenant: TenantId,
    pub work_id: String,
    pub epoch: u64,
}

impl Lease {
    /// For heartbeat and release.
    #[must_use]
    pub fn key(&self) -> LeaseKey {
        LeaseKey {
            tenant: self.tenant.clone(),
            work_id: self.work_id.clone(),
            epoch: self.epoch,
        }
    }

    pub(super) fn partition_no(&self) -> Result<u32, StoreError> {
        self.partition
            .ok_or(StoreError::WrongLease { kind: self.kind })
    }

    pub(super) fn batch_no(&self) -> Result<u32, StoreError> {
        self.batch.ok_or(StoreError::WrongLease { kind: self.kind })
    }
}

/// Outcome of a commit under a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a lost lease means that nothing was written"]
pub enum Fenced<T> {
    /// The lease was lost; nothing was written. Normal after a pause: discard quietly.
    Lost,
    /// Written.
    Done(T),
}
