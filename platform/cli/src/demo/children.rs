//! Child processes of the demo: started with their output in a log file, stopped by process id.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;

/// A running child. Dropping it ends it.
pub(crate) struct Child {
    name: &'static str,
    process: tokio::process::Child,
    log: PathBuf,
}

impl Child {
    /// Starts `command`, its output appended to `log`.
    pub(crate) fn start(
        name: &'static str,
        mut command: tokio::process::Command,
        log: &Path,
    ) -> anyhow::Result<Self> {
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("could not write {}", log.display()))?;
        let process = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("could not start {name}"))?;
        Ok(Self {
            name,
            process,
            log: log.to_owned(),
        })
    }

    /// Its process id, while it runs.
    pub(crate) fn id(&self) -> Option<u32> {
        self.process.id()
    }

    /// An error if the child has ended.
    pub(crate) fn must_run(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.process.try_wait()? {
            let text = std::fs::read_to_string(&self.log).unwrap_or_default();
            let tail: Vec<&str> = text.lines().rev().take(5).collect();
            let tail: Vec<&str> = tail.into_iter().rev().collect();
            anyhow::bail!(
                "{} ended with {status}; its last words:\n  {}\n  the whole log: {}",
                self.name,
                tail.join("\n  "),
                self.log.display()
            );
        }
        Ok(())
    }

    /// Asks the child to end and waits; ends it the hard way after ten seconds.
    pub(crate) async fn stop(mut self) {
        if let Some(id) = self.process.id() {
            let _ = tokio::process::Command::new("kill")
                .arg(id.to_string())
                .status()
                .await;
        }
        let ended = tokio::time::timeout(Duration::from_secs(10), self.process.wait()).await;
        if ended.is_err() {
            let _ = self.process.kill().await;
        }
    }
}

/// The port that was used before under this name if it is still free, else a free one, which is
/// noted for the next start.
pub(crate) fn port_for(dir: &Path, name: &str) -> anyhow::Result<u16> {
    let note = dir.join(format!("{name}.port"));
    let before = std::fs::read_to_string(&note)
        .ok()
        .and_then(|text| text.trim().parse::<u16>().ok());
    if let Some(port) = before
        && TcpListener::bind(("127.0.0.1", port)).is_ok()
    {
        return Ok(port);
    }
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    std::fs::write(&note, port.to_string())?;
    Ok(port)
}
