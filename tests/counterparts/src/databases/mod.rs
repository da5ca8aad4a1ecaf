//! Database servers of others, PostgreSQL and MariaDB, from Debian's packages: each in a folder of its own,
//! on a free loopback port, stopped by its pid.
//!
//! Invariant: the process ends with its handle. Without the programs there is no server, and the tests
//! say so.

mod mariadb;
mod postgres;

use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

/// The account that connections use.
pub const USER: &str = "erp_read";
/// Its database.
pub const DATABASE: &str = "erp";
/// How long a server may take to answer.
const START: Duration = Duration::from_secs(60);

/// What a server is started with.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// of [`USER`]
    pub password: String,
    /// certificate and key, PEM; none: no TLS
    pub tls: Option<(String, String)>,
}

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Postgres,
    Mariadb,
}

/// A running server.
#[derive(Debug)]
pub struct Handle {
    pub kind: Kind,
    pub address: SocketAddr,
    folder: tempfile::TempDir,
    process: Child,
    programs: PathBuf,
}

/// Starts a server with an empty database; `None` if its programs are not here.
///
/// # Errors
/// A server that does not start.
pub fn start(kind: Kind, options: &Options) -> anyhow::Result<Option<Handle>> {
    let Some(programs) = programs(kind) else {
        return Ok(None);
    };
    let folder = tempfile::Builder::new().prefix("db").tempdir()?;
    let user = owner(kind, folder.path())?;
    // Free now; that nobody else takes it meanwhile is likely, and a start that fails is seen.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut command = match kind {
        Kind::Postgres => postgres::prepare(&programs, folder.path(), address, options, &user)?,
        Kind::Mariadb => mariadb::prepare(&programs, folder.path(), address, options, &user)?,
    };
    let log = File::create(folder.path().join("log"))?;
    let process = command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .current_dir(folder.path())
        .spawn()
        .context("the server did not start")?;
    let mut handle = Handle {
        kind,
        address,
        folder,
        process,
        programs,
    };
    handle.wait()?;
    match kind {
        Kind::Postgres => postgres::make_account(&handle, &options.password)?,
        Kind::Mariadb => mariadb::make_account(&handle, &options.password)?,
    }
    Ok(Some(handle))
}

impl Handle {
    /// Runs statements as the owner of everything; answers the rows as the client prints them.
    ///
    /// # Errors
    /// What the server says.
    pub fn sql(&self, text: &str) -> anyhow::Result<String> {
        let (database, socket) = (DATABASE, self.folder.path());
        let mut command = match self.kind {
            Kind::Postgres => postgres::client(&self.programs, socket, self.address, database),
            Kind::Mariadb => mariadb::client(&self.programs, socket, database),
        };
        answered(command.arg(text))
    }

    fn wait(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + START;
        while TcpStream::connect(self.address).is_err() || !self.answers() {
            if let Some(status) = self.process.try_wait()? {
                let log = std::fs::read_to_string(self.folder.path().join("log"));
                bail!(
                    "the server ended at once: {status}: {}",
                    log.unwrap_or_default()
                );
            }
            ensure!(Instant::now() < deadline, "the server does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn answers(&self) -> bool {
        let folder = self.folder.path();
        let mut command = match self.kind {
            Kind::Postgres => postgres::client(&self.programs, folder, self.address, "postgres"),
            Kind::Mariadb => mariadb::client(&self.programs, folder, "mysql"),
        };
        answered(command.arg("select 1")).is_ok()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let signal = match self.kind {
            Kind::Postgres => "-INT",
            Kind::Mariadb => "-TERM",
        };
        let pid = self.process.id().to_string();
        // It may be gone already.
        let _ = Command::new("kill").args([signal, &pid]).status();
        let _ = self.process.wait();
    }
}

fn answered(command: &mut Command) -> anyhow::Result<String> {
    let done = command.stdin(Stdio::null()).output()?;
    ensure!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    Ok(String::from_utf8(done.stdout)?)
}

/// The folder with the server's programs.
fn programs(kind: Kind) -> Option<PathBuf> {
    let (server, places) = match kind {
        Kind::Postgres => ("initdb", "/usr/lib/postgresql/*/bin/initdb"),
        Kind::Mariadb => ("mariadbd", "/usr/sbin/mariadbd"),
    };
    let find = format!("readlink -f \"$(command -v {server} || ls -d {places} | tail -1)\"");
    let found = Command::new("sh")
        .args(["-c", &find])
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let path = String::from_utf8(found.stdout).ok()?;
    let path = Path::new(path.trim());
    path.is_file().then(|| path.parent().map(Path::to_owned))?
}

/// Servers refuse to run as root: then a user of their own runs them and owns the folder. Empty: it is
/// we.
fn owner(kind: Kind, folder: &Path) -> anyhow::Result<Vec<String>> {
    let id = Command::new("id").arg("-u").output()?;
    if id.stdout.trim_ascii() != b"0" {
        return Ok(Vec::new());
    }
    let user = match kind {
        Kind::Postgres => "postgres",
        Kind::Mariadb => "mysql",
    };
    let chown = Command::new("chown").arg(user).arg(folder).status()?;
    ensure!(chown.success(), "the folder could not be given to {user}");
    let user_argument = format!("--reuid={user}");
    let group = format!("--regid={user}");
    Ok(["setpriv", &user_argument, &group, "--clear-groups", "--"]
        .map(str::to_owned)
        .to_vec())
}

fn command(as_user: &[String], program: &Path) -> Command {
    match as_user.split_first() {
        None => Command::new(program),
        Some((first, rest)) => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
    }
}

/// Puts certificate and key into the folder, readable by the server alone.
fn put_tls(
    folder: &Path,
    as_user: &[String],
    (certificate, key): &(String, String),
) -> anyhow::Result<(PathBuf, PathBuf)> {
    use std::os::unix::fs::PermissionsExt as _;
    let paths = (folder.join("tls.crt"), folder.join("tls.key"));
    for (path, text) in [(&paths.0, certificate), (&paths.1, key)] {
        std::fs::write(path, text)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        if let Some(user) = as_user
            .get(1)
            .and_then(|user| user.strip_prefix("--reuid="))
        {
            let chown = Command::new("chown").arg(user).arg(path).status()?;
            ensure!(chown.success(), "the key could not be given to {user}");
        }
    }
    Ok(paths)
}
