//! Everything about one tenant: its documents here, its runs and records in `ledger`.

mod connections;
mod consents;
mod documents;
mod owner;
mod pushes;
mod put;
mod room;
mod tokens;
mod uploads;

use tributary_model::id::TenantId;

use crate::db::{Db, Scope, Tx};
use crate::error::StoreError;

pub use connections::{Connection, NewConnection, SealedSecrets};
pub use consents::{Consent, NewConsent};
pub use documents::{Document, DocumentHead, document_title};
pub use owner::Owner;
pub use pushes::{NewPush, Push, PushAdded, PushCounts};
pub(crate) use put::{Current, decide, digest};
pub use put::{Origin, Put, PutOptions, PutOutcome};
pub use room::{Kept, KeptMost, Room};
pub use tokens::TokenLease;
pub use uploads::{NewUpload, Upload, UploadChange, UploadFilter, UploadPut};

/// All queries about one tenant's things. Cheap to clone.
#[derive(Clone)]
pub struct TenantStore {
    db: Db,
    tenant: TenantId,
}

impl std::fmt::Debug for TenantStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TenantStore({})", self.tenant)
    }
}

impl TenantStore {
    pub(crate) fn new(db: Db, tenant: TenantId) -> Self {
        Self { db, tenant }
    }

    /// Whose handle it is.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    pub(crate) async fn read(&self) -> Result<Tx, StoreError> {
        self.db.read(Scope::Tenant(&self.tenant)).await
    }

    pub(crate) async fn write(&self) -> Result<Tx, StoreError> {
        self.db.write(Scope::Tenant(&self.tenant)).await
    }
}
