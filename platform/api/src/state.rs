//! What the handlers work with. `cli` puts it together.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tributary_lake::Lake;
use tributary_model::clock::Clock;
use tributary_model::document::ConnectionDocument;
use tributary_model::id::{IdSource, RunId, TenantId};
use tributary_model::manifest::Manifest;
use tributary_model::plan::Plans;
use tributary_model::problem::Problem;
use tributary_store::Store;
use tributary_vault::Vault;
use utoipa::ToSchema;

use crate::auth::token::TokenKeys;
use crate::request::slots::Slots;

/// Everything that a handler may use. Cheap to clone.
#[derive(Clone)]
pub struct ApiState {
    /// under which browsers reach this server, `https://tributary.example.com`: without path and slash
    pub public_url: String,
    pub store: Store,
    pub vault: Arc<Vault>,
    pub lake: Lake,
    pub tokens: Arc<TokenKeys>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    /// tells the workers of this process that work was queued
    pub wake: Arc<Notify>,
    /// rung when a run was cancelled
    pub cancelled: Arc<Notify>,
    pub connectors: ConnectorPort,
    pub explain: Arc<ExplainFn>,
    /// ends live streams when the process stops
    pub shutdown: CancellationToken,
    pub limits: Limits,
    pub plans: Plans,
}

/// What a function of the [`ConnectorPort`] gives, in time.
pub type PortFuture<T> = BoxFuture<'static, Result<T, Problem>>;
/// Loads a component and keeps its bytes.
pub type InstallFn = dyn Fn(Bytes) -> PortFuture<ConnectorInfo> + Send + Sync;
/// Tries a connection.
pub type CheckFn = dyn Fn(TenantId, ConnectionDocument) -> PortFuture<Vec<CheckStep>> + Send + Sync;

/// Lists the streams of a connection, with samples.
pub type DiscoverFn =
    dyn Fn(TenantId, ConnectionDocument, Wanted) -> PortFuture<Vec<DiscoveredStream>> + Send + Sync;

/// The address that a browser is sent to, to give consent to a connection (secrets filled in).
pub type ConsentAddressFn =
    dyn Fn(TenantId, ConnectionDocument, ConsentRequest) -> PortFuture<String> + Send + Sync;

/// Gets tokens for what the browser brought back, and keeps them.
pub type ConsentedFn =
    dyn Fn(TenantId, ConnectionDocument, ConsentAnswer) -> PortFuture<Consented> + Send + Sync;

/// Who signed the component with that digest; `None`: nobody, or its bytes are gone.
pub type SignerFn = dyn Fn(String) -> PortFuture<Option<Signer>> + Send + Sync;

/// Where the code of the component with that digest runs: `process` or `runner`; `None`: it does not run.
pub type IsolationFn = dyn Fn(String) -> PortFuture<Option<String>> + Send + Sync;

/// The other digests of the component with that digest; `None`: its bytes are gone.
pub type DigestsFn = dyn Fn(String) -> PortFuture<Option<Digests>> + Send + Sync;

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
    /// reaches out to the other side of a connection (secrets filled in) and lists its streams
    pub discover: Arc<DiscoverFn>,
    /// makes the address of the other side's page for consent
    pub consent_address: Arc<ConsentAddressFn>,
    /// reaches out to the other side for tokens
    pub consented: Arc<ConsentedFn>,
    /// reads the signature of an installed component, which was judged when it was installed
    pub signer: Arc<SignerFn>,
    /// says where an installed connector runs, by the trust of now
    pub isolation: Arc<IsolationFn>,
    /// says by which digests people know an installed connector
    pub digests: Arc<DigestsFn>,
}

/// What a browser is sent to the other side with.
#[derive(Debug, Clone)]
pub struct ConsentRequest {
    /// where it shall come back to
    pub redirect_uri: String,
    /// what it shall bring back
    pub state: String,
    /// of PKCE (RFC 7636)
    pub verifier: SecretString,
}

/// What it brought back.
#[derive(Debug, Clone)]
pub struct ConsentAnswer {
    pub code: SecretString,
    pub verifier: SecretString,
    pub redirect_uri: String,
    /// RFC 9207
    pub issuer: Option<String>,
}

/// How long a consent lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consented {
    /// the platform gets further tokens by itself
    pub renewable: bool,
    /// of the first access token, seconds; `None`: the other side did not say
    pub lifetime_s: Option<u64>,
}

/// Whose signature a component carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Signer {
    pub publisher: String,
    /// id of the publisher's key
    pub key: String,
}

/// By what a component is known outside of this platform, each `sha256:` and 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Digests {
    /// of the file, as registries and `sha256sum` have it
    pub file_digest: String,
    /// of the component without its signature, which signatures, reviews and revocations name
    pub content_digest: String,
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
    /// what to do; only of a step that failed
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// code of the error's page; only of a step that failed, and if there is one for it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// time, ms. A connector answers its steps together: the last of them has the time of them all
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
}

/// What to discover.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// this stream only; `None`: all
    pub stream: Option<String>,
    /// rows of each stream that are looked at; 0: none
    pub rows: usize,
}

/// A stream of a connection, with what samples of its rows showed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DiscoveredStream {
    pub name: String,
    /// JSON Schema of one row: what the connector says, with what samples showed
    #[schema(value_type = Object)]
    pub schema: Value,
    /// fields that name a row; empty if unknown
    pub primary_key: Vec<String>,
    pub cursor_field: Option<String>,
    pub full: bool,
    pub incremental: bool,
    /// parts of it may be read side by side
    pub partitioned: bool,
    /// rows that were looked at
    pub sampled_rows: u64,
    /// why no sample could be taken
    pub sample_problem: Option<SampleProblem>,
    /// of the sample; empty without one
    pub fields: Vec<DiscoveredField>,
}

/// Why no sample could be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SampleProblem {
    pub code: String,
    pub detail: String,
    pub hint: String,
}

/// One field as samples showed it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DiscoveredField {
    /// RFC 9535 path with `[*]` for elements
    pub path: String,
    /// kinds that were declared or seen; empty: unknown
    pub kinds: Vec<String>,
    /// share of the places without a value (missing, null or empty text), 0 to 1
    pub empty_share: f64,
    /// different values, counted up to 1,000
    pub distinct: u64,
    #[schema(value_type = Vec<Object>)]
    pub examples: Vec<Value>,
    /// what all texts can be read as, the likeliest first: `{"kind": "int"}`, `{"kind": "decimal",
    /// "locales": […]}`, `{"kind": "date", "formats": […]}`, `{"kind": "instant"}`, `{"kind": "bool",
    /// "truthy", "falsy"}`, `{"kind": "digits"}`
    #[schema(value_type = Vec<Object>)]
    pub looks: Vec<Value>,
    /// characters of the shortest and of the longest text
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<u64>>)]
    pub lengths: Option<(u64, u64)>,
    /// the smallest and the largest number
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub numbers: Option<(String, String)>,
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
