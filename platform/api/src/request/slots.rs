//! Slots for what lasts or is large: downloads, live streams, what comes in. There are so many in all, and no tenant gets more
//! than its share, so that one that holds its answers open does not keep the others out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tributary_model::error_code::ErrorCode;
use tributary_model::id::TenantId;
use tributary_model::problem::Problem;

use crate::problem::ApiError;

/// A number of slots.
#[derive(Clone)]
pub struct Slots {
    all: usize,
    per_tenant: usize,
    held: Arc<Mutex<HashMap<TenantId, usize>>>,
}

/// One slot; it is free again when this is dropped.
pub(crate) struct Slot {
    tenant: TenantId,
    held: Arc<Mutex<HashMap<TenantId, usize>>>,
}

impl Slots {
    /// `all` slots, of which a tenant may hold `per_tenant`.
    #[must_use]
    pub fn new(all: usize, per_tenant: usize) -> Self {
        Self {
            all,
            per_tenant,
            held: Arc::default(),
        }
    }

    /// A slot, or when to come again.
    pub(crate) fn claim(&self, tenant: &TenantId, what: &str) -> Result<Slot, ApiError> {
        let busy = Problem {
            retry_after_ms: Some(5_000),
            ..Problem::new(
                ErrorCode::TooManyRequests,
                format!("too many {what} at once"),
            )
        };
        self.take(tenant).ok_or_else(|| busy.into())
    }

    /// A slot, if there is one for this tenant.
    pub(crate) fn take(&self, tenant: &TenantId) -> Option<Slot> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let own = held.get(tenant).copied().unwrap_or(0);
        if own >= self.per_tenant || held.values().sum::<usize>() >= self.all {
            return None;
        }
        held.insert(tenant.clone(), own + 1);
        Some(Slot {
            tenant: tenant.clone(),
            held: Arc::clone(&self.held),
        })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let left = held.get(&self.tenant).copied().unwrap_or(0);
        if left > 1 {
            held.insert(self.tenant.clone(), left - 1);
        } else {
            held.remove(&self.tenant);
        }
    }
}

#[cfg(test)]
mod tests {
    use tributary_model::id::Slug;

    use super::*;

    #[test]
    fn a_tenant_gets_its_share_and_no_more_than_there_are() {
        let tenant = |name| Slug::parse(name).unwrap();
        let slots = Slots::new(3, 2);
        let first = slots.take(&tenant("acme")).unwrap();
        let _second = slots.take(&tenant("acme")).unwrap();
        assert!(
            slots.take(&tenant("acme")).is_none(),
            "its share is used up"
        );
        let other = slots.take(&tenant("globex")).unwrap();
        assert!(slots.take(&tenant("globex")).is_none(), "all are used up");
        drop(first);
        assert!(slots.take(&tenant("acme")).is_some());
        drop(other);
        let held = slots.held.lock().unwrap();
        assert_eq!(held.len(), 1, "who holds none is forgotten: {held:?}");
    }
}
