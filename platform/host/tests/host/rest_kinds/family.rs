//! Child streams, samples, and configuration that does not fit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use tributary_model::error_code::ErrorCode;

use tributary_host::Selection;

use super::{ROWS, Stage, number, row, rows};
use crate::support::Sink;
use crate::wire::{Reply, Seen, reply};

fn family() -> Value {
    json!({"streams": {
        "orders": {"path": "orders", "records": "/rows", "primary_key": ["id"],
            "pages": {"kind": "page", "param": "page"},
            "incremental": {"param": "since", "field": "/t", "format": "unix_s", "overlap_s": 5}},
        "lines": {"path": "orders/{parent}/lines", "records": "/lines",
            "pages": {"next": "/next", "cursor_param": "c"},
            "parent": {"stream": "orders", "field": "/id", "copy": {"order_id": "/id", "order_time": "/t"}, "skip_missing": true}},
    }})
}

/// 23 orders, 10 a page; order n has n % 3 lines, one a page, and 404 for none.
fn family_server(seen: &Seen) -> Reply {
    if seen.path() == "/base/orders" {
        let page = number(seen, "page", 1);
        return reply(
            200,
            json!({"rows": rows((page - 1) * 10..page * 10)}).to_string(),
        );
    }
    let id: usize = seen.path().split('/').nth(3).unwrap().parse().unwrap();
    let line = number(seen, "c", 0);
    if id.is_multiple_of(3) {
        return reply(404, "{}");
    }
    let next = (line + 1 < id % 3).then(|| (line + 1).to_string());
    let body = format!(
        "{{\"lines\": [\n {{\"no\": {line}, \"price\": 1.10}}\n], \"next\": {}}}",
        json!(next)
    );
    reply(200, body)
}

/// As [`family_server`], but the second page of order 5 is gone when it is asked for.
fn vanishing_server(seen: &Seen) -> Reply {
    match (seen.path(), number(seen, "c", 0)) {
        ("/base/orders/5/lines", 1) => reply(404, "{}"),
        _ => family_server(seen),
    }
}

/// The lines that came, each as parent, number and the parent's time.
fn lines(sink: &Sink) -> Vec<String> {
    let text = String::from_utf8(sink.bytes()).unwrap();
    assert!(
        text.lines().all(|line| line.contains("\"price\": 1.10")),
        "{text}"
    );
    let values = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let told = |row: Value| {
        let word = |name: &str| row[name].as_str().unwrap().to_owned();
        format!("{} {} {}", word("order_id"), row["no"], word("order_time"))
    };
    values.map(told).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn children_are_read_for_each_parent_and_get_its_members() {
    let stage = Stage::with(family(), family_server).await;
    let wanted: Vec<String> = (0..ROWS)
        .flat_map(|id| {
            (0..id % 3).map(move |line| format!("{id} {line} 2026-01-01T00:00:{id:02}Z"))
        })
        .collect();
    let sink = stage.read("lines").await.unwrap();
    assert_eq!(lines(&sink), wanted);
    let last = sink.states().last().copied().cloned().unwrap();
    assert_eq!(
        (&last["done"], &last["newest"]),
        (&json!(true), &json!("2026-01-01T00:00:22Z"))
    );
    for fail_at in [1, 9, 15] {
        let mut broken = Sink {
            fail_at: Some(fail_at),
            ..Sink::default()
        };
        stage
            .read_from("lines", None, &mut broken)
            .await
            .unwrap_err();
        let state = broken.states().last().copied().cloned();
        let mut rest = Sink::default();
        stage.read_from("lines", state, &mut rest).await.unwrap();
        let mut both = lines(&broken);
        both.extend(lines(&rest));
        assert_eq!(both, wanted, "broken at {fail_at}");
    }
    // what is new of the parents decides which children are read; asked for in the API's form
    let incremental = Selection {
        stream: "lines".to_owned(),
        incremental: true,
        state: Some(json!([last])),
        ..Selection::default()
    };
    let partitions = stage
        .connector
        .partitions(&stage.call, &stage.config, &incremental)
        .await
        .unwrap();
    let selection = Selection {
        partition: Some(partitions[0].clone()),
        state: None,
        ..incremental
    };
    let before = stage.wire.seen().len();
    stage
        .connector
        .read(&stage.call, &stage.config, &selection, &mut Sink::default())
        .await
        .unwrap();
    let first = &stage.wire.seen()[before];
    assert_eq!(
        first.parameter("since").as_deref(),
        Some("1767225617"),
        "{}",
        first.target
    );
}

/// As [`family_server`], but from a moment on order 1 is gone, and order 8 moved to the front.
fn moving_server(seen: &Seen, moved: &AtomicBool) -> Reply {
    if seen.path() != "/base/orders" || !moved.load(Ordering::SeqCst) {
        return family_server(seen);
    }
    let page = number(seen, "page", 1);
    let others = (0..ROWS).filter(|id| ![1, 8].contains(id));
    let orders: Vec<usize> = std::iter::once(8).chain(others).collect();
    let here = orders.into_iter().skip((page - 1) * 10).take(10);
    let here: Vec<Value> = here.map(row).collect();
    reply(200, json!({ "rows": here }).to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_child_is_lost_where_the_list_of_parents_changes_during_a_break() {
    for fail_at in [4, 7, 9, 13] {
        let moved = Arc::new(AtomicBool::new(false));
        let of_server = Arc::clone(&moved);
        let server = move |seen: &Seen| moving_server(seen, &of_server);
        let stage = Stage::with(family(), server).await;
        let mut broken = Sink {
            fail_at: Some(fail_at),
            ..Sink::default()
        };
        let read = stage.read_from("lines", None, &mut broken);
        read.await.unwrap_err();
        moved.store(true, Ordering::SeqCst);
        let state = broken.states().last().copied().cloned();
        let mut rest = Sink::default();
        stage.read_from("lines", state, &mut rest).await.unwrap();
        let mut came = lines(&broken);
        came.extend(lines(&rest));
        for id in 0..ROWS {
            for line in 0..id % 3 {
                let line = format!("{id} {line} 2026-01-01T00:00:{id:02}Z");
                assert!(came.contains(&line), "{line}, broken at {fail_at}");
            }
        }
    }
}

/// Checkpoints used to count parents; the same number may be others by now.
#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_that_counts_parents_begins_with_all_of_them() {
    let stage = Stage::with(family(), family_server).await;
    let wanted = lines(&stage.read("lines").await.unwrap());
    let old = json!({"stream": "lines", "parent_cursor": "2", "parents_done": 3, "done": false});
    let mut sink = Sink::default();
    let read = stage.read_from("lines", Some(old), &mut sink);
    read.await.unwrap();
    assert_eq!(lines(&sink), wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_vanishes_between_two_pages_ends_nothing_but_itself() {
    let stage = Stage::with(family(), vanishing_server).await;
    let wanted: Vec<String> = (0..ROWS)
        .flat_map(|id| {
            (0..id % 3).map(move |line| format!("{id} {line} 2026-01-01T00:00:{id:02}Z"))
        })
        .filter(|line| !line.starts_with("5 1 "))
        .collect();
    let sink = stage.read("lines").await.unwrap();
    assert_eq!(lines(&sink), wanted);
    let last = sink.states().last().copied().cloned().unwrap();
    assert_eq!(last["done"], json!(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn discover_makes_schemas_of_samples_and_errors_name_the_field() {
    let stage = Stage::with(family(), family_server).await;
    let streams = stage
        .connector
        .discover(&stage.call, &stage.config)
        .await
        .unwrap();
    // order 0 has no lines, so the next one is the sample
    let schema = &streams[0].schema;
    assert_eq!(schema["properties"]["price"]["type"], "number");
    assert_eq!(schema["properties"]["order_id"]["type"], "string");
    assert!(streams[0].incremental, "by its parent");
    let schema = &streams[1].schema;
    assert_eq!(schema["x-sampled-rows"], json!(10));
    assert_eq!(
        schema["properties"]["id"],
        json!({"type": "integer", "examples": [0, 1, 2]})
    );
    assert_eq!(schema["properties"]["t"]["format"], "date-time");

    for (change, pointer) in [
        (
            json!({"path": "x", "pages": {"kind": "page"}}),
            "/config/streams/orders/pages",
        ),
        (
            json!({"path": "x", "pages": {"kind": "pages", "param": "p"}}),
            "/config/streams/orders/pages/kind",
        ),
        (
            json!({"path": "x", "pages": {"cursor_param": "c"}}),
            "/config/streams/orders/pages/next",
        ),
        (json!({"path": "x/{parent}"}), "/config/streams/orders/path"),
        (
            json!({"path": "x", "incremental": {"field": "t"}}),
            "/config/streams/orders/incremental/field",
        ),
        (
            json!({"path": "x", "rate_limit": {}}),
            "/config/streams/orders",
        ),
    ] {
        let config = json!({"streams": {"orders": change}});
        let problem = stage
            .connector
            .check(&stage.call, &config)
            .await
            .unwrap_err();
        assert_eq!(problem.code, ErrorCode::ConfigInvalid, "{problem}");
        assert_eq!(problem.pointer.as_deref(), Some(pointer), "{problem}");
    }
}

/// An order's line may change while the order does not.
#[tokio::test(flavor = "multi_thread")]
async fn children_with_a_rule_of_their_own_are_looked_for_below_every_parent() {
    let mut config = family();
    config["streams"]["lines"]["incremental"] =
        json!({"param": "changed_after", "field": "/changed"});
    let stage = Stage::with(config, |seen| {
        let Some(order) = seen.path().split('/').nth(3) else {
            // whoever asks for new orders only gets the last one
            let first = if seen.parameter("since").is_some() {
                22
            } else {
                0
            };
            return match number(seen, "page", 1) {
                1 => reply(200, json!({"rows": rows(first..23)}).to_string()),
                _ => reply(200, "{\"rows\": []}"),
            };
        };
        let changed = format!("2026-02-01T00:00:{order:0>2}Z");
        let line = json!({"no": 0, "price": 1.10, "changed": changed});
        reply(200, json!({ "lines": [line] }).to_string())
    })
    .await;
    let full = stage.read("lines").await.unwrap();
    let last = full.states().last().copied().cloned().unwrap();
    assert_eq!(last["newest"], "2026-02-01T00:00:22Z", "the lines' own");
    let incremental = Selection {
        stream: "lines".to_owned(),
        incremental: true,
        state: Some(json!([last])),
        ..Selection::default()
    };
    let partitions = stage
        .connector
        .partitions(&stage.call, &stage.config, &incremental);
    let selection = Selection {
        partition: Some(partitions.await.unwrap()[0].clone()),
        state: None,
        ..incremental
    };
    let before = stage.wire.seen().len();
    let mut sink = Sink::default();
    let read = stage
        .connector
        .read(&stage.call, &stage.config, &selection, &mut sink);
    read.await.unwrap();
    let seen = stage.wire.seen().split_off(before);
    let orders: Vec<_> = seen
        .iter()
        .filter(|seen| seen.path() == "/base/orders")
        .collect();
    assert!(
        orders.iter().all(|seen| seen.parameter("since").is_none()),
        "all parents"
    );
    let lines: Vec<_> = seen
        .iter()
        .filter(|seen| seen.path() != "/base/orders")
        .collect();
    assert_eq!(lines.len(), 23);
    for line in lines {
        let after = line.parameter("changed_after").unwrap();
        assert!(after.starts_with("2026-02-01T00:00:22"), "{after}");
    }
}
