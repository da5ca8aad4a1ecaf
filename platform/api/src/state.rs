//! What the handlers work with. `cli` puts it together.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tributary_lake::Lake;
use tributary_model::clock::Clock;
use tributary_model::document::ConnectionDocument;
use tributary_model::id::{IdSource, RunId, TenantId};
use tributary_model::manifest::Manifest;
use tributary_model::problem::Problem;
use tributary_store::Store;
use tributary_vault::Vault;
use utoipa::ToSchema;

use crate::auth::token::TokenKeys;
use crate::request::slots::Slots;

/// Everything that a handler may use. Cheap to clone.
#[derive(Clone)]
pub struct ApiState {
    pub store: Store,
    pub vault: Arc<Vault>,
    pub lake: Lake,
    pub tokens: Arc<TokenKeys>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    /// tells the workers of this process that work was queued
    pub wake: Arc<Notify>,
    pub connectors: ConnectorPort,
    pub explain: Arc<ExplainFn>,
    /// ends live streams when the process stops
    pub shutdown: CancellationToken,
    pub limits: Limits,
}

/// What a function of the [`ConnectorPort`] gives, in time.
pub type PortFuture<T> = BoxFuture<'static, Result<T, Problem>>;
/// Loads a component and keeps its bytes.
pub type InstallFn = dyn Fn(Bytes) -> PortFuture<ConnectorInfo> + Send + Sync;
/// Tries a connection.
pub type CheckFn = dyn Fn(TenantId, ConnectionDocument) -> PortFuture<Vec<CheckStep>> + Send + Sync;

/// Who signed the component with that digest; `None`: nobody, or its bytes are gone.
pub type SignerFn = dyn Fn(String) -> PortFuture<Option<Signer>> + Send + Sync;

/// Explains the record of a run with that key: JSON, or `None` if there is none. What only `jobs` can
/// do, passed in because this crate does not import it.
pub type ExplainFn = dyn Fn(TenantId, RunId, String) -> PortFuture<Option<Value>> + Send + Sync;

/// What only `host` can do, passed in because this crate does not import it.
#[derive(Clone)]
pub struct ConnectorPort {
    /// loads a component, checks it against its manifest, keeps its bytes where the workers find them
    pub install: Arc<InstallFn>,
    /// reaches out to the other side of a connection (secrets filled in) and says what worked
    pub check: Arc<CheckFn>,
    /// reads the signature of an installed component, which was judged when it was installed
    pub signer: Arc<SignerFn>,
}

/// Whose signature a component carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Signer {
    pub publisher: String,
    /// id of the publisher's key
    pub key: String,
}

/// A component that may be used.
#[derive(Debug, Clone)]
pub struct ConnectorInfo {
    pub manifest: Manifest,
    /// of the component's bytes, hex
    pub digest: String,
    /// where the bytes are kept, as `store` records it
    pub component: String,
}

/// One step of a connection check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckStep {
    pub name: String,
    pub ok: bool,
    /// what was found, or what went wrong
    pub message: String,
}

/// How much at once. Every field has a default.
#[derive(Clone)]
pub struct Limits {
    /// secrets that are checked at a time; each takes 19 MiB and tens of milliseconds
    pub logins: Arc<Semaphore>,
    /// live streams open at a time
    pub watchers: Slots,
    /// downloads open at a time
    pub downloads: Slots,
    /// files that come in at a time; each takes some MiB
    pub uploads: Slots,
    /// batches of records that come in at a time; each takes some times its size
    pub pushes: Slots,
    /// longest file, bytes
    pub upload_bytes: u64,
    /// longest time that a file may take to come
    pub upload_timeout: Duration,
    /// until the head of an answer
    pub handler_timeout: Duration,
    /// the same where a component is compiled first: longer than the host gives the compiler
    pub compile_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            logins: Arc::new(Semaphore::new(4)),
            watchers: Slots::new(200, 50),
            downloads: Slots::new(20, 5),
            uploads: Slots::new(16, 4),
            pushes: Slots::new(16, 4),
            upload_bytes: 5 << 30,
            upload_timeout: Duration::from_secs(6 * 3600),
            handler_timeout: Duration::from_secs(30),
            compile_timeout: Duration::from_secs(120),
        }
    }
}
