//! PostgreSQL: a cluster whose accounts sign in by password over TCP.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::ensure;

use super::{DATABASE, Handle, Options, USER, answered, command, put_tls};

const ACCESS: &str = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";

pub(super) fn prepare(
    programs: &Path,
    folder: &Path,
    address: SocketAddr,
    options: &Options,
    as_user: &[String],
) -> anyhow::Result<Command> {
    let data = folder.join("data");
    let made = command(as_user, &programs.join("initdb"))
        .args([
            "-A",
            "trust",
            "-U",
            "postgres",
            "--no-sync",
            "--locale=C",
            "-E",
            "UTF8",
            "-D",
        ])
        .arg(&data)
        .current_dir(folder)
        .output()?;
    ensure!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    std::fs::write(data.join("pg_hba.conf"), ACCESS)?;
    let mut server = command(as_user, &programs.join("postgres"));
    server.arg("-D").arg(&data).arg("-k").arg(folder);
    let port = format!("port={}", address.port());
    for setting in [
        "listen_addresses=127.0.0.1",
        &port,
        "fsync=off",
        "wal_level=logical",
    ] {
        server.args(["-c", setting]);
    }
    if let Some(tls) = &options.tls {
        let (certificate, key) = put_tls(folder, as_user, tls)?;
        server.args(["-c", "ssl=on", "-c"]);
        server.arg(format!("ssl_cert_file={}", certificate.display()));
        server
            .arg("-c")
            .arg(format!("ssl_key_file={}", key.display()));
    }
    Ok(server)
}

pub(super) fn make_account(handle: &Handle, password: &str) -> anyhow::Result<()> {
    let run = |database: &str, text: &str| {
        let mut client = client(
            &handle.programs,
            handle.folder.path(),
            handle.address,
            database,
        );
        answered(client.arg(text)).map(|_| ())
    };
    run(
        "postgres",
        &format!("create role {USER} login password '{password}'"),
    )?;
    run("postgres", &format!("create database {DATABASE}"))
}

/// As the superuser, by the socket.
pub(super) fn client(
    programs: &Path,
    folder: &Path,
    address: SocketAddr,
    database: &str,
) -> Command {
    let mut client = Command::new(programs.join("psql"));
    client
        .args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            "postgres",
            "-d",
            database,
        ])
        .arg("-h")
        .arg(folder)
        .args(["-p", &address.port().to_string(), "-c"]);
    client
}
