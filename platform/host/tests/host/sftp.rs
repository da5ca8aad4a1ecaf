//! The SFTP connector against an SFTP server.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use tributary_counterparts::sftp;
use tributary_formats::page::Page;
use tributary_host::{CallContext, Connector, Host, PageSink, Selection};
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
        steps.len() == 4 && steps.iter().all(|step| step.ok),
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
    assert_eq!(
        words,
        [("connect", true), ("sign in", true), ("folder", false)]
    );
    assert!(steps[2].message.contains("/nowhere"), "{steps:?}");
    assert!(Path::new("/nowhere").is_absolute());
}

/// Does something to the other side when the first page comes.
struct Meddling<F> {
    inner: Sink,
    act: Option<F>,
}

#[async_trait]
impl<F: FnOnce() + Send> PageSink for Meddling<F> {
    async fn page(&mut self, page: Page) -> Result<(), Problem> {
        if let Some(act) = self.act.take() {
            act();
        }
        self.inner.page(page).await
    }

    async fn checkpoint(&mut self, state: Value) -> Result<(), Problem> {
        self.inner.checkpoint(state).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_file_costs_four_requests() {
    let setting = Setting::start().await;
    const FILES: usize = 20;
    for number in 0..FILES {
        setting.write(&format!("orders-{number:02}.csv"), &lines(3));
    }
    setting.write("orders-empty.csv", b"");
    let call = setting.call();
    let partitions = setting.partitions(&call, false, None).await;
    let listing = setting.server.requests();
    assert!(listing["readdir"] <= 2 && listing.get("stat").is_none(), "{listing:?}");
    let mut sink = Sink::default();
    for partition in &partitions[..FILES] {
        setting.read(&call, partition, None, &mut sink).await.unwrap();
    }
    assert_eq!(sink.rows(), 3 * FILES as u64);
    let files = FILES as u64;
    // The last CLOSE is not waited for.
    let mut requests = setting.server.requests();
    let closed = requests.remove("close").unwrap();
    assert!(closed == files || closed == files - 1, "{closed}");
    assert_eq!(
        requests.into_iter().collect::<Vec<_>>(),
        [("fstat", files), ("open", files), ("read", files)]
    );
    setting.read(&call, &partitions[FILES], None, &mut sink).await.unwrap();
    let requests = setting.server.requests();
    assert!(requests.get("read").is_none() && requests["fstat"] == 1, "{requests:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_written_to_while_it_is_read_is_noticed() {
    let setting = Setting::start().await;
    // more than is asked for at once
    setting.write("orders-a.csv", &lines(500_000));
    let call = setting.call();
    let partition = setting.partitions(&call, false, None).await.remove(0);
    let path = setting.folder.path().join("in/orders-a.csv");
    for grows in [true, false] {
        let path = path.clone();
        let mut sink = Meddling {
            inner: Sink::default(),
            act: Some(move || {
                let file = std::fs::File::options().append(true).open(&path).unwrap();
                let length = file.metadata().unwrap().len();
                file.set_len(if grows { length + 10 } else { length - 20 }).unwrap();
            }),
        };
        let selection = Selection {
            stream: "orders".to_owned(),
            partition: Some(partition.clone()),
            ..Selection::default()
        };
        let problem = setting.connector.read(&call, &config(), &selection, &mut sink).await;
        assert_eq!(problem.unwrap_err().code, ErrorCode::FileChanged, "{grows}");
        assert!(!sink.inner.states().iter().any(|state| state["done"] == json!(true)));
        setting.write("orders-a.csv", &lines(500_000));
        if grows {
            let now = std::fs::File::options().append(true).open(path_of(&setting)).unwrap();
            let listed = partition["modified_ms"].as_u64().unwrap();
            let listed = std::time::UNIX_EPOCH + std::time::Duration::from_millis(listed);
            now.set_modified(listed).unwrap();
        }
    }
}

fn path_of(setting: &Setting) -> std::path::PathBuf {
    setting.folder.path().join("in/orders-a.csv")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_came_in_the_place_of_the_one_that_was_read_stays() {
    let setting = Setting::start().await;
    setting.write("orders-a.csv", &lines(60_000));
    let call = setting.call();
    let partition = setting.partitions(&call, false, None).await.remove(0);
    let (new, path) = (setting.folder.path().join("in/new"), path_of(&setting));
    std::fs::write(&new, lines(2)).unwrap();
    let mut sink = Meddling {
        inner: Sink::default(),
        act: Some(move || std::fs::rename(&new, &path).unwrap()),
    };
    let mut config = config();
    config["after"] = json!("delete");
    let selection = Selection {
        stream: "orders".to_owned(),
        partition: Some(partition.clone()),
        ..Selection::default()
    };
    let read = setting.connector.read(&call, &config, &selection, &mut sink).await;
    read.unwrap();
    assert_eq!(sink.inner.bytes(), lines(60_000)[16..], "what was planned");
    assert_eq!(std::fs::read(path_of(&setting)).unwrap(), lines(2), "not removed");
    // What was read and is still there is removed.
    let partition = setting.partitions(&call, false, None).await.remove(0);
    let selection = Selection {
        partition: Some(partition),
        ..selection
    };
    let mut sink = Sink::default();
    let read = setting.connector.read(&call, &config, &selection, &mut sink).await;
    read.unwrap();
    assert!(!path_of(&setting).exists() && sink.rows() == 2);
}
