//! SQL: configuration, ledger, queue. SQLite for one node, Postgres for many, the same calls.
//!
//! ```text
//! Store ── tenant(name) ─▶ TenantStore   all queries about one tenant's things
//!       └─ system() ─────▶ SystemStore   tenants, clients, connectors; the queue's claim,
//!                                        heartbeat, release and sweep
//! ```
//!
//! Invariants:
//! - a query about a tenant's things exists only on that tenant's handle, every key starts with
//!   the tenant, and Postgres enforces it once more (row level security);
//! - the ledger is the truth: what a worker did is one transaction, fenced by the epoch of its
//!   lease ([`Fenced::Lost`] is a normal outcome: discard quietly);
//! - leases run on the database's clock; run states change only along
//!   `RunState::TRANSITIONS`, each change with its `run_event`;
//! - rows are private and checked on the way out; a missing thing is `Ok(None)`.
//!
//! Deliberately absent: payloads (they are in the lake), domain decisions (the caller computes
//! outcomes and reports), audit.
//!
//! How to add a query: a method beside its kin (`tenant/` configuration, `ledger/` runs and
//! records, `system/` the rest) with SQL that both databases take; if it cannot be one text,
//! both texts go to `db/dialect.rs`. Then a test in `tests/contract`, which runs on both; the
//! test `every_method_has_a_contract_test` fails until it is there.
//! How to add a migration: a new file in `migrations/` and its line in `db/migrate.rs`.

mod db;
mod error;
mod ledger;
mod row;
mod system;
mod tenant;

pub use error::StoreError;
pub use ledger::{
    Again, Amount, Announced, Batch, BatchAmount, BatchCheck, BatchObjects, BatchResult,
    BatchState, CursorMove, Enqueued, FailedPart, Fenced, IssueCount, IssueFilter, IssueRow, Lease,
    LeaseKey, LifeEntry, MOST_FAILED_PARTS, MOST_FINDINGS, NewBatch, NewPage, NewPartition,
    NewPlan, NewRun, NewSettlement, Page, Partition, RecordIssue, RecordOutcome, Redrive, Resume,
    Run, RunEvent, RunFilter, RunWork, Seen, SentAt, Settled, Settlement, StoredOutcome,
    StreamCursor, TargetFailure, record_key_hash,
};
pub use system::{
    Client, Connector, Heartbeat, NewClient, NewConnector, NextDue, StoredTrust, Swept, SweptWork,
    SystemStore, Tenant,
};
pub use tenant::{
    Connection, Consent, Document, DocumentHead, Kept, KeptMost, NewConnection, NewConsent,
    NewPush, NewUpload, Origin, Owner, Push, PushAdded, PushCounts, Put, PutOptions, PutOutcome,
    Room, SealedSecrets, TenantStore, TokenLease, Upload, UploadChange, UploadFilter, UploadPut,
    document_title,
};

use tributary_model::id::TenantId;

/// An open database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    db: db::Db,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store(..)")
    }
}

impl Store {
    /// Opens `sqlite:///absolute/path` (the file is made when absent, mode 0600) or
    /// `postgres://user:password@host/database` and brings the schema up to date.
    ///
    /// # Errors
    /// `Address`, `File`, `Connect`, `Migration`, `Database`.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Ok(Self {
            db: db::open(url).await?,
        })
    }

    /// The handle of one tenant. Whether the tenant exists shows in the queries.
    #[must_use]
    pub fn tenant(&self, tenant: &TenantId) -> TenantStore {
        TenantStore::new(self.db.clone(), tenant.clone())
    }

    /// The handle of the platform itself.
    #[must_use]
    pub fn system(&self) -> SystemStore {
        SystemStore::new(self.db.clone())
    }

    /// Closes all connections after their current work.
    pub async fn close(&self) {
        self.db.close().await;
    }
}
