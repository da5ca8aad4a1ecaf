//! OpenSSH's server on a port of its own, with the caller's user and a key made for the run; and its
//! client `sftp`. No user is made and no file of the system is touched but the folder `/run/sshd`, which a
//! server started by root wants.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

const SERVER: &str = "/usr/sbin/sshd";

/// Ends with the value.
pub(crate) struct OpenSsh {
    keys: tempfile::TempDir,
    port: u16,
    user: String,
    child: Child,
}

impl OpenSsh {
    /// `None` if it is not installed.
    pub(crate) fn start() -> anyhow::Result<Option<Self>> {
        if !Path::new(SERVER).exists() {
            return Ok(None);
        }
        let keys = tempfile::tempdir()?;
        for name in ["host", "user"] {
            let mut command = Command::new("ssh-keygen");
            command.args(["-q", "-t", "ed25519", "-N", "", "-f"]);
            run(command.arg(keys.path().join(name)))?;
        }
        let user = Command::new("id").arg("-un").output()?;
        let user = String::from_utf8(user.stdout)?.trim().to_owned();
        if user == "root" {
            std::fs::create_dir_all("/run/sshd")?;
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = keys.path().display();
        let config = keys.path().join("sshd_config");
        std::fs::write(
            &config,
            format!(
                "Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\nUsePAM no\n\
                 AuthorizedKeysFile {folder}/user.pub\nStrictModes no\nPermitRootLogin yes\n\
                 PasswordAuthentication no\nMaxStartups 50:30:100\nSubsystem sftp internal-sftp\n"
            ),
        )?;
        let log = std::fs::File::create(keys.path().join("log"))?;
        let mut command = Command::new(SERVER);
        command.args(["-D", "-e", "-f"]).arg(&config);
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let server = Self {
            keys,
            port,
            user,
            child,
        };
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(
                Instant::now() < deadline,
                "sshd does not listen: {}",
                server.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Some(server))
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.keys.path().join("log")).unwrap_or_default()
    }

    /// `host:port`, to be granted.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A connection document.
    pub(crate) fn document(&self) -> anyhow::Result<Value> {
        let read = |name: &str| std::fs::read_to_string(self.keys.path().join(name));
        let public = read("host.pub")?;
        let host_key: Vec<&str> = public.split_whitespace().take(2).collect();
        Ok(json!({"name": "bench", "connector": "sftp",
            "endpoint": {"kind": "sftp", "host": "127.0.0.1", "port": self.port, "user": self.user,
                "auth": "key", "host_keys": [host_key.join(" ")]},
            "secrets": {"private_key": read("user")?}}))
    }

    /// Fetches by the client: `get -r FROM TO`.
    pub(crate) fn fetch(&self, from: &Path, to: &Path) -> anyhow::Result<()> {
        let batch = self.keys.path().join("batch");
        std::fs::write(
            &batch,
            format!("get -r {} {}\n", from.display(), to.display()),
        )?;
        let mut command = Command::new("sftp");
        command.args([
            "-q",
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
        ]);
        command.args(["-o", "LogLevel=ERROR", "-P", &self.port.to_string(), "-i"]);
        command
            .arg(self.keys.path().join("user"))
            .arg("-b")
            .arg(&batch);
        command
            .arg(format!("{}@127.0.0.1", self.user))
            .stdout(Stdio::null());
        run(&mut command)
    }
}

impl Drop for OpenSsh {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let name = PathBuf::from(command.get_program());
    let status = command
        .status()
        .with_context(|| format!("no {}", name.display()))?;
    ensure!(status.success(), "{} ended with {status}", name.display());
    Ok(())
}
