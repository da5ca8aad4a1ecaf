//! How fast the SFTP connector reads, against the counterpart's server on loopback or, with
//! arguments, a real one: `speed COMPONENT [HOST PORT USER KEY_FILE HOST_KEY FOLDER PATTERN]`.
//! One JSON object a line: name, value, unit.
#![expect(clippy::print_stdout, reason = "a measuring tool")]

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use async_trait::async_trait;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tributary_counterparts::sftp;
use tributary_formats::page::Page;
use tributary_host::{
    CallContext, Connection, EgressPolicy, Host, HostConfig, PageSink, Selection,
};
use tributary_model::document::ConnectionDocument;
use tributary_model::id::TenantId;
use tributary_model::problem::Problem;

struct Nowhere;

#[async_trait]
impl PageSink for Nowhere {
    async fn page(&mut self, _page: Page) -> Result<(), Problem> {
        Ok(())
    }
    async fn checkpoint(&mut self, _state: Value) -> Result<(), Problem> {
        Ok(())
    }
}

/// What to read; the server and its files end with it.
struct Setting {
    document: Value,
    folder: String,
    pattern: String,
    _own: Option<(sftp::Handle, tempfile::TempDir)>,
}

async fn own_server() -> anyhow::Result<Setting> {
    let scratch = tempfile::tempdir()?;
    let line = "123456;12;SKU-0042;\"Müller; Söhne\";3;19,95;2026-01-31;Some Customer Name Ltd\n";
    let text = format!("a;b;c;d;e;f;g;h\n{}", line.repeat((256 << 20) / line.len()));
    std::fs::write(scratch.path().join("orders.csv"), text)?;
    let server = sftp::start(sftp::Config {
        port: 0,
        root: scratch.path().to_owned(),
        user: "speed".to_owned(),
        password: "speed".to_owned(),
        host_key: None,
    })
    .await?;
    let document = json!({"name": "speed", "connector": "sftp", "endpoint": {"kind": "sftp",
        "host": "127.0.0.1", "port": server.address.port(), "user": "speed", "host_keys": [server.host_key]},
        "secrets": {"password": "speed"}});
    Ok(Setting {
        document,
        folder: "/".to_owned(),
        pattern: "*.csv".to_owned(),
        _own: Some((server, scratch)),
    })
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let component = std::fs::read(arguments.first().context("which component?")?)?;
    let setting = match arguments.as_slice() {
        [_, host, port, user, key, host_key, folder, pattern] => Setting {
            document: json!({"name": "speed", "connector": "sftp", "endpoint": {"kind": "sftp",
                "host": host, "port": port, "user": user, "auth": "key", "host_keys": [host_key]},
                "secrets": {"private_key": std::fs::read_to_string(key)?}}),
            folder: folder.clone(),
            pattern: pattern.clone(),
            _own: None,
        },
        _ => own_server().await?,
    };
    measure(&component, &setting).await
}

async fn measure(component: &[u8], setting: &Setting) -> anyhow::Result<()> {
    let document: ConnectionDocument = serde_json::from_value(setting.document.clone())?;
    let egress = match &document.endpoint {
        tributary_model::document::Endpoint::Sftp { host, port, .. } => EgressPolicy {
            allow: vec![format!("{host}:{port}")],
        },
        _ => EgressPolicy::default(),
    };
    let host = Host::new(HostConfig::default())?;
    let started = Instant::now();
    let connector = host.load(component).await?;
    report(
        "load_and_compile_sftp",
        started.elapsed().as_secs_f64() * 1e3,
        "ms",
    );
    let call = CallContext {
        tenant: TenantId::parse("speed")?,
        run: None,
        log: None,
        connection: Arc::new(Connection::new(&document, &egress)?),
        cancel: CancellationToken::new(),
        stop: CancellationToken::new(),
    };
    let config =
        json!({"folder": setting.folder, "pattern": setting.pattern, "csv": {"delimiter": ";"}});
    let mut selection = Selection {
        stream: "files".to_owned(),
        ..Selection::default()
    };
    let started = Instant::now();
    let partitions = connector.partitions(&call, &config, &selection).await?;
    report(
        "sign_in_and_list",
        started.elapsed().as_secs_f64() * 1e3,
        "ms",
    );
    for partition in partitions {
        selection.partition = Some(partition);
        let stats = connector
            .read(&call, &config, &selection, &mut Nowhere)
            .await?;
        let megabytes = stats.bytes as f64 / 1e6;
        report(
            "sftp_read",
            megabytes / (stats.wall_ms.max(1) as f64 / 1e3),
            "MB/s",
        );
        report("sftp_read_rows", stats.rows as f64, "rows");
        report("sftp_read_cpu_of_call", stats.cpu_ms as f64, "ms");
    }
    Ok(())
}

fn report(name: &str, value: f64, unit: &str) {
    println!("{}", json!({"name": name, "value": value, "unit": unit}));
}
