//! MariaDB: its account signs in by password over TCP.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::ensure;

use super::{DATABASE, Handle, Options, USER, answered, command, put_tls};

pub(super) fn prepare(
    programs: &Path,
    folder: &Path,
    address: SocketAddr,
    options: &Options,
    as_user: &[String],
) -> anyhow::Result<Command> {
    let data = folder.join("data");
    let argument = |name: &str, value: &Path| format!("--{name}={}", value.display());
    let made = command(as_user, Path::new("mariadb-install-db"))
        .args([
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ])
        .arg(argument("datadir", &data))
        // several are made at the same time, and not all have names of their own for what is temporary
        .env("TMPDIR", folder)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()?;
    ensure!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let mut server = command(as_user, &programs.join("mariadbd"));
    server
        .env("TMPDIR", folder)
        .args([
            "--no-defaults",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
        ])
        .args([
            "--innodb-buffer-pool-size=64M",
            "--innodb-flush-log-at-trx-commit=0",
        ])
        .args(["--character-set-server=utf8mb4"])
        .args(["--server-id=11", "--log-bin=binlog", "--binlog-format=ROW"])
        .arg(format!("--port={}", address.port()))
        .arg(argument("datadir", &data))
        .arg(argument("socket", &folder.join("s.sock")))
        .arg(argument("pid-file", &folder.join("pid")));
    if let Some(tls) = &options.tls {
        let (certificate, key) = put_tls(folder, as_user, tls)?;
        server.arg(argument("ssl-cert", &certificate));
        server.arg(argument("ssl-key", &key));
    }
    Ok(server)
}

pub(super) fn make_account(handle: &Handle, password: &str) -> anyhow::Result<()> {
    let text = format!(
        "create database {DATABASE}; create user {USER}@'127.0.0.1' identified by '{password}'; \
         grant select on {DATABASE}.* to {USER}@'127.0.0.1'"
    );
    let mut client = client(&handle.programs, handle.folder.path(), "mysql");
    answered(client.arg(text)).map(|_| ())
}

/// As root, by the socket.
pub(super) fn client(_programs: &Path, folder: &Path, database: &str) -> Command {
    let mut client = Command::new("mariadb");
    client
        .args(["--no-defaults", "-uroot", "-N", "-B"])
        .arg("--default-character-set=utf8mb4")
        .arg(format!("--socket={}", folder.join("s.sock").display()))
        .args(["-D", database, "-e"]);
    client
}
