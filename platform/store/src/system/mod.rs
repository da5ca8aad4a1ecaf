//! What belongs to the platform: tenants, clients, connectors, and the queue across tenants.

mod clients;
mod connectors;
mod queue;
mod sweep;
mod tenants;
mod trust;

use crate::db::{Db, Scope, Tx};
use crate::error::StoreError;

pub use clients::{Client, NewClient};
pub use connectors::{Connector, NewConnector};
pub use queue::{Heartbeat, NextDue};
pub use sweep::{Swept, SweptWork};
pub use tenants::Tenant;
pub use trust::StoredTrust;

/// Queries that are about no single tenant. Handed only to the operator's routes, the workers
/// and the scheduler. Cheap to clone.
#[derive(Clone)]
pub struct SystemStore {
    db: Db,
}

impl std::fmt::Debug for SystemStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SystemStore(..)")
    }
}

impl SystemStore {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    async fn read(&self) -> Result<Tx, StoreError> {
        self.db.read(Scope::System).await
    }

    async fn write(&self) -> Result<Tx, StoreError> {
        self.db.write(Scope::System).await
    }
}
