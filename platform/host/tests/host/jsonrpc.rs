//! The Tryton connector against servers that a real one is not. A real one is in the end-to-end tests.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tributary_host::{Connector, EgressPolicy, Host, Selection};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use crate::support::{Sink, context, load};
use crate::wire::{Reply, Seen, Wire, reply};

static LOADED: OnceCell<(Host, Arc<Connector>)> = OnceCell::const_new();

async fn read(
    answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
) -> (Result<(), Problem>, Sink) {
    let wire = Wire::start(answer).await;
    let (_, connector) = LOADED.get_or_init(|| load("jsonrpc", &[])).await;
    let egress = EgressPolicy {
        allow: vec![wire.place.clone()],
    };
    let document = json!({
        "name": "erp", "connector": "jsonrpc",
        "endpoint": {"kind": "http", "base_url": wire.url("/"), "auth": {"kind": "none"}},
    });
    let call = context(document, &egress).unwrap();
    let config = json!({"path": "erp/", "streams": {"rows": {"model": "a.b", "fields": ["n"], "page_size": 2}}});
    let selection = Selection {
        stream: "rows".to_owned(),
        partition: Some(json!({"stream": "rows", "fields": ["n"]})),
        ..Selection::default()
    };
    let mut sink = Sink::default();
    let read = connector.read(&call, &config, &selection, &mut sink).await;
    (read.map(|_| ()), sink)
}

/// The pass and the id to go on after.
fn asked(seen: &Seen) -> (bool, i64) {
    let body: Value = serde_json::from_str(&seen.body).unwrap();
    let domain = body["params"][0].as_array().unwrap();
    let created = domain
        .iter()
        .any(|part| part == &json!(["write_date", "=", null]));
    let after = domain.iter().find(|part| part[0] == "OR");
    (
        created,
        after.map_or(0, |after| after[2][1][2].as_i64().unwrap()),
    )
}

fn record(id: i64, created: bool) -> Value {
    let date = json!({"__class__": "datetime", "year": 2026, "month": 1, "day": 1, "hour": 0, "minute": 0,
        "second": 0, "microsecond": if created { 1 } else { 2 }});
    json!({"id": id, "n": {"__class__": "Decimal", "decimal": "0.10"}, "create_date": date,
        "write_date": if created { Value::Null } else { date.clone() }})
}

#[tokio::test(flavor = "multi_thread")]
async fn both_passes_are_read_to_their_end() {
    let (read, sink) = read(|seen| {
        let (created, after) = asked(seen);
        let (first, last) = if created { (1, 5) } else { (11, 14) };
        let ids = (first.max(after + 1)..=last).take(2);
        let rows: Vec<Value> = ids.map(|id| record(id, created)).collect();
        reply(200, json!({"id": 1, "result": rows}).to_string())
    })
    .await;
    read.unwrap();
    assert_eq!(sink.rows(), 9);
    let text = String::from_utf8(sink.bytes()).unwrap();
    assert!(
        text.lines().all(|line| line.contains("\"n\":0.10")),
        "{text}"
    );
    let last = sink.states().last().copied().cloned().unwrap();
    assert_eq!(last["created"], "2026-01-01T00:00:00.000001Z");
    assert_eq!(last["written"], "2026-01-01T00:00:00.000002Z");
    assert_eq!(last["done"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_servers_are_stopped_and_said_so() {
    type Bad = (fn(&Seen) -> Reply, ErrorCode, &'static str);
    let bad: [Bad; 8] = [
        (
            |_| {
                reply(
                    200,
                    json!({"result": [record(1, true), record(2, true)]}).to_string(),
                )
            },
            ErrorCode::SourceProtocol,
            "circle",
        ),
        (
            |_| reply(200, "garbage"),
            ErrorCode::SourceProtocol,
            "neither result nor error",
        ),
        (
            |_| reply(200, "{\"result\": 5}"),
            ErrorCode::SourceProtocol,
            "no list",
        ),
        (
            |_| reply(200, "{\"result\": [{}]}"),
            ErrorCode::SourceProtocol,
            "no id",
        ),
        (
            |_| reply(200, "{\"error\": [\"'nope'\", \"\"]}"),
            ErrorCode::ConfigInvalid,
            "'nope'",
        ),
        (|_| reply(401, ""), ErrorCode::ConnectionAuth, "401"),
        (
            |_| reply(429, "slow down"),
            ErrorCode::RateLimited,
            "slow down",
        ),
        (
            |_| reply(200, "{\"result\": [").with("x", "y"),
            ErrorCode::SourceProtocol,
            "neither",
        ),
    ];
    for (answer, code, word) in bad {
        let (read, _) = read(answer).await;
        let problem = read.unwrap_err();
        assert_eq!(problem.code, code, "{problem:?}");
        assert!(problem.detail.contains(word), "{problem:?}");
    }
}
