//! A whole stage for one test: counterparts, a server under test, tenants applied by the CLI.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::bail;
use tempfile::TempDir;

use crate::server::{Programs, Server};

/// A scratch folder with a server and what it may reach.
pub struct Stage {
    /// programs under test
    pub programs: Programs,
    /// removed with the stage
    pub dir: TempDir,
    /// the server under test
    pub server: Server,
    /// values for `${NAME}` in the tenants' files
    pub variables: BTreeMap<String, String>,
}

impl Stage {
    /// A stage whose server may reach `egress`; the server is not started.
    ///
    /// # Errors
    /// When the programs are not built or no port is free.
    pub fn new(egress: &[String]) -> anyhow::Result<Self> {
        Self::with_programs(Programs::find()?, egress)
    }

    /// As [`Stage::new`], with programs from somewhere else.
    ///
    /// # Errors
    /// When no port is free.
    pub fn with_programs(programs: Programs, egress: &[String]) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let server = Server::new(&programs, dir.path(), egress)?;
        Ok(Self {
            programs,
            dir,
            server,
            variables: BTreeMap::new(),
        })
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.insert(name.to_owned(), value.into());
    }

    /// Runs the CLI with the operator's credentials; gives (succeeded, stdout, stderr).
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn cli(&self, arguments: &[&str]) -> anyhow::Result<(bool, String, String)> {
        let output = Command::new(self.programs.folder.join("tributary"))
            .args(arguments)
            .env("TRIBUTARY_CREDENTIALS", self.server.operator_file())
            .output()?;
        Ok((
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ))
    }

    /// The same with lines for its stdin, which is no terminal.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn cli_told(
        &self,
        arguments: &[&str],
        lines: &str,
    ) -> anyhow::Result<(bool, String, String)> {
        let mut child = Command::new(self.programs.folder.join("tributary"))
            .args(arguments)
            .env("TRIBUTARY_CREDENTIALS", self.server.operator_file())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // a program that needs no more of them may be gone already
            let _ = stdin.write_all(lines.as_bytes());
        }
        let output = child.wait_with_output()?;
        Ok((
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ))
    }

    /// Installs these connectors. Each is compiled for this server alone, so a test names what it needs.
    ///
    /// # Errors
    /// With what the CLI said.
    pub fn install_connectors(&self, names: &[&str]) -> anyhow::Result<()> {
        let mut arguments = vec!["connector".to_owned(), "add".to_owned()];
        for name in names {
            let path = self.programs.connectors.join(format!("{name}.wasm"));
            arguments.push(path.to_string_lossy().into_owned());
        }
        self.must(&arguments)
    }

    /// Applies a tenant's folder with the stage's variables.
    ///
    /// # Errors
    /// With what the CLI said.
    pub fn apply(&self, folder: &Path) -> anyhow::Result<()> {
        let mut arguments = vec!["apply".to_owned(), folder.to_string_lossy().into_owned()];
        for (name, value) in &self.variables {
            arguments.push("--var".to_owned());
            arguments.push(format!("{name}={value}"));
        }
        self.must(&arguments)
    }

    fn must(&self, arguments: &[String]) -> anyhow::Result<()> {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (succeeded, _, said) = self.cli(&words)?;
        if succeeded {
            return Ok(());
        }
        bail!("tributary {}: {said}", words.first().unwrap_or(&""))
    }
}
