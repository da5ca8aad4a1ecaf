//! Targets that go astray.

use std::sync::Arc;

use serde_json::{Value, json};
use tributary_conformance::{Attempt, Dev, Player, RowTried, Sending, dev};
use tributary_host::Outcome;
use tributary_model::problem::Problem;

use crate::astray::{assert_fails, case, component, failures, manifest};

fn target() -> Vec<u8> {
    let more = json!({
        "capabilities": ["log", "connections", "http", "control"],
        "delivery": {"capability": "idempotency_key", "max_rows_per_call": 1},
    });
    component("api_target", &manifest("api_target", &more))
}

fn with(fault: &str) -> Value {
    let answer = |method: &str, path: &str| {
        json!({
            "request": {"method": method, "path": path},
            "response": {"status": 200, "body": "{\"id\":1}"},
        })
    };
    json!({
        "case_version": 1,
        "batch": {"stream": "orders", "rows": [{"n": 1.10}, {"n": 2}]},
        "cassette": {"http": [answer("GET", "ping"), answer("POST", "orders")]},
        "connection": {
            "name": "case", "connector": "astray", "config": {"fault": fault},
            "endpoint": {"kind": "http", "base_url": "https://api.example.com/v1/"},
        },
    })
}

#[test]
fn a_target_without_a_fault_passes_every_check() {
    let (report, failed) = failures(&target(), case(with("")));
    assert!(failed.is_empty() && report.passed(), "{}", report.text());
    assert!(
        report.text().contains("2 rows in 2 calls"),
        "{}",
        report.text()
    );
}

#[test]
fn every_fault_of_a_target_is_found_by_its_check() {
    let component = target();
    for (fault, check, words) in [
        ("key", "prepare", "the key of row 0 is in no part"),
        ("skips", "prepare", "left out row 1"),
        ("doubles", "prepare", "prepared row 0 twice"),
        ("panics", "settle", "an empty 200"),
        ("believes_pages", "settle", "is taken for a success"),
        ("believes_all", "settle", "is taken for a success"),
        (
            "blames_the_row",
            "settle",
            "is taken for the record's fault",
        ),
        ("forgets_to_wait", "settle", "429 with Retry-After 7"),
        (
            "signs_itself",
            "no_secret_told",
            "prepare sets the header Authorization",
        ),
    ] {
        let (_, failed) = failures(&component, case(with(fault)));
        assert_fails(fault, &failed, check, words);
    }
}

/// Its query has the time in it, so the cassette is not asked: only `prepare` is looked at.
#[test]
fn a_call_that_depends_on_the_time_is_found() {
    let (_, failed) = failures(&target(), case(with("prepare")));
    assert_fails(
        "prepare",
        &failed,
        "prepare",
        "call 1 is another the second time",
    );
}

/// The case's batch, tried once with its answers.
fn tried(document: Value) -> Result<Attempt, Problem> {
    let case = case(document);
    let component = target();
    let trial = Dev {
        component: &component,
        document: case.connection.as_ref().unwrap(),
        other: Arc::new(Player::new(Arc::new(case.cassette.clone()))),
        stream: None,
        most_rows: 0,
        sending: case
            .batch
            .as_ref()
            .map(|batch| Sending { batch, send: true }),
        now_ms: 0,
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let tried = runtime.block_on(dev(&trial, Arc::new(|_| {})));
    tried.map(|tried| tried.attempt.unwrap())
}

#[test]
fn a_batch_is_tried_call_by_call_up_to_the_first_that_has_no_outcome() {
    let good = tried(with("")).unwrap();
    let delivered = |row: &RowTried| matches!(row, RowTried::Settled(Outcome::Delivered { .. }));
    assert!(good.rows.iter().all(delivered), "{:?}", good.rows);
    assert!(good.failure().is_none() && good.before.is_empty());
    let lacks = good.lacks();
    assert!(
        lacks.len() == 1 && lacks[0].starts_with("no row was refused"),
        "{lacks:?}"
    );

    let mut unreadable = with("");
    unreadable["cassette"]["http"][1]["response"]["body"] = json!("<html>");
    let attempt = tried(unreadable).unwrap();
    assert!(
        matches!(
            attempt.rows.as_slice(),
            [RowTried::Unsettled(_), RowTried::Unsent]
        ),
        "{:?}",
        attempt.rows
    );
    assert_eq!(attempt.failure().unwrap().0, 0);
    assert!(attempt.lacks()[0].starts_with("no row was delivered"));

    let mut unanswered = with("");
    unanswered["cassette"]["http"][1]["request"]["body"] = json!("{\"n\": 1.10}");
    let attempt = tried(unanswered).unwrap();
    assert!(
        matches!(
            attempt.rows.as_slice(),
            [RowTried::Settled(_), RowTried::Lost(_)]
        ),
        "{:?}",
        attempt.rows
    );
    let (row, problem) = attempt.failure().unwrap();
    assert!(row == 1 && problem.detail.contains("no answer to POST orders"));
}

#[test]
fn a_row_without_a_call_and_one_with_two_are_named() {
    for (fault, words) in [("skips", "left out row 1"), ("doubles", "row 0 twice")] {
        let problem = tried(with(fault)).unwrap_err();
        assert!(problem.detail.contains(words), "{}", problem.detail);
        assert!(problem.hint.contains("rows count from 0"));
    }
}
