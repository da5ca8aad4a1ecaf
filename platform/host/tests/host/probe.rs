//! A connection tried by the host itself: which step names which mistake, and what is counted of what
//! a connector uses.

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tributary_counterparts::sftp;
use tributary_host::{CheckStep, Connection, EgressPolicy};
use tributary_model::document::ConnectionDocument;

use crate::s3::{document as bucket, server as s3_server};
use crate::support::{SECRET, Sink, context, load};

const OTHER_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

async fn probe(document: &Value, allow: &[String]) -> Vec<CheckStep> {
    let document: ConnectionDocument = serde_json::from_value(document.clone()).unwrap();
    let egress = EgressPolicy {
        allow: allow.to_vec(),
    };
    Connection::new(&document, &egress).unwrap().probe().await
}

/// Names of the steps; the last one is marked if it failed, and then it says what to do.
fn told(steps: &[CheckStep]) -> String {
    for step in steps {
        assert_eq!(step.ok, step.hint.is_none(), "{step:?}");
        assert_eq!(step.ok, step.code.is_none(), "{step:?}");
        assert!(!step.message.contains(SECRET), "{step:?}");
    }
    let words: Vec<String> = steps
        .iter()
        .map(|step| match step.ok {
            true => step.name.clone(),
            false => format!("{}!", step.name),
        })
        .collect();
    words.join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn sftp_by_steps() {
    let folder = tempfile::tempdir().unwrap();
    let server = sftp::start(sftp::Config {
        port: 0,
        root: folder.path().to_owned(),
        user: "acme".to_owned(),
        password: SECRET.to_owned(),
        host_key: None,
    })
    .await
    .unwrap();
    let allow = [server.address.to_string()];
    let document = |password: &str, key: &str| {
        json!({
            "name": "files", "connector": "sftp",
            "endpoint": {"kind": "sftp", "host": server.address.ip().to_string(),
                "port": server.address.port(), "user": "acme", "host_keys": [key]},
            "secrets": {"password": password},
        })
    };
    let good = document(SECRET, &server.host_key);
    let steps = probe(&good, &allow).await;
    assert_eq!(told(&steps), "dns connect host_key auth sftp", "{steps:?}");
    assert!(steps.iter().all(|step| step.took_ms.is_some()), "{steps:?}");

    let steps = probe(&document("wrong", &server.host_key), &allow).await;
    assert_eq!(told(&steps), "dns connect host_key auth!", "{steps:?}");
    // before the host key was seen no password leaves
    let steps = probe(&document(SECRET, OTHER_KEY), &allow).await;
    assert_eq!(told(&steps), "dns connect host_key!", "{steps:?}");
    assert_eq!(steps[2].code.as_deref(), Some("host_key_changed"));
    assert_eq!(told(&probe(&good, &[]).await), "egress!");
    let mut unknown = good.clone();
    unknown["endpoint"]["host"] = json!("no-such-host.invalid");
    assert_eq!(told(&probe(&unknown, &[]).await), "dns!");
    // a port where nobody listens any more
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = gone.local_addr().unwrap();
    drop(gone);
    let mut unreachable = good;
    unreachable["endpoint"]["port"] = json!(place.port());
    let steps = probe(&unreachable, &[place.to_string()]).await;
    assert_eq!(told(&steps), "dns connect!", "{steps:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn http_by_steps() {
    // speaks neither TLS nor HTTP: accepts and hangs up
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let document = |base_url: String| {
        json!({
            "name": "api", "connector": "rest",
            "endpoint": {"kind": "http", "base_url": base_url, "auth": {"kind": "bearer"}},
            "secrets": {"token": SECRET},
        })
    };
    let allow = [place.clone()];
    let steps = probe(&document(format!("https://{place}/")), &allow).await;
    assert_eq!(told(&steps), "dns connect tls!", "{steps:?}");
    // a plain address that was granted has no TLS to try, and a bearer token shows with the first request
    let steps = probe(&document(format!("http://{place}/")), &allow).await;
    assert_eq!(told(&steps), "dns connect", "{steps:?}");
    let login = json!({
        "name": "api", "connector": "rest",
        "endpoint": {"kind": "http", "base_url": format!("http://{place}/"), "auth": {
            "kind": "oauth2_client", "token_url": format!("http://{place}/token"), "client_id": "c"}},
        "secrets": {"client_secret": SECRET},
    });
    let steps = probe(&login, &allow).await;
    assert_eq!(told(&steps), "dns connect auth!", "{steps:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn buckets_by_steps() {
    let server = s3_server().await;
    let allow = [server.address.to_string()];
    let good = bucket(&server.url());
    let steps = probe(&good, &allow).await;
    assert_eq!(told(&steps), "dns connect auth bucket", "{steps:?}");
    let mut wrong = good;
    wrong["endpoint"]["bucket"] = json!("of-nobody");
    let steps = probe(&wrong, &allow).await;
    assert_eq!(told(&steps), "dns connect auth bucket!", "{steps:?}");
    assert!(steps[3].message.contains("of-nobody"), "{steps:?}");
    assert!(steps[3].message.contains("/endpoint/bucket"), "{steps:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_connector_uses_is_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("in")).unwrap();
    let mut text = b"nr;name\n".to_vec();
    for row in 0..50_000 {
        text.extend_from_slice(format!("{row};somebody\n").as_bytes());
    }
    std::fs::write(folder.path().join("in/a.csv"), &text).unwrap();
    let server = sftp::start(sftp::Config {
        port: 0,
        root: folder.path().to_owned(),
        user: "acme".to_owned(),
        password: SECRET.to_owned(),
        host_key: None,
    })
    .await
    .unwrap();
    let (host, connector) = load("sftp", &[server.address.to_string()]).await;
    let document = json!({
        "name": "files", "connector": "sftp",
        "endpoint": {"kind": "sftp", "host": server.address.ip().to_string(),
            "port": server.address.port(), "user": "acme", "host_keys": [server.host_key]},
        "secrets": {"password": SECRET},
    });
    let call = context(document.clone(), host.egress()).unwrap();
    let config =
        json!({"stream": "a", "folder": "/in", "after": "delete", "csv": {"delimiter": ";"}});
    let mut selection = tributary_host::Selection {
        stream: "a".to_owned(),
        ..tributary_host::Selection::default()
    };
    let parts = connector
        .partitions(&call, &config, &selection)
        .await
        .unwrap();
    let planned = call.connection.take_usage();
    assert_eq!((planned.instances, planned.bytes_in), (1, 0), "{planned:?}");
    assert!(planned.host_calls["files"] > 0, "{planned:?}");
    assert!(!planned.host_calls.contains_key("output"), "{planned:?}");
    selection.partition = Some(parts[0].clone());

    // who only looks changes nothing, whatever the configuration says
    let looking: ConnectionDocument = serde_json::from_value(document).unwrap();
    let looking = Connection::new(&looking, host.egress()).unwrap().looking();
    let mut looks = call.clone();
    looks.connection = std::sync::Arc::new(looking);
    let read = connector
        .read(&looks, &config, &selection, &mut Sink::default())
        .await;
    assert!(
        read.is_err(),
        "nothing that was looked at counts as durable"
    );
    assert!(folder.path().join("in/a.csv").exists());

    connector
        .read(&call, &config, &selection, &mut Sink::default())
        .await
        .unwrap();
    assert!(
        !folder.path().join("in/a.csv").exists(),
        "the run itself does delete"
    );
    let read = call.connection.take_usage();
    assert_eq!(read.bytes_in, text.len() as u64, "{read:?}");
    assert_eq!((read.instances, read.bytes_out), (1, 0), "{read:?}");
    assert!(read.cpu_us > 0 && read.host_calls["output"] > 0, "{read:?}");
    assert!((1..=64 << 20).contains(&read.peak_memory_bytes), "{read:?}");
    assert!(call.connection.take_usage().is_empty());
}
