//! Servers of others for tests, got by the package registries' ordinary clients once and kept in the
//! user's cache folder.
//!
//! Where one cannot be had, the test fails and says so, unless `TRIBUTARY_TEST_ALLOW_MISSING` is set:
//! then it says `skipped`.

use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// A folder of the cache, made once; other processes wait while one makes it.
///
/// # Errors
/// What making it says; the next one tries again.
pub fn once(name: &str, make: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<PathBuf> {
    let cache = cache()?;
    std::fs::create_dir_all(&cache)?;
    let lock = File::create(cache.join(format!("{name}.lock")))?;
    lock.lock()?;
    let folder = cache.join(name);
    let ready = folder.join(".ready");
    if !ready.is_file() {
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        eprintln!("setting up {name} (once)");
        make(&folder).with_context(|| format!("{name} could not be set up"))?;
        File::create(ready)?;
    }
    Ok(folder)
}

fn cache() -> anyhow::Result<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))
        .context("neither XDG_CACHE_HOME nor HOME is set")?;
    Ok(cache.join("tributary/counterparts"))
}

/// A server, or none if it cannot be had and that is allowed.
///
/// # Errors
/// Why it cannot be had.
pub fn or_skipped<T>(server: anyhow::Result<T>) -> anyhow::Result<Option<T>> {
    match server {
        Ok(server) => Ok(Some(server)),
        Err(error) if std::env::var_os("TRIBUTARY_TEST_ALLOW_MISSING").is_some() => {
            eprintln!("skipped: {error:#}");
            Ok(None)
        }
        Err(error) => {
            Err(error
                .context("set TRIBUTARY_TEST_ALLOW_MISSING=1 to skip tests without their server"))
        }
    }
}

/// Runs a program to its end; what it said is in the error.
///
/// # Errors
/// When it does not start or does not succeed.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("could not start {shown}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let told = String::from_utf8_lossy(&output.stdout);
    bail!("{shown} ended with {}: {told}{said}", output.status)
}

/// A free port of the loopback.
///
/// # Errors
/// When there is none.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A server process; it ends with this handle.
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a server and waits until it takes connections at `port`. What it says goes to `log`.
    ///
    /// # Errors
    /// When it ends or takes none within a minute and a half.
    pub fn start(command: &mut Command, port: u16, log: PathBuf) -> anyhow::Result<Self> {
        let file = File::create(&log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("could not start {:?}", command.get_program()))?;
        let mut process = Self { child, log };
        let deadline = Instant::now() + Duration::from_secs(90);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = process.child.try_wait()? {
                bail!("the server ended with {status}: {}", process.said());
            }
            if Instant::now() > deadline {
                bail!("the server takes no connection: {}", process.said());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(process)
    }

    /// What it said so far.
    #[must_use]
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
