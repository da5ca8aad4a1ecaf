//! An S3 server: moto, from PyPI, in a folder of its own. It keeps everything in memory and checks
//! no signature, so it proves the protocol and not the credentials.
//!
//! Invariant: the process ends with its handle.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

const PACKAGE: &str = "moto[server,s3]==5.2.5";
const START: Duration = Duration::from_secs(180);

/// A running server.
#[derive(Debug)]
pub struct Handle {
    pub address: SocketAddr,
    process: Child,
}

/// Starts a server on a free port. What it is made of is installed into `cache` once.
///
/// # Errors
/// When Python or the package is not to be had, or the server does not answer.
pub async fn start(cache: &Path) -> anyhow::Result<Handle> {
    let python = installed(cache).await?;
    // Free now; that nobody else takes it meanwhile is likely, and a start that fails is seen.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let process = Command::new(python)
        .args(["-m", "moto.server", "-H", "127.0.0.1", "-p"])
        .arg(address.port().to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("moto did not start")?;
    let mut handle = Handle { address, process };
    let deadline = tokio::time::Instant::now() + START;
    while TcpStream::connect(address).await.is_err() {
        if let Some(status) = handle.process.try_wait()? {
            bail!("moto ended at once: {status}");
        }
        if tokio::time::Instant::now() > deadline {
            bail!("moto did not answer within {} s", START.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(handle)
}

/// The Python of a virtual environment with moto; made under a lock, since tests run side by side.
async fn installed(cache: &Path) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(cache)?;
    let lock = File::create(cache.join("moto.lock"))?;
    // Held until this function is left.
    let _lock = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await??;
    let folder = cache.join("moto");
    let python = folder.join("bin/python");
    let mark = folder.join("installed");
    if std::fs::read_to_string(&mark).is_ok_and(|package| package == PACKAGE) {
        return Ok(python);
    }
    let made = Command::new("python3")
        .args(["-m", "venv"])
        .arg(&folder)
        .status()
        .await;
    anyhow::ensure!(
        made?.success(),
        "python3 could not make a virtual environment"
    );
    let pip = Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", PACKAGE])
        .status()
        .await?;
    anyhow::ensure!(pip.success(), "{PACKAGE} could not be installed");
    std::fs::write(&mark, PACKAGE)?;
    Ok(python)
}

impl Handle {
    /// Where it is, as an endpoint.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Makes a bucket, or puts an object: `/bucket` or `/bucket/key`.
    ///
    /// # Errors
    /// When the server does not agree.
    pub async fn put(&self, path: &str, body: &[u8]) -> anyhow::Result<()> {
        self.ask("PUT", path, body).await.map(|_| ())
    }

    /// The bytes of an object.
    ///
    /// # Errors
    /// When there is none.
    pub async fn get(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        self.ask("GET", path, b"").await
    }

    async fn ask(&self, method: &str, path: &str, body: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(self.address).await?;
        // Any signature will do; none at all would be an anonymous visitor.
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\nconnection: close\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/s3/aws4_request, \
             SignedHeaders=host, Signature=any\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let end = end.context("moto gave no answer")?;
        let head = String::from_utf8_lossy(answer.get(..end).unwrap_or_default()).into_owned();
        let line = head.lines().next().unwrap_or_default();
        if line
            .split(' ')
            .nth(1)
            .is_none_or(|status| !status.starts_with('2'))
        {
            bail!("{method} {path}: {line}");
        }
        Ok(answer.get(end + 4..).unwrap_or_default().to_vec())
    }
}
