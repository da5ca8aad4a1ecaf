//! A tenant's connection with its secrets filled in: the only place in the host that holds a
//! credential. Connectors get a handle; engine and connectors both send through [`Connection::send`].
//!
//! Invariants: no credential in Debug, errors or logs; every socket comes from `egress`; HTTP
//! keeps below the base address and follows no redirect; SSH host keys are pinned.

mod captured;
mod climb;
mod credential;
mod files;
mod http;
mod other_side;
mod probe;
mod request;
mod s3;
mod sftp;
mod sql;
mod stored;
mod tcp;
mod tls;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use tributary_model::auth_recipe::AuthRecipe;
use tributary_model::clock::{Clock, SystemClock};
use tributary_model::document::{ConnectionDocument, Endpoint, SqlDriver};
use tributary_model::error_code::ErrorCode;
use tributary_model::id::Slug;
use tributary_model::manifest::EndpointKind;
use tributary_model::plan::Plan;
use tributary_model::problem::Problem;
use tributary_model::usage::Usage;

use crate::call::CheckStep;
use crate::egress::EgressPolicy;
use crate::usage::UsageMeter;

pub(crate) use credential::check_recipe;
pub use credential::{ConsentAsked, ConsentGiven, Consented, KeptTokens, TokenKeeper};
use credential::{Secrets, TokenSource, no_consent};
pub use files::Entry;
pub(crate) use files::{FileReader, FileSession, check_path};
pub(crate) use http::HttpEndpoint;
pub(crate) use http::transport::{MAX_BODY_BYTES, granted_in_clear};
pub use other_side::{FileBytes, OtherSide, OtherSocket, QueryAnswer};
use probe::Probe;
pub use request::{HttpRequest, HttpResponse, SendError};
pub(crate) use s3::S3Endpoint;
pub(crate) use sftp::SftpEndpoint;
pub(crate) use sql::{Asked, Log, SqlEndpoint, SqlRows, Statement, fetch};
pub use stored::{StoredFile, StoredFiles};
pub(crate) use tcp::TcpEndpoint;

/// Time to connect, TLS and SSH handshakes included.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// See the module. Cheap to share; holds pooled sockets and SSH sessions, so keep it as long as
/// the configuration stays the same.
pub struct Connection {
    name: Slug,
    kind: EndpointKind,
    endpoint: Protocol,
    /// of a database
    dialect: Option<SqlDriver>,
    /// what must not appear in a log
    secrets: Vec<SecretString>,
    /// see [`Self::looking`]
    only_looks: bool,
    usage: Arc<UsageMeter>,
    plan: Arc<Plan>,
}

enum Protocol {
    Http(Box<HttpEndpoint>),
    Sftp(Arc<SftpEndpoint>),
    S3(Arc<S3Endpoint>),
    Sql(SqlEndpoint),
    Tcp(TcpEndpoint),
    /// what came to the platform by itself
    Stored(Arc<dyn StoredFiles>),
    /// files or a database that a test host plays
    Played(Arc<dyn OtherSide>),
}

/// What a connection works with besides its document.
#[derive(Clone)]
pub struct ConnectionPorts {
    pub egress: EgressPolicy,
    /// what signatures and the life of tokens are told by
    pub clock: Arc<dyn Clock>,
    /// where tokens outlive the connection; `None`: they do not
    pub keeper: Option<Arc<dyn TokenKeeper>>,
    /// where the tenant's files of databases lie; `None`: it has none
    pub databases: Option<PathBuf>,
    /// what is behind an endpoint that nothing is reached out to ([`EndpointKind::comes_in`])
    pub stored: Option<Arc<dyn StoredFiles>>,
    /// what the tenant's connectors may use
    pub plan: Arc<Plan>,
    /// how the connector describes its credentials, for connections that leave it to it
    pub recipe: Option<AuthRecipe>,
}

impl ConnectionPorts {
    /// The machine's clock, tokens that live as long as the connection, and a plan that bounds nothing.
    #[must_use]
    pub fn new(egress: &EgressPolicy) -> Self {
        Self {
            egress: egress.clone(),
            clock: Arc::new(SystemClock),
            keeper: None,
            databases: None,
            stored: None,
            plan: Plan::unbounded(),
            recipe: None,
        }
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("name", &self.name)
            .field("kind", &self.kind())
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// As [`Self::with_ports`], with [`ConnectionPorts::new`].
    ///
    /// # Errors
    /// As there.
    pub fn new(document: &ConnectionDocument, egress: &EgressPolicy) -> Result<Self, Problem> {
        Self::with_ports(document, &ConnectionPorts::new(egress))
    }

    /// Checks the endpoint and keeps the secrets. Opens nothing yet.
    ///
    /// # Errors
    /// [`ErrorCode::ConfigInvalid`] with a pointer into the document for what does not fit;
    /// [`ErrorCode::ConnectionRefused`] for an address that egress forbids.
    pub fn with_ports(
        document: &ConnectionDocument,
        ports: &ConnectionPorts,
    ) -> Result<Self, Problem> {
        let secrets = Secrets::new(&document.secrets);
        let endpoint = match &document.endpoint {
            Endpoint::Http {
                base_url,
                auth,
                tls,
            } => {
                let endpoint = HttpEndpoint::new(base_url, auth, tls, &secrets, ports)?;
                Protocol::Http(Box::new(endpoint))
            }
            Endpoint::Sftp {
                host,
                port,
                user,
                auth,
                host_keys,
            } => {
                let credentials = sftp::Credentials::new(user, *auth, &secrets)?;
                let endpoint =
                    SftpEndpoint::new(host, *port, credentials, host_keys, &ports.egress)?;
                Protocol::Sftp(Arc::new(endpoint))
            }
            Endpoint::S3 {
                endpoint,
                region,
                bucket,
                prefix,
                path_style,
                auth,
            } => {
                let settings = s3::Settings {
                    endpoint: endpoint.as_deref(),
                    region,
                    bucket,
                    prefix,
                    path_style: *path_style,
                    auth,
                };
                let endpoint = S3Endpoint::new(&settings, &secrets, ports)?;
                Protocol::S3(Arc::new(endpoint))
            }
            Endpoint::Sql { .. } => Protocol::Sql(SqlEndpoint::of(document, &secrets, ports)?),
            Endpoint::Tcp { host, port, tls } => {
                let endpoint = TcpEndpoint::new(host, *port, tls, &secrets, &ports.egress)?;
                Protocol::Tcp(endpoint)
            }
            Endpoint::Uploads {} | Endpoint::Push {} => {
                let stored = ports.stored.as_ref().ok_or_else(nothing_came)?;
                Protocol::Stored(Arc::clone(stored))
            }
        };
        Ok(Self {
            kind: document.endpoint.kind(),
            name: document.name.clone(),
            dialect: dialect_of(document),
            endpoint,
            secrets: document
                .secrets
                .values()
                .map(|value| SecretString::from(value.clone()))
                .collect(),
            only_looks: false,
            usage: Arc::default(),
            plan: Arc::clone(&ports.plan),
        })
    }

    /// A connection whose guests reach `other` instead of the network. Nothing is dialled, so credentials
    /// and egress are not looked at; the document's secrets are covered in answers and logs all the same.
    ///
    /// # Errors
    /// [`ErrorCode::ConfigInvalid`] for a base address that is none.
    pub fn across(
        document: &ConnectionDocument,
        other: Arc<dyn OtherSide>,
    ) -> Result<Self, Problem> {
        let endpoint = match &document.endpoint {
            Endpoint::Http { base_url, .. } => {
                let secrets = Secrets::new(&document.secrets);
                let endpoint = HttpEndpoint::across(base_url, &secrets, other)?;
                Protocol::Http(Box::new(endpoint))
            }
            Endpoint::Sftp { .. }
            | Endpoint::S3 { .. }
            | Endpoint::Sql { .. }
            | Endpoint::Tcp { .. }
            | Endpoint::Uploads {}
            | Endpoint::Push {} => Protocol::Played(other),
        };
        let secret = |value: &String| SecretString::from(value.clone());
        Ok(Self {
            name: document.name.clone(),
            kind: document.endpoint.kind(),
            dialect: dialect_of(document),
            endpoint,
            secrets: document.secrets.values().map(secret).collect(),
            only_looks: false,
            usage: Arc::default(),
            plan: Plan::unbounded(),
        })
    }

    /// The name the tenant gave it.
    #[must_use]
    pub fn name(&self) -> &Slug {
        &self.name
    }

    /// The values of its secrets, to look for them where they must not be.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(ExposeSecret::expose_secret)
    }

    /// The same for who only looks at samples: connectors can move and remove no file through it, and
    /// nothing that they read counts as durable.
    #[must_use]
    pub fn looking(mut self) -> Self {
        self.only_looks = true;
        self
    }

    pub(crate) fn only_looks(&self) -> bool {
        self.only_looks
    }

    pub(crate) fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    pub(crate) fn usage(&self) -> &Arc<UsageMeter> {
        &self.usage
    }

    /// What was used through this connection since it was asked last.
    #[must_use]
    pub fn take_usage(&self) -> Usage {
        self.usage.take()
    }

    /// Tries to reach the other side and to sign in, step by step, up to the first that fails. No data
    /// is read and nothing is changed; a played connection has no steps.
    pub async fn probe(&self) -> Vec<CheckStep> {
        let mut probe = Probe::default();
        match &self.endpoint {
            Protocol::Http(http) => http.probe(&mut probe).await,
            Protocol::Sftp(sftp) => sftp.probe(&mut probe).await,
            Protocol::S3(s3) => s3.probe(&mut probe).await,
            Protocol::Tcp(tcp) => tcp.probe(&mut probe).await,
            // nothing is dialled, or the connector itself asks in steps
            Protocol::Sql(_) | Protocol::Stored(_) | Protocol::Played(_) => {}
        }
        probe.steps()
    }

    /// The address that a person's browser is sent to, to give consent (RFC 6749 §4.1.1). Nothing is
    /// dialled.
    ///
    /// # Errors
    /// [`ErrorCode::ConfigInvalid`] if this connection needs none, or does not say where.
    pub fn consent_address(&self, asked: &ConsentAsked) -> Result<String, Problem> {
        self.tokens()?.consent_address(asked)
    }

    /// Gets tokens for what the browser brought back, and keeps them in place of all that there were.
    ///
    /// # Errors
    /// What the token endpoint refuses, or that it cannot be reached; an issuer that is another;
    /// the keeper's. What a code gave is lost then: consent has to be given again.
    pub async fn consented(&self, given: ConsentGiven) -> Result<Consented, Problem> {
        self.tokens()?.consented(given).await
    }

    fn tokens(&self) -> Result<&TokenSource, Problem> {
        match &self.endpoint {
            Protocol::Http(http) => http.tokens().ok_or_else(no_consent),
            _ => Err(no_consent()),
        }
    }

    /// What it speaks.
    #[must_use]
    pub fn kind(&self) -> EndpointKind {
        self.kind
    }

    /// The address that requests go below, without any secret; empty for what has none.
    #[must_use]
    pub fn base_url(&self) -> String {
        match &self.endpoint {
            Protocol::Http(http) => http.base_url(),
            _ => String::new(),
        }
    }

    /// Sends one request and reads the whole answer. Any status is an answer, no error. Sends a
    /// second time only if the answer was 401 and the credential could be renewed. On a connection
    /// with files, PUT writes one and HEAD looks at it ([`files`]); on one with a database, POST is a
    /// transaction ([`sql`]).
    ///
    /// # Errors
    /// [`SendError`]; `sent` is false only if the request surely never left.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        self.usage.went(request.body.as_ref().map_or(0, Bytes::len));
        let answer = self.send_one(request).await?;
        self.usage.came(answer.body.len());
        Ok(answer)
    }

    async fn send_one(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        match &self.endpoint {
            Protocol::Http(http) => http.send(request).await,
            Protocol::Sql(sql) => sql.call(request).await,
            Protocol::Played(other) => other.send(request).await,
            Protocol::Tcp(_) => Err(SendError::unsent(self.wrong_kind("http"))),
            Protocol::Sftp(_) | Protocol::S3(_) | Protocol::Stored(_) => {
                let mut session = self.files().await.map_err(SendError::unsent)?;
                session.call(request).await
            }
        }
    }

    /// The files behind it; for SFTP with an SSH session of this connection's pool.
    pub(crate) async fn files(&self) -> Result<FileSession, Problem> {
        match &self.endpoint {
            Protocol::Sftp(sftp) => Ok(FileSession::Sftp(SftpEndpoint::lease(sftp).await?)),
            Protocol::S3(s3) => Ok(FileSession::S3(Arc::clone(s3))),
            Protocol::Stored(stored) => Ok(FileSession::Stored(Arc::clone(stored))),
            Protocol::Played(other) => Ok(FileSession::Played(Arc::clone(other))),
            Protocol::Http(_) | Protocol::Sql(_) | Protocol::Tcp(_) => {
                Err(self.wrong_kind("sftp or s3"))
            }
        }
    }

    /// What the database behind it speaks.
    pub(crate) fn dialect(&self) -> Result<SqlDriver, Problem> {
        self.dialect.ok_or_else(|| self.wrong_kind("sql"))
    }

    /// Begins a query of the database behind it. What fails before its first page fails here.
    pub(crate) async fn query(&self, statement: &str, params: &str) -> Result<SqlRows, Problem> {
        self.dialect()?;
        let checked = Statement::reading(statement, params)?;
        match &self.endpoint {
            Protocol::Sql(sql) => sql.query(checked).await,
            Protocol::Played(other) => sql::played(other.query(statement, params).await?).await,
            _ => Err(self.wrong_kind("sql")),
        }
    }

    /// Opens a socket to the server behind it.
    pub(crate) async fn connect(&self) -> Result<Box<dyn OtherSocket>, Problem> {
        match &self.endpoint {
            Protocol::Tcp(tcp) => Ok(Box::new(tcp.connect().await?)),
            Protocol::Played(other) if self.kind == EndpointKind::Tcp => other.connect().await,
            _ => Err(self.wrong_kind("tcp")),
        }
    }

    fn wrong_kind(&self, wanted: &str) -> Problem {
        config_problem(
            "/endpoint/kind",
            format!(
                "the connection {:?} has an endpoint of another kind than {wanted:?}",
                self.name.as_str()
            ),
        )
    }
}

fn dialect_of(document: &ConnectionDocument) -> Option<SqlDriver> {
    match &document.endpoint {
        Endpoint::Sql { driver, .. } => Some(*driver),
        _ => None,
    }
}

/// A host of its own, outside the platform, has no files that customers sent.
fn nothing_came() -> Problem {
    let detail = "what is sent to the platform can be read only there";
    config_problem("/endpoint/kind", detail)
}

/// A host's name or address, and nothing beside.
pub(crate) fn check_host(host: &str) -> Result<(), Problem> {
    if host.is_empty() || host.contains(['/', '@', ' ']) {
        let detail = format!("{host:?} is no host name");
        return Err(config_problem("/endpoint/host", detail));
    }
    Ok(())
}

/// A place in the connection document that does not fit.
pub(crate) fn config_problem(pointer: &str, detail: impl Into<String>) -> Problem {
    Problem::new(ErrorCode::ConfigInvalid, detail).at(pointer)
}
