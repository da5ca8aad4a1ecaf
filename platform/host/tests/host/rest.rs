//! The REST connector against the ERP.

use std::sync::Arc;

use serde_json::{Value, json};
use tributary_counterparts::erp;
use tributary_host::{CallContext, Connector, HttpRequest, Selection};
use tributary_model::error_code::ErrorCode;
use tributary_model::rows::RowFormat;

use crate::support::{SECRET, Sink, context, http_document, load, place};

fn config() -> Value {
    json!({"streams": {"orders": {
        "path": "api/orders",
        "records": "/orders",
        "pages": {"next": "/next_cursor", "cursor_param": "cursor", "size": 100, "size_param": "limit"},
        "incremental": {"param": "updated_since", "field": "/updated_at"},
        "primary_key": ["id"],
    }}})
}

fn orders() -> Value {
    let order = |number: u32| {
        // bulk changes: many orders share an instant, written with different offsets
        let minute = number / 40;
        let updated_at = match number % 2 {
            0 => format!("2026-10-05T10:{minute:02}:00Z"),
            _ => format!("2026-10-05T12:{minute:02}:00+02:00"),
        };
        json!({"id": format!("O-{number:05}"), "updated_at": updated_at, "note": "ä \" \\ ", "qty": 1.10})
    };
    Value::Array((0..430).map(order).collect())
}

async fn start(
    token: &str,
) -> (
    tributary_counterparts::web::Handle,
    tempfile::TempDir,
    Arc<Connector>,
    CallContext,
) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.json");
    std::fs::write(&file, orders().to_string()).unwrap();
    let server = erp::start(erp::Config {
        port: 0,
        token: SECRET.to_owned(),
        orders: file,
    })
    .await
    .unwrap();
    let (host, connector) = load("rest", &[place(&server.url)]).await;
    let call = context(http_document(&server.url, token), host.egress()).unwrap();
    (server, folder, connector, call)
}

fn selection(incremental: bool, partition: &Value) -> Selection {
    Selection {
        stream: "orders".to_owned(),
        incremental,
        partition: Some(partition.clone()),
        state: None,
    }
}

async fn read(connector: &Connector, call: &CallContext, selection: &Selection) -> Sink {
    let mut sink = Sink::default();
    connector
        .read(call, &config(), selection, &mut sink)
        .await
        .unwrap();
    sink
}

fn ids(sink: &Sink) -> Vec<String> {
    let mut ids = Vec::new();
    for page in sink.pages() {
        let body: Value = serde_json::from_slice(&page.bytes).unwrap();
        for order in body["orders"].as_array().unwrap() {
            ids.push(order["id"].as_str().unwrap().to_owned());
        }
    }
    ids
}

async fn control(call: &CallContext, path: &str, body: Value) {
    let request = HttpRequest {
        method: "POST".to_owned(),
        path: path.to_owned(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: Some(body.to_string().into()),
        ..HttpRequest::default()
    };
    let response = call.connection.send(request).await.unwrap();
    assert_eq!(response.status, 200, "{:?}", response.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_pages_come_once_as_they_were_received_and_increments_miss_nothing() {
    let (_server, _folder, connector, call) = start(SECRET).await;
    let streams = connector.discover(&call, &config()).await.unwrap();
    assert!(streams[0].incremental && streams[0].primary_key == ["id"]);
    let steps = connector.check(&call, &config()).await.unwrap();
    assert!(steps.iter().all(|step| step.ok), "{steps:?}");

    let full = Selection {
        stream: "orders".to_owned(),
        ..Selection::default()
    };
    let partitions = connector.partitions(&call, &config(), &full).await.unwrap();
    let sink = read(&connector, &call, &selection(false, &partitions[0])).await;
    assert_eq!(sink.pages().len(), 5);
    assert_eq!(sink.rows(), 430);
    let mut seen = ids(&sink);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 430);
    let page = sink.pages()[1];
    assert!(matches!(&page.format, RowFormat::Json { records } if records == "/orders"));
    assert!(
        page.source.starts_with("GET api/orders?limit=100&cursor="),
        "{}",
        page.source
    );
    let last = sink.states().last().copied().cloned().unwrap();
    assert_eq!(last["done"], json!(true));

    control(
        &call,
        "_control/change",
        json!({"order_id": "O-00007", "set": {"/qty": 2}}),
    )
    .await;
    let incremental = Selection {
        stream: "orders".to_owned(),
        incremental: true,
        state: Some(json!([last])),
        ..Selection::default()
    };
    let partitions = connector
        .partitions(&call, &config(), &incremental)
        .await
        .unwrap();
    let sink = read(&connector, &call, &selection(true, &partitions[0])).await;
    let seen = ids(&sink);
    assert!(seen.contains(&"O-00007".to_owned()), "the changed one");
    assert!(
        seen.contains(&"O-00429".to_owned()),
        "ties of the last instant come again"
    );
    assert!(seen.len() < 100, "{}", seen.len());
}

/// The platform gives a partition the stream's stored cursor to begin with; a run that found nothing
/// newer must not make the next one believe that all is read.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_without_news_does_not_end_the_stream() {
    let (_server, _folder, connector, call) = start(SECRET).await;
    let full = read(
        &connector,
        &call,
        &selection(false, &json!({"stream": "orders"})),
    )
    .await;
    let mut last = full.states().last().copied().cloned().unwrap();
    for change in [None, None, Some("O-00007")] {
        if let Some(id) = change {
            let body = json!({"order_id": id, "set": {"/qty": 2}});
            control(&call, "_control/change", body).await;
        }
        let plan = Selection {
            stream: "orders".to_owned(),
            incremental: true,
            state: Some(json!([last])),
            ..Selection::default()
        };
        let partitions = connector.partitions(&call, &config(), &plan).await.unwrap();
        let mut next = selection(true, &partitions[0]);
        next.state = Some(last);
        let sink = read(&connector, &call, &next).await;
        let seen = ids(&sink);
        assert!(
            seen.contains(&"O-00429".to_owned()),
            "ties of the last instant come again"
        );
        assert!(
            change.is_none_or(|id| seen.iter().any(|seen| seen == id)),
            "{seen:?}"
        );
        last = sink.states().last().copied().cloned().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_broke_goes_on_at_its_last_page() {
    let (_server, _folder, connector, call) = start(SECRET).await;
    let span = json!({"stream": "orders"});
    let mut sink = Sink {
        fail_at: Some(2),
        ..Sink::default()
    };
    let broken = connector
        .read(&call, &config(), &selection(false, &span), &mut sink)
        .await;
    assert_eq!(broken.unwrap_err().code, ErrorCode::StorageFailed);
    assert_eq!(sink.pages().len(), 2);
    let mut resume = selection(false, &span);
    resume.state = sink.states().last().copied().cloned();
    let rest = read(&connector, &call, &resume).await;
    assert_eq!(sink.rows() + rest.rows(), 430);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_say_what_to_do() {
    let (_server, _folder, connector, call) = start(SECRET).await;
    let span = json!({"stream": "orders"});
    control(
        &call,
        "_control/faults",
        json!({"throttle_next": 1, "retry_after_s": 3}),
    )
    .await;
    let selection = selection(false, &span);
    let mut sink = Sink::default();
    let problem = connector
        .read(&call, &config(), &selection, &mut sink)
        .await
        .unwrap_err();
    assert_eq!(
        (problem.code, problem.retry_after_ms),
        (ErrorCode::RateLimited, Some(3000))
    );
    control(&call, "_control/faults", json!({"error_rate": 1.0})).await;
    let problem = connector
        .read(&call, &config(), &selection, &mut sink)
        .await
        .unwrap_err();
    assert!(problem.transient(), "{problem:?}");

    let (_server, _folder, connector, call) = start("wrong").await;
    let problem = connector
        .read(&call, &config(), &selection, &mut sink)
        .await
        .unwrap_err();
    assert_eq!(problem.code, ErrorCode::ConnectionAuth);
    let steps = connector.check(&call, &config()).await.unwrap();
    assert!(!steps[0].ok && steps.len() == 1);
    assert_eq!(sink.items.len(), 0);
    let text = format!("{problem:?}{steps:?}{:?}", call.connection);
    assert!(!text.contains("wrong"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn configuration_that_does_not_fit_is_named() {
    let (_server, _folder, connector, call) = start(SECRET).await;
    let problem = connector
        .check(
            &call,
            &json!({"streams": {"orders": {"path": "x", "recods": "/orders"}}}),
        )
        .await
        .unwrap_err();
    assert_eq!(problem.code, ErrorCode::ConfigInvalid);
    assert_eq!(problem.pointer.as_deref(), Some("/config/streams/orders"));
    let other = Selection {
        stream: "other".to_owned(),
        ..Selection::default()
    };
    let problem = connector
        .partitions(&call, &config(), &other)
        .await
        .unwrap_err();
    assert!(problem.detail.contains("there are orders"), "{problem}");
}
