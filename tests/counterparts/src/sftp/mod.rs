//! An SFTP server over one folder, for machines without OpenSSH: list, read, rename, remove.
//!
//! Invariants: no path leaves the folder, symbolic links included; one user with one password; the
//! ed25519 host key is made once and kept in a file, so that a pinned client meets it again.
//! Deliberately absent: writing (tests write into the folder), public key login, shells.

mod files;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use files::Files;
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{Algorithm, PrivateKey};
use russh::server::{Auth, ChannelOpenHandle, Msg, RunningServerHandle, Server as _, Session};
use russh::{Channel, ChannelId, MethodKind, MethodSet};

use crate::web::listen;

/// How the SFTP server runs.
#[derive(Debug, Clone)]
pub struct Config {
    /// 0 or a port that is taken: any free one
    pub port: u16,
    /// the folder that is `/` for the client
    pub root: PathBuf,
    pub user: String,
    pub password: String,
    /// the host key (OpenSSH PEM), made if it is not there; `None` makes a passing one
    pub host_key: Option<PathBuf>,
}

/// A running server; it stops when this is dropped.
#[derive(Debug)]
pub struct Handle {
    pub address: SocketAddr,
    /// the public host key in OpenSSH form, without comment: `ssh-ed25519 AAAA…`
    pub host_key: String,
    requests: Requests,
    running: Running,
    task: tokio::task::JoinHandle<()>,
}

/// How many requests of each kind came, over all sessions.
#[derive(Debug, Clone, Default)]
struct Requests(Arc<Mutex<BTreeMap<&'static str, u64>>>);

impl Requests {
    fn count(&self, kind: &'static str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *all.entry(kind).or_default() += 1;
    }

    fn take(&self) -> BTreeMap<&'static str, u64> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Running(RunningServerHandle);

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Running")
    }
}

impl Handle {
    /// How many requests of each kind came since this was asked last: `open`, `read`, `fstat`, ….
    #[must_use]
    pub fn requests(&self) -> BTreeMap<&'static str, u64> {
        self.requests.take()
    }

    /// Stops: sessions are disconnected, the port is free.
    pub async fn stop(mut self) {
        self.running.0.shutdown("the server stops".to_owned());
        let _ = (&mut self.task).await;
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.running.0.shutdown("the server stops".to_owned());
    }
}

/// Starts the server.
///
/// # Errors
/// When there is no port or folder, or the host key cannot be used.
pub async fn start(config: Config) -> anyhow::Result<Handle> {
    let root = config.root.canonicalize();
    let root = root.with_context(|| format!("there is no folder {}", config.root.display()))?;
    let key = host_key(config.host_key.as_deref())?;
    let mut public = key.public_key().clone();
    public.set_comment("");
    let host_key = public.to_openssh()?.trim().to_owned();
    let listener = listen(config.port).await?;
    let address = listener.local_addr()?;
    let ssh = Arc::new(russh::server::Config {
        keys: vec![key],
        methods: MethodSet::from([MethodKind::Password].as_slice()),
        auth_rejection_time: Duration::from_millis(300),
        auth_rejection_time_initial: Some(Duration::ZERO),
        max_auth_attempts: 3,
        inactivity_timeout: Some(Duration::from_secs(600)),
        // Room for a client that reads ahead: without it each answer waits for the one before.
        window_size: 8 << 20,
        maximum_packet_size: 65_535,
        channel_buffer_size: 1_000,
        event_buffer_size: 100,
        nodelay: true,
        ..Default::default()
    });
    let requests = Requests::default();
    let mut server = Server {
        account: Arc::new(Account {
            user: config.user,
            password: config.password,
            root,
            requests: requests.clone(),
        }),
    };
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let task = tokio::spawn(async move {
        let running = server.run_on_socket(ssh, &listener);
        let _ = sender.send(running.handle());
        let _ = running.await;
    });
    let running = receiver.await.context("the SFTP server did not start")?;
    Ok(Handle {
        address,
        host_key,
        requests,
        running: Running(running),
        task,
    })
}

fn host_key(path: Option<&Path>) -> anyhow::Result<PrivateKey> {
    if let Some(path) = path
        && path.exists()
    {
        let key = PrivateKey::read_openssh_file(path);
        return key.with_context(|| format!("{} is not a host key", path.display()));
    }
    let mut seed = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut seed)
        .map_err(|_| anyhow::anyhow!("the system gave no random numbers"))?;
    let key = PrivateKey::from(Ed25519Keypair::from_seed(&seed));
    debug_assert_eq!(key.algorithm(), Algorithm::Ed25519);
    if let Some(path) = path {
        key.write_openssh_file(path, LineEnding::LF)
            .with_context(|| format!("could not write the host key {}", path.display()))?;
    }
    Ok(key)
}

#[derive(Debug)]
struct Account {
    user: String,
    password: String,
    root: PathBuf,
    requests: Requests,
}

#[derive(Clone)]
struct Server {
    account: Arc<Account>,
}

impl russh::server::Server for Server {
    type Handler = Connection;

    fn new_client(&mut self, _: Option<SocketAddr>) -> Connection {
        Connection {
            account: Arc::clone(&self.account),
            channels: Vec::new(),
        }
    }
}

struct Connection {
    account: Arc<Account>,
    /// opened, and no subsystem asked for yet
    channels: Vec<Channel<Msg>>,
}

impl russh::server::Handler for Connection {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        if user == self.account.user && password == self.account.password {
            Ok(Auth::Accept)
        } else {
            Ok(Auth::reject())
        }
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.channels.push(channel);
        reply.accept().await;
        Ok(())
    }

    async fn channel_eof(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.close(channel)
    }

    async fn subsystem_request(
        &mut self,
        channel_id: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let at = self
            .channels
            .iter()
            .position(|channel| channel.id() == channel_id);
        match at {
            Some(at) if name == "sftp" => {
                let channel = self.channels.swap_remove(at);
                session.channel_success(channel_id)?;
                let files = Files::new(self.account.root.clone(), self.account.requests.clone());
                russh_sftp::server::run(channel.into_stream(), files).await;
                Ok(())
            }
            _ => session.channel_failure(channel_id),
        }
    }
}
