//! Debian's OpenSSH server for one test: own port, own host keys, a user of its own with a
//! password, chrooted to a folder. Needs root; elsewhere the tests that want it say `skipped`.

use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

const SSHD: &str = "/usr/sbin/sshd";

/// A running sshd. Dropping it ends it and removes its user and folder.
pub struct OpenSsh {
    /// loopback port
    pub port: u16,
    /// name of the user, made for this server
    pub user: String,
    /// the user's password
    pub password: String,
    /// folder that the user sees as `/`
    pub root: PathBuf,
    keys: PathBuf,
    child: Option<Child>,
}

impl OpenSsh {
    /// Starts a server, or says in one line why it cannot be had here.
    ///
    /// # Errors
    /// When OpenSSH is here but does not start.
    pub fn start() -> anyhow::Result<Result<Self, String>> {
        if !Path::new(SSHD).exists() {
            return Ok(Err("skipped: OpenSSH is not installed".to_owned()));
        }
        if !root_user()? {
            return Ok(Err("skipped: OpenSSH with a password needs root".to_owned()));
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        // A chroot must lie in folders that only root can write, so not in /tmp.
        let folder = PathBuf::from(format!("/srv/tributary-test-{}-{port}", std::process::id()));
        let root = folder.join("root");
        let keys = folder.join("keys");
        std::fs::create_dir_all(&root)?;
        std::fs::create_dir_all(&keys)?;
        std::fs::create_dir_all("/run/sshd")?;
        for path in [&folder, &root] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?;
        }
        let mut server = Self {
            port,
            user: format!("trb{port}"),
            password: format!("päss wort-{port}"),
            root,
            keys,
            child: None,
        };
        server.make_user()?;
        server.new_host_key()?;
        server.launch()?;
        Ok(Ok(server))
    }

    /// The public host key in OpenSSH's form.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn host_key(&self) -> anyhow::Result<String> {
        let text = std::fs::read_to_string(self.keys.join("host.pub"))?;
        let words: Vec<&str> = text.split_whitespace().take(2).collect();
        Ok(words.join(" "))
    }

    /// Same address, another host key.
    ///
    /// # Errors
    /// When the server does not start again.
    pub fn change_host_key(&mut self) -> anyhow::Result<()> {
        self.stop();
        self.new_host_key()?;
        self.launch()
    }

    /// Puts a file where the user can read it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&self, path: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let file = self.root.join(path);
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(file, bytes)?;
        Ok(())
    }

    /// Lets the user write in a folder and change what is in it.
    ///
    /// # Errors
    /// When its owner cannot be changed.
    pub fn give(&self, folder: &str) -> anyhow::Result<()> {
        let given = Command::new("chown")
            .args(["-R", &self.user])
            .arg(self.root.join(folder))
            .status()?;
        anyhow::ensure!(given.success(), "chown -R {} {folder}: {given}", self.user);
        Ok(())
    }

    /// Ends the server; the folder stays.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn make_user(&self) -> anyhow::Result<()> {
        let made = Command::new("useradd")
            .args(["-M", "-d", "/", "-s", "/usr/sbin/nologin", &self.user])
            .status()?;
        if !made.success() {
            bail!("could not make the user {}", self.user);
        }
        let mut chpasswd = Command::new("chpasswd").stdin(Stdio::piped()).spawn()?;
        let line = format!("{}:{}\n", self.user, self.password);
        std::io::Write::write_all(
            chpasswd.stdin.as_mut().context("chpasswd has no input")?,
            line.as_bytes(),
        )?;
        if !chpasswd.wait()?.success() {
            bail!("could not set the password of {}", self.user);
        }
        Ok(())
    }

    fn new_host_key(&self) -> anyhow::Result<()> {
        for name in ["host", "host.pub"] {
            let _ = std::fs::remove_file(self.keys.join(name));
        }
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(self.keys.join("host"))
            .status()?;
        if !made.success() {
            bail!("ssh-keygen made no host key");
        }
        Ok(())
    }

    fn launch(&mut self) -> anyhow::Result<()> {
        let config = self.keys.join("sshd_config");
        let (port, user) = (self.port, &self.user);
        let (keys, root) = (self.keys.display(), self.root.display());
        std::fs::write(
            &config,
            format!(
                "Port {port}\nListenAddress 127.0.0.1\nHostKey {keys}/host\nPidFile none\n\
                 UsePAM no\nPasswordAuthentication yes\nKbdInteractiveAuthentication no\n\
                 PermitRootLogin no\nAllowUsers {user}\nMaxStartups 50:30:100\n\
                 Subsystem sftp internal-sftp\nMatch User {user}\n  ChrootDirectory {root}\n  \
                 ForceCommand internal-sftp\n  AllowTcpForwarding no\n"
            ),
        )?;
        let log = std::fs::File::create(self.keys.join("log"))?;
        let child = Command::new(SSHD)
            .arg("-D")
            .arg("-e")
            .arg("-f")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        self.child = Some(child);
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if Instant::now() > deadline {
                let log = std::fs::read_to_string(self.keys.join("log")).unwrap_or_default();
                bail!("sshd does not listen: {log}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for OpenSsh {
    fn drop(&mut self) {
        self.stop();
        let _ = Command::new("userdel").arg(&self.user).status();
        if let Some(folder) = self.root.parent() {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

fn root_user() -> anyhow::Result<bool> {
    let output = Command::new("id").arg("-u").output()?;
    Ok(output.stdout.trim_ascii() == b"0")
}
