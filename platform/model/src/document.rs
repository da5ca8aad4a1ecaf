//! The declarative documents of a tenant: `tenant.json`, `connections/*.json`,
//! `integrations/*.json`, `lookups/*.json`. (The mapping document belongs to `mapping`.)
//!
//! Invariant: unknown fields are errors; secrets appear only in [`ConnectionDocument::secrets`],
//! which is write-only: the API never gives them back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{Slug, TenantId};
use crate::manifest::EndpointKind;
use crate::source_shape::DriftPolicy;

pub use crate::http_auth::{HttpAuth, Tls};
pub use crate::sql_endpoint::{SqlAuth, SqlDriver, SqlTls, TlsMode};
pub use crate::tcp_endpoint::TcpTls;

/// What a connection's secrets are sealed as: the `kind` that `api` seals and `jobs` opens with.
pub const SECRETS_KIND: &str = "connection_secrets";

/// What an integration may say in place of a digest in `connector_digest`: the bytes that its connection
/// stands for when the integration is saved. What is stored is their digest, so runs load these bytes and no
/// others until the integration is saved again. Without `connector_digest` each run takes what is installed
/// when it starts.
pub const INSTALLED: &str = "installed";

/// `tenant.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantDocument {
    pub name: TenantId,
    pub title: String,
    /// what the operator lets the tenant use, by its name in the server's configuration
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Slug>,
}

/// `connections/<name>.json`: a connector with its configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionDocument {
    pub name: Slug,
    #[serde(default)]
    pub title: String,
    /// name of the connector
    pub connector: Slug,
    /// these bytes of the connector and no others, as `tributary connector list --json` shows their
    /// digest; the version installed last if absent
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector_digest: Option<String>,
    pub endpoint: Endpoint,
    /// checked against the connector's `config_schema`; given to the guest as it is
    #[serde(default)]
    pub config: serde_json::Value,
    /// write-only; which names exist depends on the endpoint's auth
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, String>,
}

/// Where the other side is and how the host proves who it is. The guest sees none of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Endpoint {
    Http {
        /// requests go below this address and nowhere else
        base_url: String,
        #[serde(default)]
        auth: Box<HttpAuth>,
        #[serde(default, skip_serializing_if = "Tls::usual")]
        tls: Tls,
    },
    Sftp {
        host: String,
        #[serde(default = "ssh_port", deserialize_with = "port_number")]
        port: u16,
        user: String,
        #[serde(default)]
        auth: SshAuth,
        /// pinned public host keys, OpenSSH form (`ssh-ed25519 AAAA…`); any one must match
        host_keys: Vec<String>,
    },
    /// A bucket of Amazon S3 or of a store that speaks its protocol.
    S3 {
        /// `https://` address of the store; Amazon's of the region if absent
        #[serde(default, skip_serializing_if = "Option::is_none")]
        endpoint: Option<String>,
        region: String,
        bucket: String,
        /// everything happens below this part of the bucket, for example `outbound/`
        #[serde(default, skip_serializing_if = "String::is_empty")]
        prefix: String,
        /// the bucket in the path instead of the host name; by default so where `endpoint` is given
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path_style: Option<bool>,
        auth: S3Auth,
    },
    /// A database.
    Sql {
        driver: SqlDriver,
        /// of a server; none for a file
        #[serde(default, skip_serializing_if = "String::is_empty")]
        host: String,
        /// the driver's usual one if absent
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            deserialize_with = "some_port"
        )]
        port: Option<u16>,
        /// its name on the server; for SQLite the file's path below the folder that the operator gave
        /// the tenant
        database: String,
        #[serde(default, skip_serializing_if = "SqlTls::usual")]
        tls: SqlTls,
        #[serde(default)]
        auth: SqlAuth,
    },
    /// A server that speaks a protocol of its own. No account: what is said over the socket is the
    /// connector's, which knows no secret.
    Tcp {
        host: String,
        #[serde(deserialize_with = "port_number")]
        port: u16,
        #[serde(default, skip_serializing_if = "TcpTls::usual")]
        tls: TcpTls,
    },
    /// Files that are sent to the platform under this connection's name. No address, no secrets.
    Uploads {},
    /// Records that are pushed to the platform for an integration that has this connection as its
    /// source. No address, no secrets.
    Push {},
}

fn ssh_port() -> u16 {
    22
}

/// A port, as a number or (after `${VARIABLE}` was filled in) as text.
fn port_number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Port {
        Number(u16),
        Text(String),
    }
    match Port::deserialize(deserializer)? {
        Port::Number(port) => Ok(port),
        Port::Text(text) => text
            .parse()
            .map_err(|_| serde::de::Error::custom(format!("{text:?} is not a port (1 to 65535)"))),
    }
}

fn some_port<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    port_number(deserializer).map(Some)
}

/// Credentials of an SSH endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SshAuth {
    /// secret `password`
    #[default]
    Password,
    /// secret `private_key` (OpenSSH PEM) and, if it is locked, `passphrase`
    Key,
}

/// Credentials of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum S3Auth {
    /// secret `secret_access_key`, and `session_token` for keys that end
    AccessKey { access_key_id: String },
}

impl Endpoint {
    /// What it speaks.
    #[must_use]
    pub fn kind(&self) -> EndpointKind {
        match self {
            Self::Http { .. } => EndpointKind::Http,
            Self::Sftp { .. } => EndpointKind::Sftp,
            Self::S3 { .. } => EndpointKind::S3,
            Self::Sql { .. } => EndpointKind::Sql,
            Self::Tcp { .. } => EndpointKind::Tcp,
            Self::Uploads {} => EndpointKind::Uploads,
            Self::Push {} => EndpointKind::Push,
        }
    }
}

/// `integrations/<name>.json`: what flows from where to where, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntegrationDocument {
    pub name: Slug,
    #[serde(default)]
    pub title: String,
    pub source: SourceRef,
    /// name of the mapping
    pub mapping: Slug,
    pub target: TargetRef,
    #[serde(default)]
    pub mode: LoadMode,
    /// values for the mapping's parameters
    #[serde(default)]
    pub params: BTreeMap<String, serde_json::Value>,
    #[serde(default)]
    pub delivery: DeliveryPolicy,
    #[serde(default)]
    pub tolerance: Tolerance,
    /// what happens when the source no longer has what the mapping reads
    #[serde(default, skip_serializing_if = "DriftPolicy::usual")]
    pub drift: DriftPolicy,
}

impl IntegrationDocument {
    /// Both sides: which, its connection, and the digest of the connector's bytes that it pins.
    #[must_use]
    pub fn sides(&self) -> [(&'static str, &Slug, Option<&str>); 2] {
        let (source, target) = (&self.source, &self.target);
        [
            (
                "source",
                &source.connection,
                source.connector_digest.as_deref(),
            ),
            (
                "target",
                &target.connection,
                target.connector_digest.as_deref(),
            ),
        ]
    }
}

/// The source side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceRef {
    pub connection: Slug,
    pub stream: String,
    /// see [`INSTALLED`]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector_digest: Option<String>,
}

/// The target side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetRef {
    pub connection: Slug,
    /// see [`INSTALLED`]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector_digest: Option<String>,
}

/// What a run reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadMode {
    /// everything the source has
    #[default]
    Full,
    /// what came or changed since the last run
    Incremental,
}

impl LoadMode {
    /// The word used in the database and API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Incremental => "incremental",
        }
    }

    /// The mode named by `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "full" => Some(Self::Full),
            "incremental" => Some(Self::Incremental),
            _ => None,
        }
    }
}

/// How the target is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeliveryPolicy {
    /// calls in flight at a time per batch
    pub concurrency: u32,
    /// tries of one call before its records wait for a redrive
    pub max_attempts: u32,
    /// longest wait between two tries, ms
    pub max_backoff_ms: u64,
    /// no answer after this long counts as lost, ms
    pub timeout_ms: u64,
    /// when a run leaves the target alone for a while
    pub breaker: BreakerPolicy,
}

/// A target that does not answer, or answers that it is ill, pauses the run instead of using up the
/// tries of its batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BreakerPolicy {
    /// calls in a row that fail before the run is paused; 0: never
    pub failed_calls: u32,
    /// until one batch tries again, ms; doubled each time it fails
    pub wait_ms: u64,
    /// longest wait, ms
    pub max_wait_ms: u64,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self {
            failed_calls: 10,
            wait_ms: 5_000,
            max_wait_ms: 300_000,
        }
    }
}

impl Default for DeliveryPolicy {
    fn default() -> Self {
        Self {
            concurrency: 4,
            max_attempts: 5,
            max_backoff_ms: 30_000,
            timeout_ms: 30_000,
            breaker: BreakerPolicy::default(),
        }
    }
}

/// How many bad records (quarantined or rejected) a run may have and still not be `failed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tolerance {
    /// per cent of the records read, 0 to 100
    pub max_bad_percent: u8,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self {
            max_bad_percent: 100,
        }
    }
}

/// `lookups/<name>.json`: a table that mappings of the tenant look values up in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookupDocument {
    pub name: Slug,
    #[serde(default)]
    pub title: String,
    /// names of the key columns; more than one makes a composite key
    pub key: Vec<String>,
    /// the rows; every value is text
    pub rows: Vec<BTreeMap<String, String>>,
}
