//! Every kind of pages, read whole and after a break; the pace.

use serde_json::{Value, json};
use tributary_model::error_code::ErrorCode;

use super::{ROWS, Stage, number, numbers, rows};
use crate::support::Sink;
use crate::wire::{Reply, Seen, reply};

/// A server of one kind: its name, the stream that reads it, and how it answers.
type Kind = (&'static str, Value, fn(&Seen) -> Reply);

fn counted() -> Vec<Kind> {
    vec![
        (
            "page numbers, ended by an empty page",
            json!({"path": "x", "records": "/rows", "primary_key": ["id"],
                "pages": {"kind": "page", "param": "page", "size": 5, "size_param": "n"}}),
            |seen| {
                let (page, size) = (number(seen, "page", 1), number(seen, "n", 1));
                reply(
                    200,
                    json!({"rows": rows((page - 1) * size..page * size)}).to_string(),
                )
            },
        ),
        (
            "page numbers from 0 with a total",
            json!({"path": "x", "records": "/rows",
                "pages": {"kind": "page", "param": "p", "first": 0, "total": "/pages"}}),
            |seen| {
                let page = number(seen, "p", 99);
                assert!(page < 3, "asked beyond the total");
                reply(
                    200,
                    json!({"rows": rows(page * 10..page * 10 + 10), "pages": 3}).to_string(),
                )
            },
        ),
        (
            "offsets, with a server that gives fewer rows than asked for",
            json!({"path": "x", "pages": {"kind": "offset", "param": "skip", "size": 50, "size_param": "top"}}),
            |seen| {
                let from = number(seen, "skip", 0);
                reply(200, json!(rows(from..from + 7)).to_string())
            },
        ),
        (
            "offsets with a total",
            json!({"path": "x", "records": "/rows", "pages": {"kind": "offset", "param": "skip", "total": "/count"}}),
            |seen| {
                let from = number(seen, "skip", 0);
                assert!(from < ROWS, "asked beyond the total");
                reply(
                    200,
                    json!({"rows": rows(from..from + 9), "count": ROWS}).to_string(),
                )
            },
        ),
    ]
}

fn cursors() -> Vec<Kind> {
    vec![
        (
            "a cursor in the body",
            json!({"path": "x", "records": "/rows", "pages": {"next": "/meta/next", "cursor_param": "after"}}),
            |seen| {
                let from = number(seen, "after", 0);
                let next = (from + 6 < ROWS).then(|| (from + 6).to_string());
                reply(
                    200,
                    json!({"rows": rows(from..from + 6), "meta": {"next": next}}).to_string(),
                )
            },
        ),
        (
            "the last row as cursor, and whether there are more",
            json!({"path": "x", "records": "/rows",
                "pages": {"last_record": "/id", "more": "/has_more", "cursor_param": "starting_after"}}),
            |seen| {
                let from = seen
                    .parameter("starting_after")
                    .map_or(0, |last| last.parse::<usize>().unwrap() + 1);
                reply(
                    200,
                    json!({"rows": rows(from..from + 8), "has_more": from + 8 < ROWS}).to_string(),
                )
            },
        ),
    ]
}

fn links_and_bodies() -> Vec<Kind> {
    vec![
        (
            "a Link header that repeats the key",
            json!({"path": "x", "pages": {"kind": "link", "size": 4, "size_param": "per"}}),
            |seen| {
                let from = number(seen, "from", 0);
                let key = seen.parameter("secret_key").unwrap();
                let answer = reply(200, json!(rows(from..from + 4)).to_string());
                if from + 4 >= ROWS {
                    return answer;
                }
                let next = format!(
                    "http://{}/base/x?per=4&from={}&secret_key={key}",
                    seen.header("host"),
                    from + 4
                );
                answer.with(
                    "link",
                    &format!(
                        "<http://{}/base/x>; rel=\"first\", <{next}>; rel=\"next\"",
                        seen.header("host")
                    ),
                )
            },
        ),
        (
            "a link in the body, by another name of the server",
            json!({"path": "sales/x", "records": "/rows",
                "pages": {"kind": "next_url", "next": "/@odata~1next", "hosts": ["inside.example:81"]}}),
            |seen| {
                let from = number(seen, "$skip token", 0);
                let next = match from {
                    0 => json!("x?%24skip%20token=8"),
                    8 => json!("http://inside.example:81/base/sales/x?$skip token=16"),
                    _ => Value::Null,
                };
                reply(
                    200,
                    json!({"rows": rows(from..from + 8), "@odata/next": next}).to_string(),
                )
            },
        ),
        (
            "a list by POST with its page in the body",
            json!({"path": "search", "method": "post", "records": "/rows", "body": {"filter": {"open": true}},
                "pages": {"kind": "page", "param": "/page/number", "size": 10, "size_param": "/page/size", "in": "body"}}),
            |seen| {
                let body: Value = serde_json::from_str(&seen.body).unwrap();
                assert_eq!(
                    (seen.method.as_str(), &body["filter"]),
                    ("POST", &json!({"open": true}))
                );
                let page = usize::try_from(body["page"]["number"].as_u64().unwrap()).unwrap();
                assert_eq!(body["page"]["size"], json!(10));
                reply(
                    200,
                    json!({"rows": rows((page - 1) * 10..page * 10)}).to_string(),
                )
            },
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_pages_gives_every_row_once_and_goes_on_after_a_break() {
    let all = [counted(), cursors(), links_and_bodies()];
    for (name, stream, answer) in all.into_iter().flatten() {
        let stage = Stage::new(stream, answer).await;
        let sink = stage
            .read("rows")
            .await
            .unwrap_or_else(|problem| panic!("{name}: {problem}"));
        let all: Vec<u64> = (0..ROWS as u64).collect();
        assert_eq!(numbers(&sink), all, "{name}");
        let last = sink.states().last().copied().cloned().unwrap();
        assert_eq!(last["done"], json!(true), "{name}");
        // a sink that fails at the third page; what was committed and the rest are all rows
        let mut broken = Sink {
            fail_at: Some(2),
            ..Sink::default()
        };
        let failed = stage.read_from("rows", None, &mut broken).await;
        assert_eq!(failed.unwrap_err().code, ErrorCode::StorageFailed, "{name}");
        let state = broken.states().last().copied().cloned();
        let mut rest = Sink::default();
        stage.read_from("rows", state, &mut rest).await.unwrap();
        let mut both = numbers(&broken);
        both.extend(numbers(&rest));
        assert_eq!(both, all, "{name}");
        // the key went to the server with each request and is nowhere else
        assert!(stage.wire.seen().iter().all(|seen| {
            let keys = seen
                .query()
                .into_iter()
                .filter(|(name, _)| name == "secret_key");
            keys.map(|(_, key)| key).collect::<Vec<_>>() == ["hidden-key-0123456789"]
        }));
        let shown = format!("{:?}{:?}", sink.items, broken.items);
        assert!(!shown.contains("hidden-key"), "{name}");
        let steps = stage
            .connector
            .check(&stage.call, &stage.config)
            .await
            .unwrap();
        assert_eq!(steps.len(), 2, "{name}: {steps:?}");
        assert!(steps[0].message.contains("the next page is"), "{steps:?}");
        assert!(!format!("{steps:?}").contains("hidden-key"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pace_is_kept_and_an_empty_allowance_is_waited_for() {
    let stream = json!({"path": "x", "pages": {"kind": "page", "param": "page"}});
    let config = |limit: Value| json!({"streams": {"rows": stream.clone()}, "rate_limit": limit});
    let answer = |left: &'static str, reset: &'static str| {
        move |seen: &Seen| {
            let page = number(seen, "page", 1);
            let answer = reply(200, json!(rows((page - 1) * 8..page * 8)).to_string());
            answer.with("x-left", left).with("x-reset", reset)
        }
    };
    let stage = Stage::with(config(json!({"requests_per_second": 10})), answer("9", "9")).await;
    let started = std::time::Instant::now();
    stage.read("rows").await.unwrap();
    assert!(
        started.elapsed().as_millis() >= 290,
        "four requests at ten a second"
    );
    let headers = json!({"remaining_header": "X-Left", "reset_header": "X-Reset"});
    let stage = Stage::with(config(headers.clone()), answer("0", "120")).await;
    let problem = stage.read("rows").await.unwrap_err();
    assert_eq!(problem.code, ErrorCode::RateLimited);
    let wait = problem.retry_after_ms.unwrap();
    assert!((115_000..=120_000).contains(&wait), "{wait}");
    assert_eq!(
        stage.wire.seen().len(),
        1,
        "no request without an allowance"
    );
    let stage = Stage::with(config(headers), answer("0", "1")).await;
    let started = std::time::Instant::now();
    stage.read("rows").await.unwrap();
    assert!(
        started.elapsed().as_millis() >= 2_500,
        "a second after each of three pages"
    );
}
