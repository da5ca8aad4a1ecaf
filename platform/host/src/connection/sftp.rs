//! SSH sessions with an SFTP channel: pinned host keys, password or key, a small pool.
//!
//! Invariant: no credential leaves before the server has shown a pinned key.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use russh::client::{AuthResult, Handle};
use russh::keys::{Algorithm, HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKey};
use russh_sftp::client::RawSftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpStream;
use tributary_model::document::SshAuth;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::credential::Secrets;
use super::{CONNECT_TIMEOUT, Probe, config_problem};
use crate::egress::EgressPolicy;

const MAX_IDLE_SESSIONS: usize = 4;
const IDLE_LIFE: Duration = Duration::from_secs(60);

/// Who we are to the server.
pub(crate) struct Credentials {
    user: String,
    proof: Proof,
}

enum Proof {
    Password(SecretString),
    Key(Arc<PrivateKey>),
}

impl Credentials {
    pub(crate) fn new(user: &str, auth: SshAuth, secrets: &Secrets) -> Result<Self, Problem> {
        let proof = match auth {
            SshAuth::Password => Proof::Password(secrets.required("password")?),
            SshAuth::Key => {
                let pem = secrets.required("private_key")?;
                let passphrase = secrets.optional("passphrase");
                let passphrase = passphrase.as_ref().map(ExposeSecret::expose_secret);
                let key = russh::keys::decode_secret_key(pem.expose_secret(), passphrase)
                    .map_err(|_| {
                        config_problem(
                            "/secrets/private_key",
                            "the private key can't be read; is it an OpenSSH key, and does the passphrase fit?",
                        )
                    })?;
                Proof::Key(Arc::new(key))
            }
        };
        Ok(Self {
            user: user.to_owned(),
            proof,
        })
    }
}

pub(crate) struct SftpEndpoint {
    host: String,
    port: u16,
    credentials: Credentials,
    pinned: Vec<PublicKey>,
    policy: EgressPolicy,
    idle: Mutex<Vec<(SftpSession, Instant)>>,
}

struct SftpSession {
    raw: Arc<RawSftpSession>,
    /// dropping it ends the SSH connection
    ssh: Handle<PinnedKeys>,
}

/// A session on loan; it goes back to the pool unless something broke.
pub(crate) struct SftpLease {
    session: Option<SftpSession>,
    home: Arc<SftpEndpoint>,
    errors: SftpErrors,
}

impl Drop for SftpLease {
    fn drop(&mut self) {
        let Some(session) = self.session.take() else {
            return;
        };
        if self.errors.broken.load(Ordering::Relaxed) || session.ssh.is_closed() {
            return;
        }
        let mut idle = self
            .home
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE_SESSIONS {
            idle.push((session, Instant::now()));
        }
    }
}

impl SftpEndpoint {
    pub(crate) fn new(
        host: &str,
        port: u16,
        credentials: Credentials,
        host_keys: &[String],
        egress: &EgressPolicy,
    ) -> Result<Self, Problem> {
        if host.is_empty() || host.contains(['/', '@', ' ']) {
            return Err(config_problem(
                "/endpoint/host",
                format!("{host:?} is no host name"),
            ));
        }
        let mut pinned = Vec::new();
        for (index, text) in host_keys.iter().enumerate() {
            let key = PublicKey::from_openssh(text.trim()).map_err(|_| {
                config_problem(
                    &format!("/endpoint/host_keys/{index}"),
                    "this is no public key in OpenSSH form (`ssh-ed25519 AAAA…`)",
                )
            })?;
            pinned.push(key);
        }
        Ok(Self {
            host: host.to_owned(),
            port,
            credentials,
            pinned,
            policy: egress.clone(),
            idle: Mutex::new(Vec::new()),
        })
    }

    pub(crate) async fn lease(endpoint: &Arc<Self>) -> Result<SftpLease, Problem> {
        let session = match endpoint.idle_session() {
            Some(session) => session,
            None => tokio::time::timeout(CONNECT_TIMEOUT, endpoint.connect())
                .await
                .unwrap_or_else(|_| {
                    let detail = format!(
                        "{}:{} did not finish the SSH handshake within {} s",
                        endpoint.host,
                        endpoint.port,
                        CONNECT_TIMEOUT.as_secs()
                    );
                    Err(Problem::new(ErrorCode::ConnectionTimeout, detail))
                })?,
        };
        Ok(SftpLease {
            session: Some(session),
            home: Arc::clone(endpoint),
            errors: endpoint.errors(),
        })
    }

    fn errors(&self) -> SftpErrors {
        SftpErrors {
            place: format!("{}:{}", self.host, self.port),
            broken: Arc::new(AtomicBool::new(false)),
        }
    }

    fn idle_session(&self) -> Option<SftpSession> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(session, since)| since.elapsed() < IDLE_LIFE && !session.ssh.is_closed());
        idle.pop().map(|(session, _)| session)
    }

    async fn connect(&self) -> Result<SftpSession, Problem> {
        let stream = self
            .policy
            .dial(&self.host, self.port, CONNECT_TIMEOUT)
            .await
            .map_err(|error| error.problem())?;
        let mut ssh = self.handshake(stream).await?;
        self.authenticate(&mut ssh).await?;
        self.subsystem(ssh).await
    }

    /// The same, step by step. The session is left to whoever asks next.
    pub(crate) async fn probe(&self, probe: &mut Probe) {
        let Some(stream) = probe.reach(&self.policy, &self.host, self.port).await else {
            return;
        };
        let handshake = async {
            let ssh = tokio::time::timeout(CONNECT_TIMEOUT, self.handshake(stream)).await;
            let ssh = ssh.unwrap_or_else(|_| {
                let detail = format!("{}:{} does not speak SSH", self.host, self.port);
                let problem = Problem::new(ErrorCode::ConnectionTimeout, detail);
                Err(problem.hint(
                    "check the port: SFTP is SSH, usually on port 22; FTP and FTPS are others",
                ))
            })?;
            Ok((ssh, "the server shows a pinned host key".to_owned()))
        };
        let Some(mut ssh) = probe.step("host_key", handshake).await else {
            return;
        };
        let signing_in = async {
            self.authenticate(&mut ssh).await?;
            let user = &self.credentials.user;
            Ok((ssh, format!("the server lets {user:?} in")))
        };
        let Some(ssh) = probe.step("auth", signing_in).await else {
            return;
        };
        let starting = async {
            let session = self.subsystem(ssh).await.map_err(|problem| {
                problem.hint("ask the server's owner to allow SFTP to this account")
            })?;
            Ok((session, "the account may use SFTP".to_owned()))
        };
        if let Some(session) = probe.step("sftp", starting).await {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push((session, Instant::now()));
        }
    }

    /// Nothing is said to a server without a pinned key.
    async fn handshake(&self, stream: TcpStream) -> Result<Handle<PinnedKeys>, Problem> {
        // The socket has no useful failure here: without nodelay it is only slower.
        let _ = stream.set_nodelay(true);
        let handler = PinnedKeys {
            pinned: self.pinned.clone(),
        };
        russh::client::connect_stream(Arc::new(self.ssh_config()), stream, handler)
            .await
            .map_err(|failure| self.handshake_problem(failure))
    }

    /// Files over a connection that knows us.
    async fn subsystem(&self, ssh: Handle<PinnedKeys>) -> Result<SftpSession, Problem> {
        let channel = ssh
            .channel_open_session()
            .await
            .map_err(|error| self.broken(&error))?;
        channel
            .request_subsystem(true, "sftp")
            .await
            .map_err(|error| self.broken(&error))?;
        let config = russh_sftp::client::Config {
            max_packet_len: 1 << 20,
            request_timeout_secs: 30,
            ..russh_sftp::client::Config::default()
        };
        let raw = RawSftpSession::new_with_config(channel.into_stream(), config);
        raw.init()
            .await
            .map_err(|error| self.errors().problem("sftp", &error))?;
        Ok(SftpSession {
            raw: Arc::new(raw),
            ssh,
        })
    }

    /// Asks only for host keys of the pinned kinds, so that a server with several keys shows one
    /// that can be compared.
    fn ssh_config(&self) -> russh::client::Config {
        let mut config = russh::client::Config {
            window_size: 16 << 20,
            maximum_packet_size: 65_535,
            channel_buffer_size: 256,
            nodelay: true,
            keepalive_interval: Some(Duration::from_secs(20)),
            ..russh::client::Config::default()
        };
        if !self.pinned.is_empty() {
            let kinds: BTreeSet<String> = self.pinned.iter().map(key_kind).collect();
            let wanted: Vec<Algorithm> = config
                .preferred
                .key
                .iter()
                .filter(|algorithm| kinds.contains(&algorithm_kind(algorithm)))
                .cloned()
                .collect();
            config.preferred.key = wanted.into();
        }
        config
    }

    async fn authenticate(&self, ssh: &mut Handle<PinnedKeys>) -> Result<(), Problem> {
        let user = self.credentials.user.clone();
        let result = match &self.credentials.proof {
            Proof::Password(password) => {
                ssh.authenticate_password(user, password.expose_secret())
                    .await
            }
            Proof::Key(key) => {
                let hash = if key.algorithm().is_rsa() {
                    let best = ssh.best_supported_rsa_hash().await;
                    best.ok().flatten().flatten().or(Some(HashAlg::Sha512))
                } else {
                    None
                };
                let key = PrivateKeyWithHashAlg::new(Arc::clone(key), hash);
                ssh.authenticate_publickey(user, key).await
            }
        };
        match result.map_err(|error| self.broken(&error))? {
            AuthResult::Success => Ok(()),
            AuthResult::Failure { .. } => Err(Problem::new(
                ErrorCode::ConnectionAuth,
                format!(
                    "{}:{} refused the account {:?}",
                    self.host, self.port, self.credentials.user
                ),
            )),
        }
    }

    fn handshake_problem(&self, failure: HandshakeFailure) -> Problem {
        let place = format!("{}:{}", self.host, self.port);
        match failure {
            HandshakeFailure::HostKey { shown, fingerprint } if self.pinned.is_empty() => {
                Problem::new(
                    ErrorCode::HostKeyChanged,
                    format!("{place} shows the host key {fingerprint}, and no key is pinned"),
                )
                .at("/endpoint/host_keys")
                .hint(format!(
                    "compare the fingerprint with the server's owner, then put this line into host_keys: {shown}"
                ))
            }
            HandshakeFailure::HostKey { fingerprint, .. } => Problem::new(
                ErrorCode::HostKeyChanged,
                format!("{place} shows the host key {fingerprint}, which is not pinned"),
            )
            .at("/endpoint/host_keys"),
            HandshakeFailure::Ssh(russh::Error::NoCommonAlgo { .. }) => Problem::new(
                ErrorCode::HostKeyChanged,
                format!("{place} offers no host key of a pinned kind, or no algorithm that we accept"),
            )
            .at("/endpoint/host_keys"),
            HandshakeFailure::Ssh(error) => self.broken(&error),
        }
    }

    fn broken(&self, error: &russh::Error) -> Problem {
        Problem::new(
            ErrorCode::ConnectionUnreachable,
            format!(
                "the SSH connection to {}:{} broke: {error}",
                self.host, self.port
            ),
        )
    }
}

/// Says what SFTP errors mean and remembers whether the session can be used again.
#[derive(Clone, Default)]
pub(crate) struct SftpErrors {
    place: String,
    broken: Arc<AtomicBool>,
}

impl SftpErrors {
    /// The session will not be used again.
    pub(crate) fn give_up(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    /// A failure about `path`; anything but a status means the session is of no more use.
    pub(crate) fn problem(&self, path: &str, error: &SftpError) -> Problem {
        if !matches!(error, SftpError::Status(_)) {
            self.broken.store(true, Ordering::Relaxed);
        }
        let (code, what) = match error {
            SftpError::Status(status) => match status.status_code {
                StatusCode::NoSuchFile => (ErrorCode::SourceNotFound, "does not exist".to_owned()),
                StatusCode::PermissionDenied => {
                    (ErrorCode::SourcePermission, "may not be used".to_owned())
                }
                StatusCode::NoConnection | StatusCode::ConnectionLost => (
                    ErrorCode::ConnectionUnreachable,
                    "lost: the connection broke".to_owned(),
                ),
                other => (
                    ErrorCode::SourceProtocol,
                    format!("could not be used: {other}"),
                ),
            },
            SftpError::Timeout => (
                ErrorCode::ConnectionTimeout,
                "gave no answer in time".to_owned(),
            ),
            other => (
                ErrorCode::ConnectionUnreachable,
                format!("lost: the connection broke ({other})"),
            ),
        };
        Problem::new(code, format!("{path:?} on {} {what}", self.place))
    }
}

impl SftpLease {
    pub(crate) fn raw(&self) -> Result<Arc<RawSftpSession>, Problem> {
        let session = self.session.as_ref().ok_or_else(|| {
            Problem::new(
                ErrorCode::Internal,
                "the SFTP session was given back already",
            )
        })?;
        Ok(Arc::clone(&session.raw))
    }

    pub(crate) fn errors(&self) -> SftpErrors {
        self.errors.clone()
    }
}

fn algorithm_kind(algorithm: &Algorithm) -> String {
    if algorithm.clone().is_rsa() {
        return "rsa".to_owned();
    }
    algorithm.to_string()
}

fn key_kind(key: &PublicKey) -> String {
    algorithm_kind(&key.algorithm())
}

/// The client side of a handshake: accepts pinned keys and nothing else.
pub(crate) struct PinnedKeys {
    pinned: Vec<PublicKey>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum HandshakeFailure {
    #[error("the host key is not pinned")]
    HostKey { shown: String, fingerprint: String },
    #[error("the handshake failed")]
    Ssh(#[from] russh::Error),
}

impl russh::client::Handler for PinnedKeys {
    type Error = HandshakeFailure;

    async fn check_server_key(
        &mut self,
        server: &russh::keys::PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        let key = server.public_key();
        let is_pinned = server.certificate().is_none()
            && self
                .pinned
                .iter()
                .any(|pin| pin.key_data() == key.key_data());
        if is_pinned {
            return Ok(true);
        }
        Err(HandshakeFailure::HostKey {
            shown: key.to_openssh().unwrap_or_default(),
            fingerprint: format!("{} {}", key.algorithm(), key.fingerprint(HashAlg::Sha256)),
        })
    }
}
