//! The OData connector against servers that a real one is not: endless links, links elsewhere, garbage,
//! collections in pages, delta links. A real one is in the end-to-end tests.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tributary_host::{Connector, EgressPolicy, Host, Selection};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use crate::support::{Sink, context, load};
use crate::wire::{Reply, Seen, Wire, reply};

static LOADED: OnceCell<(Host, Arc<Connector>)> = OnceCell::const_new();

async fn connector() -> Arc<Connector> {
    let (_, connector) = LOADED.get_or_init(|| load("odata", &[])).await;
    Arc::clone(connector)
}

fn config(version: &str, more: &Value) -> Value {
    let mut stream = json!({"entity_set": "Rows"});
    for (name, value) in more.as_object().into_iter().flatten() {
        stream[name] = value.clone();
    }
    json!({"version": version, "streams": {"rows": stream}})
}

/// Reads the stream, by its key alone or by cursor and key.
async fn read(
    config: &Value,
    span: Value,
    answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
) -> (Result<(), Problem>, Sink, Wire) {
    let wire = Wire::start(answer).await;
    let egress = EgressPolicy {
        allow: vec![wire.place.clone()],
    };
    let document = json!({
        "name": "service", "connector": "odata",
        "endpoint": {"kind": "http", "base_url": wire.url("/base/"), "auth": {"kind": "none"}},
    });
    let call = context(document, &egress).unwrap();
    let selection = Selection {
        stream: "rows".to_owned(),
        partition: Some(span),
        ..Selection::default()
    };
    let mut sink = Sink::default();
    let read = connector()
        .await
        .read(&call, config, &selection, &mut sink)
        .await;
    (read.map(|_| ()), sink, wire)
}

fn by_key() -> Value {
    json!({"stream": "rows", "columns": [{"name": "ID", "kind": "bare"}]})
}

fn page(rows: &Value, next: &str) -> Reply {
    reply(
        200,
        json!({"value": rows, "@odata.nextLink": next}).to_string(),
    )
}

fn token(seen: &Seen) -> usize {
    seen.parameter("$skiptoken")
        .map_or(0, |text| text.parse().unwrap())
}

type Bad = (&'static str, fn(&Seen) -> Reply, &'static str);

#[tokio::test(flavor = "multi_thread")]
async fn bad_services_are_stopped_and_said_so() {
    let bad: [Bad; 8] = [
        (
            "itself",
            |_| page(&json!([{"ID": 1}]), "Rows?$skiptoken=1"),
            "circle",
        ),
        (
            "nothing for ever",
            |seen| page(&json!([]), &format!("Rows?$skiptoken={}", token(seen) + 1)),
            "100 pages without a row",
        ),
        (
            "the same rows for ever",
            |seen| {
                page(
                    &json!([{"ID": 1}]),
                    &format!("Rows?$skiptoken={}", token(seen) + 1),
                )
            },
            "the same rows",
        ),
        (
            "elsewhere",
            |_| page(&json!([{"ID": 1}]), "https://evil.example/base/Rows"),
            "leads to evil.example",
        ),
        (
            "above",
            |_| page(&json!([{"ID": 1}]), "/admin"),
            "not below the base address",
        ),
        (
            "no scheme",
            |_| page(&json!([{"ID": 1}]), "//evil.example/base/Rows"),
            "no link",
        ),
        ("garbage", |_| reply(200, "{\"value\": [{\"ID\": 1}, "), ""),
        (
            "a page for people",
            |_| reply(200, "<html>").with("content-type", "text/html"),
            "",
        ),
    ];
    for (name, answer, word) in bad {
        for expand in [json!({}), json!({"expand": ["items"]})] {
            let (read, _, _wire) = read(&config("v4", &expand), by_key(), answer).await;
            let problem = read.unwrap_err();
            assert_eq!(
                problem.code,
                ErrorCode::SourceProtocol,
                "{name}: {problem:?}"
            );
            assert!(problem.detail.contains(word), "{name}: {problem:?}");
        }
    }
    // An endless stream of good rows ends at the configured page.
    let endless = |seen: &Seen| {
        let at = token(seen);
        page(&json!([{"ID": at}]), &format!("Rows?$skiptoken={}", at + 1))
    };
    let (read, sink, _wire) =
        read(&config("v4", &json!({"max_pages": 12})), by_key(), endless).await;
    assert!(read.unwrap_err().detail.contains("after 12"));
    assert_eq!(sink.rows(), 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_of_this_machine_lead_on_by_any_of_its_names() {
    let answer = |seen: &Seen| {
        let port = seen.header("host").rsplit(':').next().unwrap().to_owned();
        match token(seen) {
            0 => page(
                &json!([{"ID": 1}]),
                &format!("http://localhost:{port}/base/Rows?$skiptoken=1&t=a+b%3D"),
            ),
            _ => {
                let told = seen.target.contains("t=a%2Bb%3D");
                reply(200, json!({"value": [{"ID": 2, "plus": told}]}).to_string())
            }
        }
    };
    let (read, sink, _wire) = read(&config("v4", &json!({})), by_key(), answer).await;
    read.unwrap();
    assert_eq!(sink.rows(), 2);
    let text = String::from_utf8(sink.bytes()).unwrap();
    assert!(
        text.contains("\"plus\":true"),
        "a plus in a token stays one: {text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_by_keys_survive_ties_and_nulls() {
    // (cursor, id): nulls first, then groups that share a value
    fn at(id: i64) -> Value {
        match id {
            0..4 => Value::Null,
            _ => json!(format!("2026-01-01T00:00:0{}Z", id / 5)),
        }
    }
    let answer = |seen: &Seen| {
        let filter = seen.parameter("$filter").unwrap_or_default();
        let after = filter
            .rsplit("ID gt ")
            .next()
            .filter(|_| !filter.is_empty());
        let after: i64 = after.map_or(-1, |text| text.trim_end_matches(')').parse().unwrap());
        let rows: Vec<Value> = (after + 1..23)
            .take(3)
            .map(|id| json!({"ID": id, "at": at(id)}))
            .collect();
        reply(200, json!({"value": rows}).to_string())
    };
    let span = json!({"stream": "rows", "columns": [
        {"name": "at", "kind": "date_time_offset"}, {"name": "ID", "kind": "bare"}]});
    let stream = json!({"cursor": "at", "page_size": 3});
    let (read, sink, wire) = read(&config("v4", &stream), span, answer).await;
    read.unwrap();
    assert_eq!(sink.rows(), 23);
    let last = sink.states().last().copied().cloned().unwrap();
    assert_eq!(
        (&last["newest"], &last["done"]),
        (&json!("2026-01-01T00:00:04Z"), &json!(true))
    );
    let filters: Vec<String> = wire
        .seen()
        .iter()
        .filter_map(|seen| seen.parameter("$filter"))
        .collect();
    assert_eq!(filters[0], "((at ne null) or (at eq null and ID gt 2))");
    assert_eq!(
        filters[1],
        "((at gt 2026-01-01T00:00:01Z) or (at eq 2026-01-01T00:00:01Z and ID gt 5))"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn collections_in_pages_are_read_whole_and_deltas_are_kept() {
    let answer = |seen: &Seen| match seen.path() {
        "/base/Rows(1)/items" => {
            let next = (token(seen) < 3).then(|| format!("items?$skiptoken={}", token(seen) + 1));
            reply(
                200,
                json!({"value": [{"n": token(seen)}], "@odata.nextLink": next}).to_string(),
            )
        }
        _ if seen.parameter("$deltatoken").is_some() => {
            let rows =
                json!([{"@removed": {"reason": "deleted"}, "ID": 7}, {"ID": 8, "items": []}]);
            reply(
                200,
                json!({"value": rows, "@odata.deltaLink": "Rows?$deltatoken=2"}).to_string(),
            )
        }
        _ => {
            assert!(seen.header("prefer").contains("odata.track-changes"));
            let row = json!({"ID": 1, "items": [{"n": 0}], "items@odata.nextLink": "Rows(1)/items?$skiptoken=1"});
            reply(
                200,
                json!({"value": [row], "@odata.deltaLink": "Rows?$deltatoken=1"}).to_string(),
            )
        }
    };
    let delta = config("v4", &json!({"delta": true, "expand": ["items"]}));
    let (first, sink, _wire) = read(&delta, by_key(), answer).await;
    first.unwrap();
    let text = String::from_utf8(sink.bytes()).unwrap();
    assert_eq!(
        text,
        "{\"ID\":1,\"items\":[{\"n\":0},{\"n\":1},{\"n\":2},{\"n\":3}]}\n"
    );
    let link = sink.states().last().unwrap()["delta"].clone();
    let mut span = by_key();
    span["delta"] = link;
    let (second, sink, _wire) = read(&delta, span.clone(), answer).await;
    second.unwrap();
    assert_eq!(
        String::from_utf8(sink.bytes()).unwrap(),
        "{\"ID\":8,\"items\":[]}\n"
    );
    // A delta link that was forgotten: everything is read.
    let forgotten = move |seen: &Seen| match seen.parameter("$deltatoken") {
        Some(_) => reply(
            410,
            "{\"error\":{\"code\":\"gone\",\"message\":\"the token is too old\"}}",
        ),
        None => answer(seen),
    };
    let (third, sink, _wire) = read(&delta, span, forgotten).await;
    third.unwrap();
    assert_eq!(sink.rows(), 1);
    // One inside a row that has no end is no danger either.
    let endless = |seen: &Seen| match seen.path() {
        "/base/Rows" => page(
            &json!([{"ID": 1, "items": [], "items@odata.nextLink": "Rows(1)/items?$skiptoken=1"}]),
            "",
        ),
        _ => page(&json!([]), &format!("items?$skiptoken={}", token(seen) + 1)),
    };
    let (read, _, _wire) = read(
        &config("v4", &json!({"expand": ["items"]})),
        by_key(),
        endless,
    )
    .await;
    assert!(read.unwrap_err().detail.contains("100 pages without a row"));
}

#[tokio::test(flavor = "multi_thread")]
async fn both_versions_errors_are_understood() {
    for (version, body) in [
        (
            "v4",
            "{\"error\":{\"code\":\"X1\",\"message\":\"no such thing\"}}",
        ),
        (
            "v2",
            "{\"error\":{\"code\":\"X1\",\"message\":{\"lang\":\"en\",\"value\":\"no such thing\"}}}",
        ),
    ] {
        for (status, code) in [
            (400, ErrorCode::ConfigInvalid),
            (403, ErrorCode::ConnectionAuth),
            (404, ErrorCode::SourceNotFound),
            (429, ErrorCode::RateLimited),
            (500, ErrorCode::SourceProtocol),
        ] {
            let answer = move |_: &Seen| reply(status, body);
            let (read, _, _wire) = read(&config(version, &json!({})), by_key(), answer).await;
            let problem = read.unwrap_err();
            assert_eq!(problem.code, code, "{version} {status}: {problem:?}");
            assert!(problem.detail.contains("no such thing (X1)"), "{problem:?}");
        }
    }
}
