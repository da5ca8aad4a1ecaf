//! The S3 connector against an S3 server.

mod refused;
mod store;

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use tributary_counterparts::moto;
use tributary_host::{CallContext, Connector, Host, HttpRequest, ReadPlan, Selection};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use crate::support::{Item, SECRET, Sink, context, load};

/// An S3 server with the bucket `acme`.
pub(crate) async fn server() -> moto::Handle {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../counterparts");
    let server = moto::start(&cache).await.unwrap();
    server.put("/acme", b"").await.unwrap();
    server
}

/// The document of a connection to `url`.
pub(crate) fn document(url: &str) -> Value {
    json!({
        "name": "bucket", "connector": "s3",
        "endpoint": {"kind": "s3", "endpoint": url, "region": "us-east-1", "bucket": "acme",
            "prefix": "erp/", "auth": {"kind": "access_key", "access_key_id": "AKIDEXAMPLE"}},
        "secrets": {"secret_access_key": SECRET},
    })
}

struct Setting {
    server: moto::Handle,
    host: Host,
    connector: Arc<Connector>,
    config: Value,
}

impl Setting {
    async fn start() -> Self {
        let server = server().await;
        let (host, connector) = load("s3", &[server.address.to_string()]).await;
        Self {
            server,
            host,
            connector,
            config: json!({
                "stream": "orders", "folder": "out", "pattern": "orders-*.csv",
                "csv": {"delimiter": ";", "encoding": "windows-1252"}, "expected_columns": ["nr"],
            }),
        }
    }

    fn call(&self) -> CallContext {
        context(document(&self.server.url()), self.host.egress()).unwrap()
    }

    async fn put(&self, key: &str, bytes: &[u8]) {
        self.server
            .put(&format!("/acme/erp/{key}"), bytes)
            .await
            .unwrap();
    }

    async fn is_there(&self, key: &str) -> bool {
        self.server.get(&format!("/acme/erp/{key}")).await.is_ok()
    }

    async fn plan(&self, call: &CallContext, state: Option<Value>) -> ReadPlan {
        let selection = Selection {
            stream: "orders".to_owned(),
            incremental: true,
            partition: None,
            state,
        };
        self.connector
            .plan(call, &self.config, &selection)
            .await
            .unwrap()
    }

    async fn read(
        &self,
        call: &CallContext,
        partition: &Value,
        state: Option<Value>,
    ) -> Result<Sink, (Problem, Sink)> {
        let selection = Selection {
            stream: "orders".to_owned(),
            incremental: true,
            partition: Some(partition.clone()),
            state,
        };
        let mut sink = Sink::default();
        match self
            .connector
            .read(call, &self.config, &selection, &mut sink)
            .await
        {
            Ok(_) => Ok(sink),
            Err(problem) => Err((problem, sink)),
        }
    }
}

fn lines(rows: usize) -> Vec<u8> {
    let mut text = b"nr;name;betrag\r\n".to_vec();
    for row in 0..rows {
        text.extend_from_slice(format!("{row};\"M").as_bytes());
        text.extend_from_slice(b"\xFCller; S\xF6hne\n\";1.234,50 \x80\r\n");
    }
    text
}

fn keys(plan: &ReadPlan) -> Vec<&str> {
    let keys = plan
        .partitions
        .iter()
        .map(|part| part["key"].as_str().unwrap());
    keys.collect()
}

/// The states that a run leaves behind.
fn kept(sinks: &[&Sink]) -> Value {
    let last = sinks
        .iter()
        .map(|sink| (*sink.states().last().unwrap()).clone());
    Value::Array(last.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_read_once_and_again_when_they_change() {
    let setting = Setting::start().await;
    for (key, rows) in [
        ("orders-a.csv", 60_000),
        ("orders-b.csv", 3),
        ("orders-c.csv", 1),
    ] {
        setting.put(&format!("out/{key}"), &lines(rows)).await;
    }
    setting.put("out/other.txt", b"x").await;
    setting.put("out/below/orders-x.csv", &lines(1)).await;
    setting.put("elsewhere/orders-y.csv", &lines(1)).await;
    let call = setting.call();
    let steps = setting
        .connector
        .check(&call, &setting.config)
        .await
        .unwrap();
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["list", "header"], "{steps:?}");
    assert!(steps.iter().all(|step| step.ok), "{steps:?}");
    let streams = setting
        .connector
        .discover(&call, &setting.config)
        .await
        .unwrap();
    assert_eq!(
        streams[0].schema["required"],
        json!(["nr", "name", "betrag"])
    );

    let plan = setting.plan(&call, None).await;
    assert_eq!(
        keys(&plan),
        ["out/orders-a.csv", "out/orders-b.csv", "out/orders-c.csv"]
    );
    let mut sinks = Vec::new();
    for partition in &plan.partitions {
        sinks.push(setting.read(&call, partition, None).await.unwrap());
    }
    assert_eq!(sinks[0].bytes(), lines(60_000)[16..]);
    assert_eq!(sinks.iter().map(Sink::rows).sum::<u64>(), 60_004);
    assert!(sinks[0].pages().len() > 1);
    let done = kept(&sinks.iter().collect::<Vec<_>>());
    assert_eq!(done[0]["sha256"].as_str().unwrap().len(), 64);

    assert!(
        setting
            .plan(&call, Some(done.clone()))
            .await
            .partitions
            .is_empty()
    );
    setting.put("out/orders-b.csv", &lines(4)).await;
    let plan = setting.plan(&call, Some(done.clone())).await;
    assert_eq!(keys(&plan), ["out/orders-b.csv"]);
    let again = setting
        .read(&call, &plan.partitions[0], Some(done[1].clone()))
        .await
        .unwrap();
    assert_eq!(again.rows(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_only_touched_or_has_gone_is_not_read_and_forgotten_in_time() {
    let setting = Setting::start().await;
    setting.put("out/orders-a.csv", &lines(3)).await;
    let call = setting.call();
    let plan = setting.plan(&call, None).await;
    let sink = setting
        .read(&call, &plan.partitions[0], None)
        .await
        .unwrap();
    let mut seen = kept(&[&sink]);
    // As if it had been written a day before: another time, the same bytes.
    seen[0]["modified_ms"] = json!(seen[0]["modified_ms"].as_u64().unwrap() - 86_400_000);
    let plan = setting.plan(&call, Some(seen.clone())).await;
    assert_eq!(keys(&plan), ["out/orders-a.csv"]);
    let again = setting
        .read(&call, &plan.partitions[0], Some(seen[0].clone()))
        .await
        .unwrap();
    assert_eq!((again.rows(), again.states().len()), (0, 1));
    assert_eq!(
        again.states()[0]["modified_ms"],
        plan.partitions[0]["modified_ms"]
    );

    let mut long_gone = seen[0].clone();
    long_gone["key"] = json!("out/orders-0.csv");
    long_gone["done_ms"] = json!(86_400_000_u64);
    let mut just_gone = seen[0].clone();
    just_gone["key"] = json!("out/orders-1.csv");
    let plan = setting
        .plan(&call, Some(json!([long_gone, just_gone])))
        .await;
    assert_eq!(plan.forgotten, ["out/orders-0.csv"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_objects_than_a_page_of_the_listing_are_all_seen() {
    let mut setting = Setting::start().await;
    for number in 0..1_003 {
        setting
            .put(
                &format!("many/{:02}/o{number:04}.csv", number % 7),
                b"nr\r\n1\r\n",
            )
            .await;
    }
    setting.config["folder"] = json!("many");
    setting.config["recursive"] = json!(true);
    setting.config["pattern"] = json!("0[1-6]/o*.csv");
    let call = setting.call();
    let plan = setting.plan(&call, None).await;
    assert_eq!(
        plan.partitions.len(),
        (0..1_003).filter(|number| number % 7 != 0).count()
    );
    let mut sorted = keys(&plan);
    sorted.sort_unstable();
    assert_eq!(sorted, keys(&plan));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_goes_on_inside_the_object_and_never_mixes_two_versions() {
    let setting = Setting::start().await;
    setting.put("out/orders-a.csv", &lines(120_000)).await;
    let call = setting.call();
    let partition = setting.plan(&call, None).await.partitions.remove(0);
    let sink = setting.read(&call, &partition, None).await.unwrap();
    let whole = sink.bytes();
    let mut before = 0;
    let mut middle = None;
    for item in &sink.items {
        match item {
            Item::Page(page) => before += page.bytes.len(),
            Item::State(state) => {
                let rest = setting
                    .read(&call, &partition, Some(state.clone()))
                    .await
                    .unwrap();
                assert_eq!(rest.bytes(), whole[before..], "after {before} bytes");
                middle.get_or_insert(state.clone());
            }
        }
    }
    // Replaced by one of the same length: what is left of it is not read.
    let mut other = lines(120_000);
    other[20] = b'X';
    setting.put("out/orders-a.csv", &other).await;
    for state in [middle, None] {
        let (problem, sink) = setting.read(&call, &partition, state).await.unwrap_err();
        assert_eq!(problem.code, ErrorCode::FileChanged, "{problem}");
        assert_eq!(sink.items.len(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_archived_or_deleted_when_their_rows_are_safe() {
    let mut setting = Setting::start().await;
    setting.config["after"] = json!("archive");
    setting.config["archive_folder"] = json!("done");
    setting.put("out/orders-a.csv", &lines(3)).await;
    setting.put("done/orders-a.csv", b"an older one").await;
    setting.put("out/orders-b.csv", &lines(3)).await;
    let call = setting.call();
    let plan = setting.plan(&call, None).await;
    let first = setting
        .read(&call, &plan.partitions[0], None)
        .await
        .unwrap();
    assert!(!setting.is_there("out/orders-a.csv").await);
    assert_eq!(
        setting
            .server
            .get("/acme/erp/done/orders-a.csv")
            .await
            .unwrap(),
        b"an older one"
    );
    let found = setting
        .server
        .get("/acme?list-type=2&prefix=erp/done/orders-a.csv.")
        .await
        .unwrap();
    assert!(
        String::from_utf8_lossy(&found).contains("<KeyCount>1</KeyCount>"),
        "{found:?}"
    );

    // A sink that does not take the rows keeps the object where it is.
    let selection = Selection {
        stream: "orders".to_owned(),
        incremental: true,
        partition: Some(plan.partitions[1].clone()),
        state: None,
    };
    let mut broken = Sink {
        fail_at: Some(0),
        ..Sink::default()
    };
    let read = setting
        .connector
        .read(&call, &setting.config, &selection, &mut broken)
        .await;
    assert_eq!(read.unwrap_err().code, ErrorCode::StorageFailed);
    assert!(setting.is_there("out/orders-b.csv").await);

    // Killed between the last row and the move: the next plan moves it and reads nothing.
    let mut done = first.states().last().unwrap().to_owned().to_owned();
    for name in ["key", "size", "modified_ms", "version"] {
        done[name] = plan.partitions[1][name].clone();
    }
    assert!(
        setting
            .plan(&call, Some(json!([done])))
            .await
            .partitions
            .is_empty()
    );
    assert!(setting.is_there("done/orders-b.csv").await);
    assert!(!setting.is_there("out/orders-b.csv").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_marker_says_that_an_object_is_complete_and_goes_with_it() {
    let mut setting = Setting::start().await;
    let call = setting.call();
    setting.config["after"] = json!("delete");
    setting.config["done_marker"] = json!("{stem}.ok");
    setting.put("out/orders-c.csv", &lines(3)).await;
    assert!(
        setting.plan(&call, None).await.partitions.is_empty(),
        "no marker yet"
    );
    setting.put("out/orders-c.ok", b"").await;
    let plan = setting.plan(&call, None).await;
    setting
        .read(&call, &plan.partitions[0], None)
        .await
        .unwrap();
    assert!(
        !setting.is_there("out/orders-c.csv").await && !setting.is_there("out/orders-c.ok").await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_targets_calls_write_whole_objects_over_what_was_there() {
    let setting = Setting::start().await;
    let call = setting.call();
    let put = |path: &str, body: Vec<u8>| HttpRequest {
        method: "PUT".to_owned(),
        path: path.to_owned(),
        body: Some(body.into()),
        ..HttpRequest::default()
    };
    // 20 MiB go in three parts.
    for body in [b"small".to_vec(), vec![7; 20 << 20], b"last".to_vec()] {
        let answer = call
            .connection
            .send(put("out/x.bin", body.clone()))
            .await
            .unwrap();
        assert_eq!(answer.status, 201);
        assert_eq!(answer.header("x-tributary-sha256").unwrap().len(), 64);
        assert!(answer.header("etag").unwrap().len() > 2);
        assert_eq!(
            setting.server.get("/acme/erp/out/x.bin").await.unwrap(),
            body
        );
    }
    let look = |path: &str| HttpRequest {
        method: "HEAD".to_owned(),
        path: path.to_owned(),
        ..HttpRequest::default()
    };
    let there = call.connection.send(look("out/x.bin")).await.unwrap();
    assert_eq!(
        (there.status, there.header("content-length")),
        (200, Some("4"))
    );
    assert_eq!(
        call.connection.send(look("out/none")).await.unwrap().status,
        404
    );
    for (method, path) in [
        ("DELETE", "out/x.bin"),
        ("GET", "out/x.bin"),
        ("PUT", "../x"),
        ("PUT", "a/./b"),
    ] {
        let request = HttpRequest {
            method: method.to_owned(),
            ..put(path, Vec::new())
        };
        let error = call.connection.send(request).await.unwrap_err();
        assert_eq!(
            error.problem.code,
            ErrorCode::ConnectorDenied,
            "{method} {path}"
        );
    }
}
