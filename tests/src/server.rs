//! A `tributary serve` process under test: start, kill -9, start again on the same data.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::rest::Rest;

/// Where the programs and components under test are.
#[derive(Debug, Clone)]
pub struct Programs {
    /// folder with `tributary` and `tributary-counterparts`
    pub folder: PathBuf,
    /// folder with built components
    pub connectors: PathBuf,
    /// the repository's tenants
    pub tenants: PathBuf,
}

impl Programs {
    /// From the environment that `cargo xtask test` sets.
    ///
    /// # Errors
    /// Says how to run the tests if the environment is not set.
    pub fn find() -> anyhow::Result<Self> {
        let variable = |name: &str| {
            std::env::var_os(name).map(PathBuf::from).with_context(|| {
                format!("{name} is not set: run the tests with `cargo xtask test`")
            })
        };
        Ok(Self {
            folder: variable("TRIBUTARY_TEST_PROGRAMS")?,
            connectors: variable("TRIBUTARY_TEST_CONNECTORS")?,
            tenants: Path::new(env!("CARGO_MANIFEST_DIR")).join("../tenants"),
        })
    }
}

/// A server process.
pub struct Server {
    program: PathBuf,
    dir: PathBuf,
    port: u16,
    egress: Vec<String>,
    child: Option<Child>,
    /// further environment of the process
    pub environment: Vec<(String, String)>,
}

impl Server {
    /// A server with its data in `dir`, which may reach `egress` ("host:port"). Not started.
    ///
    /// # Errors
    /// When no port is free.
    pub fn new(programs: &Programs, dir: &Path, egress: &[String]) -> anyhow::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        Ok(Self {
            program: programs.folder.join("tributary"),
            dir: dir.to_owned(),
            port,
            egress: egress.to_vec(),
            child: None,
            environment: Vec::new(),
        })
    }

    /// Lets connections reach one more "host:port", from the next start on.
    pub fn allow(&mut self, place: &str) {
        self.egress.push(place.to_owned());
    }

    /// Takes one back, from the next start on.
    pub fn forbid(&mut self, place: &str) {
        self.egress.retain(|allowed| allowed != place);
    }

    /// Starts the process; does not wait until it is ready.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start(&mut self) -> anyhow::Result<()> {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log())?;
        let mut command = Command::new(&self.program);
        command
            .arg("serve")
            .arg("--data-dir")
            .arg(self.dir.join("data"))
            .env(
                "TRIBUTARY_SERVER__LISTEN",
                format!("127.0.0.1:{}", self.port),
            )
            .env("TRIBUTARY_EGRESS__ALLOW", self.egress.join(","))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let child = command
            .spawn()
            .with_context(|| format!("could not start {}", self.program.display()))?;
        self.child = Some(child);
        Ok(())
    }

    /// Waits until the server answers and gives a session of the operator.
    ///
    /// # Errors
    /// When it ended or is not ready within 60 s; the log's end is in the error.
    pub async fn ready(&mut self) -> anyhow::Result<Rest> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(child) = &mut self.child
                && let Some(status) = child.try_wait()?
            {
                bail!("the server ended with {status}:\n{}", self.log_tail());
            }
            if let Ok(rest) = Rest::operator(&self.url(), &self.operator_file()).await {
                return Ok(rest);
            }
            if Instant::now() > deadline {
                bail!("the server is not ready after 60 s:\n{}", self.log_tail());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The process id while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// kill -9, and waits for the end.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// SIGTERM, and waits for the end, at most `longest`.
    ///
    /// # Errors
    /// When the server does not run, or does not end in time.
    pub async fn stop(&mut self, longest: Duration) -> anyhow::Result<()> {
        let mut child = self.child.take().context("the server does not run")?;
        let id = child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status()?;
        anyhow::ensure!(told.success(), "kill -TERM {id}: {told}");
        let deadline = Instant::now() + longest;
        while child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                let _ = child.kill();
                let _ = child.wait();
                bail!(
                    "the server does not end within {longest:?}:\n{}",
                    self.log_tail()
                );
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// `http://127.0.0.1:PORT`
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The file with the operator's credentials.
    #[must_use]
    pub fn operator_file(&self) -> PathBuf {
        self.dir.join("data-keys/operator.json")
    }

    /// The server's log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.dir.join("server.log")
    }

    fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines
            .get(lines.len().saturating_sub(15)..)
            .unwrap_or_default()
            .join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
