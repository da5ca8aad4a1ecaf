//! A throw-away Postgres cluster: own folder, own unix socket, no TCP; stopped by its pid.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tributary_store::Store;

/// The role that the store uses: no superuser, so that row level security binds it.
const ROLE: &str = "tributary";
const TEMPLATE: &str = "template_store";

pub(crate) struct Cluster {
    folder: tempfile::TempDir,
    bin: PathBuf,
    server: Child,
    as_user: Vec<String>,
}

impl Cluster {
    /// `None` if there are no Postgres programs here.
    pub(crate) async fn start() -> Option<Self> {
        let bin = binaries()?;
        let folder = tempfile::Builder::new().prefix("pg").tempdir().unwrap();
        let as_user = become_user(folder.path());
        let data = folder.path().join("data");
        let made = command(&as_user, &bin.join("initdb"))
            .args(["-A", "trust", "-U", "postgres", "--no-sync", "--locale=C"])
            .args(["-E", "UTF8", "-D"])
            .arg(&data)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let server = command(&as_user, &bin.join("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder.path())
            .args([
                "-c",
                "listen_addresses=",
                "-c",
                "fsync=off",
                "-c",
                "max_connections=200",
            ])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let cluster = Self {
            folder,
            bin,
            server,
            as_user,
        };
        cluster.wait().await;
        cluster.sql("postgres", &format!("create role {ROLE} login nosuperuser"));
        cluster.sql(
            "postgres",
            &format!("create database {TEMPLATE} owner {ROLE}"),
        );
        // migrated once, copied for each case
        Store::open(&cluster.url(TEMPLATE))
            .await
            .unwrap()
            .close()
            .await;
        Some(cluster)
    }

    /// A migrated database of its own.
    pub(crate) fn database(&self, name: &str) -> String {
        self.sql(
            "postgres",
            &format!("create database {name} template {TEMPLATE} owner {ROLE}"),
        );
        self.url(name)
    }

    pub(crate) fn url(&self, database: &str) -> String {
        let socket = self.folder.path().display();
        format!("postgres://{ROLE}@localhost/{database}?host={socket}")
    }

    /// As the superuser.
    pub(crate) fn sql(&self, database: &str, text: &str) -> String {
        let done = self.psql("postgres", database, text);
        assert!(
            done.status.success(),
            "{text}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8(done.stdout).unwrap()
    }

    /// As the store's role.
    pub(crate) fn sql_as_store(&self, database: &str, text: &str) -> String {
        let done = self.psql(ROLE, database, text);
        assert!(
            done.status.success(),
            "{text}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8(done.stdout).unwrap()
    }

    fn psql(&self, role: &str, database: &str, text: &str) -> std::process::Output {
        Command::new(self.bin.join("psql"))
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                role,
                "-d",
                database,
            ])
            .arg("-h")
            .arg(self.folder.path())
            .args(["-c", text])
            .output()
            .unwrap()
    }

    async fn wait(&self) {
        for _ in 0..300 {
            if self
                .psql("postgres", "postgres", "select 1")
                .status
                .success()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the Postgres server does not answer");
    }

    pub(crate) fn stop(mut self) {
        self.halt();
    }

    fn halt(&mut self) {
        let pid = self.server.id().to_string();
        let _ = command(&self.as_user, Path::new("kill"))
            .args(["-INT", &pid])
            .status();
        let _ = self.server.wait();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Ok(None) = self.server.try_wait() {
            self.halt();
        }
    }
}

fn output(program: &str, args: &[&str]) -> Option<String> {
    let done = Command::new(program).args(args).output().ok()?;
    let text = String::from_utf8(done.stdout).ok()?.trim().to_owned();
    (done.status.success() && !text.is_empty()).then_some(text)
}

/// The folder with initdb, postgres and psql.
fn binaries() -> Option<PathBuf> {
    let in_path = output("sh", &["-c", "readlink -f \"$(command -v initdb)\""]);
    let in_debian = || {
        output(
            "sh",
            &["-c", "ls -d /usr/lib/postgresql/*/bin/initdb | tail -1"],
        )
    };
    let initdb = PathBuf::from(in_path.or_else(in_debian)?);
    let bin = initdb.parent()?.to_owned();
    (bin.join("postgres").exists() && bin.join("psql").exists()).then_some(bin)
}

/// Postgres refuses to run as root: then its own user runs it and owns the folder.
fn become_user(folder: &Path) -> Vec<String> {
    if output("id", &["-u"]).as_deref() != Some("0") {
        return Vec::new();
    }
    let chown = Command::new("chown").arg("postgres").arg(folder).status();
    assert!(chown.unwrap().success());
    [
        "setpriv",
        "--reuid=postgres",
        "--regid=postgres",
        "--clear-groups",
        "--",
    ]
    .map(str::to_owned)
    .to_vec()
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
