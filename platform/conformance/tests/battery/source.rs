//! Sources that go astray.

use serde_json::{Value, json};

use crate::astray::{assert_fails, case, component, failures, manifest};

fn source(more: &Value) -> Vec<u8> {
    let mut manifest = manifest("source", more);
    if manifest.get("capabilities").is_none() {
        manifest["capabilities"] =
            json!(["log", "control", "connections", "http", "codec", "output"]);
    }
    component("source", &manifest)
}

/// Three pages with two rows each, then 404.
fn cassette() -> Value {
    let page = |number: u32| {
        let row = |place: u32| json!({"id": format!("r-{number}-{place}"), "group": "g"});
        let body = json!({"items": [row(1), row(2)]}).to_string();
        let status = if number > 3 { 404 } else { 200 };
        json!({
            "request": {"method": "GET", "path": "items", "query": [["page", number.to_string()]]},
            "response": {"status": status, "body": body},
        })
    };
    json!({"http": (1..=4).map(page).collect::<Vec<_>>()})
}

fn with(config: &Value) -> Value {
    json!({
        "case_version": 1, "stream": "items", "cassette": cassette(),
        "connection": {
            "name": "case", "connector": "astray", "config": config,
            "endpoint": {"kind": "http", "base_url": "https://api.example.com/v1/"},
        },
    })
}

#[test]
fn a_source_without_a_fault_passes_every_check() {
    let (report, failed) = failures(&source(&json!({})), case(with(&json!({}))));
    assert!(failed.is_empty() && report.passed(), "{}", report.text());
    assert!(
        report.text().contains("killed 3 times, all rows came"),
        "{}",
        report.text()
    );
}

#[test]
fn every_fault_of_a_source_is_found_by_its_check() {
    let component = source(&json!({}));
    for (fault, check, words) in [
        ("check", "check", "not today"),
        ("bad_credentials", "bad_credentials", "connector_failed"),
        ("unreachable", "unreachable", "transient error is expected"),
        ("unchecked", "unreachable", "succeeds all the same"),
        ("denied", "denied", "denied error is expected"),
        (
            "discover",
            "discover",
            "the schema of the stream \"items\" is none",
        ),
        ("schema", "schema", "row 1 does not fit at /id"),
        ("key", "schema", "primary key of a row before it"),
        ("memory", "schema", "memory"),
        ("resume", "resume", "rows are lost"),
        ("no_checkpoint", "resume", "no checkpoint after the rows"),
        (
            "rate_limited",
            "rate_limited",
            "kind `rate-limited` is expected",
        ),
        ("server_error", "server_error", "rows are lost"),
        ("cut", "cut", "rows are lost"),
        (
            "no_secret_told",
            "no_secret_told",
            "looks like a credential",
        ),
    ] {
        let (_, failed) = failures(&component, case(with(&json!({"fault": fault}))));
        assert_fails(fault, &failed, check, words);
    }
}

#[test]
fn every_fault_of_a_manifest_is_found_by_its_check() {
    let open = json!({"config_schema": {"type": "object"}});
    let password = json!({"config_schema": {
        "type": "object", "additionalProperties": false,
        "properties": {"login": {"type": "object", "additionalProperties": false, "properties": {"password": {"type": "string"}}}},
    }});
    let greedy = [
        "log",
        "control",
        "connections",
        "http",
        "codec",
        "output",
        "files",
    ];
    for (more, check, words) in [
        (open, "garbage_config", "is accepted"),
        (password, "no_secret_config", "/login/password"),
        (json!({"capabilities": greedy}), "imports", "asks for files"),
        (
            json!({"capabilities": ["log"]}),
            "gate",
            "its manifest does not list",
        ),
        (json!({"version": "one"}), "gate", "no semantic version"),
        (
            json!({"contract": "tributary:connector@9.0.0"}),
            "gate",
            "is made for",
        ),
        (
            json!({"limits": {"memory_mib": 0}}),
            "gate",
            "limits.memory_mib",
        ),
    ] {
        let (_, failed) = failures(&source(&more), case(with(&json!({}))));
        assert_fails(&more.to_string(), &failed, check, words);
    }
    let wrong = case(with(&json!({"path": 7})));
    let (_, failed) = failures(&source(&json!({})), wrong);
    assert_fails("config", &failed, "config", "/config/path");
}

/// A cassette that is too short is an error of the case and is named so.
#[test]
fn what_a_cassette_lacks_is_named() {
    let mut short = with(&json!({}));
    short["cassette"]["http"].as_array_mut().unwrap().remove(1);
    let (_, failed) = failures(&source(&json!({})), case(short));
    assert_fails("short", &failed, "schema", "GET items?page=2");
}
