//! The ERP over HTTP and the SFTP server over SSH.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::print_stdout, reason = "measurements print")]

use std::path::Path;
use std::sync::Arc;

use russh::client;
use russh::keys::PublicKeyOrCertificate;
use russh_sftp::client::SftpSession;
use russh_sftp::protocol::OpenFlags;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tributary_counterparts::{erp, sftp, together};

fn sftp_config(root: &Path, key: &Path) -> sftp::Config {
    sftp::Config {
        port: 0,
        root: root.to_owned(),
        user: "acme".to_owned(),
        password: "secret".to_owned(),
        host_key: Some(key.to_owned()),
    }
}

/// Accepts only the pinned key.
struct Pinned(String);

impl client::Handler for Pinned {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        key: &PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else {
            return Ok(false);
        };
        let mut key = key.clone();
        key.set_comment("");
        Ok(key.to_openssh().unwrap().trim() == self.0)
    }
}

async fn connect(server: &sftp::Handle, password: &str) -> Option<SftpSession> {
    let config = Arc::new(client::Config {
        window_size: 8 << 20,
        ..client::Config::default()
    });
    let pinned = Pinned(server.host_key.clone());
    let mut session = client::connect(config, server.address, pinned)
        .await
        .unwrap();
    if !session
        .authenticate_password("acme", password)
        .await
        .unwrap()
        .success()
    {
        return None;
    }
    let channel = session.channel_open_session().await.unwrap();
    channel.request_subsystem(true, "sftp").await.unwrap();
    Some(SftpSession::new(channel.into_stream()).await.unwrap())
}

#[tokio::test]
async fn files_are_listed_read_renamed_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    std::fs::create_dir_all(root.join("outgoing")).unwrap();
    std::fs::write(folder.path().join("secret"), "x").unwrap();
    std::os::unix::fs::symlink(folder.path().join("secret"), root.join("outgoing/link")).unwrap();
    let content: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    std::fs::write(root.join("outgoing/a.csv"), &content).unwrap();
    std::fs::write(root.join("outgoing/ü.csv"), "x").unwrap();
    let server = sftp::start(sftp_config(&root, &folder.path().join("key")))
        .await
        .unwrap();

    assert!(connect(&server, "wrong").await.is_none());
    let session = connect(&server, "secret").await.unwrap();
    let names: Vec<_> = session
        .read_dir("/outgoing")
        .await
        .unwrap()
        .map(|entry| entry.file_name())
        .collect();
    assert_eq!(
        names,
        ["a.csv", "ü.csv"],
        "the link that leads out is not shown"
    );
    assert_eq!(
        session.metadata("/outgoing/a.csv").await.unwrap().size,
        Some(12_000_000)
    );
    let mut file = session.open("outgoing/a.csv").await.unwrap();
    let mut read = Vec::new();
    file.read_to_end(&mut read).await.unwrap();
    assert!(read == content);
    for escape in ["/outgoing/link", "/../secret", "outgoing/../../secret"] {
        assert!(session.open(escape).await.is_err(), "{escape}");
    }
    let flags = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::TRUNCATE;
    for escape in ["/outgoing/link", "/../secret/x", "/nowhere/new"] {
        let opened = session.open_with_flags(escape, flags).await;
        assert!(opened.is_err(), "{escape}");
    }
    let mut new = session
        .open_with_flags("/outgoing/new", flags)
        .await
        .unwrap();
    new.write_all(&content).await.unwrap();
    new.shutdown().await.unwrap();
    assert!(std::fs::read(root.join("outgoing/new")).unwrap() == content);
    session
        .rename("/outgoing/ü.csv", "/outgoing/done.csv")
        .await
        .unwrap();
    assert!(root.join("outgoing/done.csv").exists());
    session.remove_file("/outgoing/done.csv").await.unwrap();
    assert!(!root.join("outgoing/done.csv").exists());
    server.stop().await;
}

#[tokio::test]
async fn the_host_key_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    let first = sftp::start(sftp_config(folder.path(), &key)).await.unwrap();
    let public = first.host_key.clone();
    assert!(public.starts_with("ssh-ed25519 AAAA"), "{public}");
    let port = first.address.port();
    first.stop().await;
    let config = sftp::Config {
        port,
        ..sftp_config(folder.path(), &key)
    };
    let second = sftp::start(config).await.unwrap();
    assert_eq!((&second.host_key, second.address.port()), (&public, port));
}

#[tokio::test]
async fn the_erp_pages_through_its_orders() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let orders = folder.path().join("orders.json");
    let documents: Vec<_> = (0..120)
        .map(|n| serde_json::json!({ "id": format!("SO-{n}"), "updated_at": "2026-10-01T10:00:00+02:00" }))
        .collect();
    std::fs::write(&orders, serde_json::to_vec(&documents).unwrap()).unwrap();
    let erp = erp::start(erp::Config {
        port: 0,
        token: String::new(),
        orders,
    })
    .await
    .unwrap();
    let http = reqwest::Client::new();
    let get = async |query: &str| {
        let request = http
            .get(format!("{}/api/orders?{query}", erp.url))
            .bearer_auth(&erp.token);
        let answer = request.send().await.unwrap();
        (
            answer.status().as_u16(),
            answer.json::<serde_json::Value>().await.unwrap(),
        )
    };
    let mut seen = 0;
    let mut query = "limit=50".to_owned();
    loop {
        let (status, page) = get(&query).await;
        assert_eq!(status, 200);
        seen += page.get("orders").unwrap().as_array().unwrap().len();
        match page.get("next_cursor").unwrap().as_str() {
            Some(cursor) => query = format!("limit=50&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, 120);
    assert_eq!(get("limit=0").await.0, 400);
    assert_eq!(get("cursor=x").await.0, 400);
    assert_eq!(
        http.get(format!("{}/api/orders", erp.url))
            .send()
            .await
            .unwrap()
            .status(),
        401
    );
}

/// With the tenants' own sample data, twice in the same folder.
#[tokio::test]
async fn all_three_come_back_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let options = together::Options {
        dir: folder.path().to_owned(),
        tenants: Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tenants"),
        ports: None,
        forget: false,
    };
    let first = together::start(&options).await.unwrap();
    let before = first.description.clone();
    first.stop().await;
    let second = together::start(&options).await.unwrap();
    assert_eq!(second.description, before);
    let session = connect(&second.sftp, &second.description.sftp.password)
        .await
        .unwrap();
    let files = session
        .read_dir(format!("/{}", together::SFTP_FOLDER))
        .await
        .unwrap()
        .count();
    assert_eq!(files, 3);
    second.stop().await;
}

/// Prints figures; run it with `--release --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn sftp_speed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("big"), vec![b'x'; 200 << 20]).unwrap();
    let server = sftp::start(sftp_config(folder.path(), &folder.path().join("key")))
        .await
        .unwrap();
    let session = connect(&server, "secret").await.unwrap();
    let mut file = session.open("/big").await.unwrap();
    let start = std::time::Instant::now();
    let mut read = Vec::new();
    file.read_to_end(&mut read).await.unwrap();
    println!(
        "{:.0} MB/s with russh-sftp's own client, {} bytes",
        209.7 / start.elapsed().as_secs_f64(),
        read.len()
    );
}
