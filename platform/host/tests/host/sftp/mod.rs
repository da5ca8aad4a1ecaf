//! The SFTP connector against an SFTP server.

mod formats;
mod looks;
mod zips;

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use tributary_counterparts::sftp;
use tributary_host::{CallContext, Connector, Host, Selection};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::rows::RowFormat;

use crate::support::{Item, SECRET, Sink, context, load};

struct Setting {
    server: sftp::Handle,
    folder: tempfile::TempDir,
    host: Host,
    connector: Arc<Connector>,
}

impl Setting {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("in")).unwrap();
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
        Self {
            server,
            folder,
            host,
            connector,
        }
    }

    fn call(&self) -> CallContext {
        self.call_with(SECRET, std::slice::from_ref(&self.server.host_key))
            .unwrap()
    }

    fn call_with(&self, password: &str, host_keys: &[String]) -> Result<CallContext, Problem> {
        let document = json!({
            "name": "files", "connector": "sftp",
            "endpoint": {"kind": "sftp", "host": self.server.address.ip().to_string(),
                "port": self.server.address.port(), "user": "acme", "auth": "password", "host_keys": host_keys},
            "secrets": {"password": password},
        });
        context(document, self.host.egress())
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.folder.path().join("in").join(name), bytes).unwrap();
    }

    async fn partitions(
        &self,
        call: &CallContext,
        incremental: bool,
        state: Option<Value>,
    ) -> Vec<Value> {
        let selection = Selection {
            stream: "orders".to_owned(),
            incremental,
            partition: None,
            state,
        };
        self.connector
            .partitions(call, &config(), &selection)
            .await
            .unwrap()
    }

    async fn read(
        &self,
        call: &CallContext,
        partition: &Value,
        state: Option<Value>,
        sink: &mut Sink,
    ) -> Result<(), Problem> {
        let selection = Selection {
            stream: "orders".to_owned(),
            incremental: false,
            partition: Some(partition.clone()),
            state,
        };
        self.connector
            .read(call, &config(), &selection, sink)
            .await
            .map(|_| ())
    }
}

fn config() -> Value {
    json!({
        "stream": "orders", "folder": "/in", "pattern": "orders-*.csv",
        "csv": {"delimiter": ";", "encoding": "windows-1252"}, "expected_columns": ["nr"],
    })
}

fn lines(rows: usize) -> Vec<u8> {
    let mut text = b"nr;name;betrag\r\n".to_vec();
    for row in 0..rows {
        text.extend_from_slice(format!("{row};\"M").as_bytes());
        text.extend_from_slice(b"\xFCller; S\xF6hne\n\";1.234,50 \x80\r\n");
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn files_become_partitions_and_their_bytes_pages() {
    let setting = Setting::start().await;
    setting.write("orders-b.csv", &lines(3));
    setting.write("orders-a.csv", &lines(60_000));
    setting.write("other.txt", b"x");
    let call = setting.call();
    let steps = setting.connector.check(&call, &config()).await.unwrap();
    assert!(
        steps.len() == 2 && steps.iter().all(|step| step.ok),
        "{steps:?}"
    );
    let streams = setting.connector.discover(&call, &config()).await.unwrap();
    assert_eq!(
        streams[0].schema["required"],
        json!(["nr", "name", "betrag"])
    );

    let partitions = setting.partitions(&call, false, None).await;
    let paths: Vec<&str> = partitions
        .iter()
        .map(|part| part["key"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["/in/orders-a.csv", "/in/orders-b.csv"]);
    let mut sink = Sink::default();
    setting
        .read(&call, &partitions[0], None, &mut sink)
        .await
        .unwrap();
    let whole = lines(60_000);
    assert_eq!(sink.bytes(), whole[16..]);
    assert_eq!(sink.rows(), 60_000);
    assert!(sink.pages().len() > 1);
    let RowFormat::Csv(csv) = &sink.pages()[0].format else {
        panic!()
    };
    assert_eq!(
        (csv.columns.len(), csv.delimiter, csv.encoding.as_str()),
        (3, ';', "windows-1252")
    );
    assert_eq!(
        (sink.pages()[0].first.line, sink.pages()[0].first.offset),
        (2, 16)
    );
    assert_eq!(sink.states().last().unwrap()["done"], json!(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn incremental_runs_skip_files_that_were_read_and_take_changed_ones() {
    let setting = Setting::start().await;
    setting.write("orders-a.csv", &lines(3));
    let call = setting.call();
    let partitions = setting.partitions(&call, true, None).await;
    let mut sink = Sink::default();
    setting
        .read(&call, &partitions[0], None, &mut sink)
        .await
        .unwrap();
    let done = json!([sink.states().last().unwrap()]);
    assert_eq!(
        setting
            .partitions(&call, true, Some(done.clone()))
            .await
            .len(),
        0
    );
    assert_eq!(
        setting
            .partitions(&call, false, Some(done.clone()))
            .await
            .len(),
        1
    );
    setting.write("orders-a.csv", &lines(4));
    setting.write("orders-c.csv", &lines(1));
    assert_eq!(setting.partitions(&call, true, Some(done)).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_goes_on_inside_the_file_after_every_checkpoint() {
    let setting = Setting::start().await;
    setting.write("orders-a.csv", &lines(120_000));
    let call = setting.call();
    let partition = setting.partitions(&call, false, None).await.remove(0);
    let mut sink = Sink::default();
    setting
        .read(&call, &partition, None, &mut sink)
        .await
        .unwrap();
    let whole = sink.bytes();
    for (at, item) in sink.items.iter().enumerate() {
        let Item::State(state) = item else { continue };
        let before: usize = sink.items[..at]
            .iter()
            .map(|item| match item {
                Item::Page(page) => page.bytes.len(),
                Item::State(_) => 0,
            })
            .sum();
        let mut rest = Sink::default();
        setting
            .read(&call, &partition, Some(state.clone()), &mut rest)
            .await
            .unwrap();
        assert_eq!(rest.bytes(), whole[before..], "after {before} bytes");
        if let Some(page) = rest.pages().first() {
            assert_eq!(page.first.offset, 16 + before as u64);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_change_or_vanish_are_errors_of_their_own() {
    let setting = Setting::start().await;
    setting.write("orders-a.csv", &lines(3));
    let call = setting.call();
    let partition = setting.partitions(&call, false, None).await.remove(0);
    let mut sink = Sink::default();
    setting.write("orders-a.csv", &lines(4));
    let problem = setting
        .read(&call, &partition, None, &mut sink)
        .await
        .unwrap_err();
    assert_eq!(problem.code, ErrorCode::FileChanged);
    std::fs::remove_file(setting.folder.path().join("in/orders-a.csv")).unwrap();
    let problem = setting
        .read(&call, &partition, None, &mut sink)
        .await
        .unwrap_err();
    assert_eq!(problem.code, ErrorCode::SourceNotFound);
    assert!(problem.detail.contains("orders-a.csv"), "{problem}");
    setting.write("orders-a.csv", b"wrong;header\r\n1;2\r\n");
    let partition = setting.partitions(&call, false, None).await.remove(0);
    let problem = setting
        .read(&call, &partition, None, &mut sink)
        .await
        .unwrap_err();
    assert_eq!(problem.code, ErrorCode::CsvHeader);
    assert_eq!(sink.items.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_pinned_server_gets_the_password() {
    let setting = Setting::start().await;
    let other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ"
        .to_owned();
    for keys in [vec![], vec![other.clone()]] {
        let call = setting.call_with(SECRET, &keys).unwrap();
        let steps = setting.connector.check(&call, &config()).await.unwrap();
        assert!(!steps[0].ok && steps.len() == 1, "{steps:?}");
        let selection = Selection {
            stream: "orders".to_owned(),
            ..Selection::default()
        };
        let problem = setting
            .connector
            .partitions(&call, &config(), &selection)
            .await
            .unwrap_err();
        assert_eq!(problem.code, ErrorCode::HostKeyChanged);
        assert!(problem.detail.contains("SHA256:"), "{problem}");
        let key = setting.server.host_key.split(' ').nth(1).unwrap();
        assert_eq!(
            problem.hint.contains(key),
            keys.is_empty(),
            "{}",
            problem.hint
        );
    }
    let call = setting
        .call_with(SECRET, &[other, setting.server.host_key.clone()])
        .unwrap();
    assert!(setting.connector.check(&call, &config()).await.unwrap()[0].ok);
    let call = setting
        .call_with(
            "wrong-canary",
            std::slice::from_ref(&setting.server.host_key),
        )
        .unwrap();
    let selection = Selection {
        stream: "orders".to_owned(),
        ..Selection::default()
    };
    let problem = setting
        .connector
        .partitions(&call, &config(), &selection)
        .await
        .unwrap_err();
    assert_eq!(problem.code, ErrorCode::ConnectionAuth);
    assert!(!format!("{problem:?} {:?}", call.connection).contains("canary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_was_not_granted_is_not_dialled() {
    let setting = Setting::start().await;
    let (host, connector) = load("sftp", &[]).await;
    let document = json!({
        "name": "files", "connector": "sftp",
        "endpoint": {"kind": "sftp", "host": "127.0.0.1", "port": setting.server.address.port(),
            "user": "acme", "host_keys": [setting.server.host_key]},
        "secrets": {"password": SECRET},
    });
    let call = context(document, host.egress()).unwrap();
    let selection = Selection {
        stream: "orders".to_owned(),
        ..Selection::default()
    };
    let problem = connector
        .partitions(&call, &config(), &selection)
        .await
        .unwrap_err();
    assert_eq!(problem.code, ErrorCode::ConnectionRefused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_does_not_exist_is_named() {
    let setting = Setting::start().await;
    let mut config = config();
    config["folder"] = json!("/nowhere");
    let steps = setting
        .connector
        .check(&setting.call(), &config)
        .await
        .unwrap();
    let words: Vec<(&str, bool)> = steps
        .iter()
        .map(|step| (step.name.as_str(), step.ok))
        .collect();
    assert_eq!(words, [("list", false)]);
    assert_eq!(steps[0].code.as_deref(), Some("source_not_found"));
    assert!(steps[0].hint.is_some(), "{steps:?}");
    assert!(steps[0].message.contains("/nowhere"), "{steps:?}");
    assert!(Path::new("/nowhere").is_absolute());
}
