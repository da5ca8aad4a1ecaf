//! Targets that go astray.

use serde_json::{Value, json};

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
