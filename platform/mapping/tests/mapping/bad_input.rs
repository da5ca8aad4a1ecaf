//! Input that is meant to hurt: one clear issue for the record, and the records after it go on with the
//! same worker.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;
use tributary_mapping::{Document, Environment, Row, Verdict, Worker, compile};
use tributary_model::issue::Issue;
use tributary_model::rows::{CsvFormat, RowFormat, RowPosition};

const GOOD_JSON: &[u8] = br#"{"k":1,"a":"x","n":1.5}"#;
const GOOD_CSV: &[u8] = b"1;x;1.5";

fn worker(format: &str, most_bytes: u32) -> Worker {
    let document: Document = serde_json::from_value(json!({
        "version": 1, "name": "bad", "source": { "format": format, "key": ["$.k"] },
        "limits": { "max_row_bytes": most_bytes },
        "fields": [
            { "id": "a", "to": "a", "type": "string", "from": "$.a" },
            { "id": "n", "to": "n", "type": "decimal", "from": "$.n", "do": [{ "fn": "to_decimal" }] } ]
    }))
    .unwrap();
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let environment = Environment::new(&lookups, &params);
    let rows = match format {
        "json" => RowFormat::Ndjson,
        _ => RowFormat::Csv(CsvFormat {
            delimiter: ';',
            quote: Some('"'),
            encoding: "utf-8".to_owned(),
            columns: ["k", "a", "n"].map(str::to_owned).to_vec(),
        }),
    };
    compile(&document, &environment)
        .unwrap()
        .worker(&rows)
        .unwrap()
}

fn map(worker: &mut Worker, bytes: &[u8]) -> (Verdict, Vec<Issue>) {
    let position = RowPosition {
        line: 7,
        offset: 700,
    };
    let mut out = Vec::new();
    let outcome = worker.map(&[Row { position, bytes }], &mut out);
    let found = (outcome.verdict, outcome.issues.to_vec());
    assert_eq!(out.is_empty(), found.0 != Verdict::Mapped);
    found
}

/// The record is refused with the code at its place, within a second, and the next one is mapped.
fn refused(worker: &mut Worker, bytes: &[u8], code: &str, offset: u64, next: &[u8]) {
    let start = Instant::now();
    let (verdict, issues) = map(worker, bytes);
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(verdict, Verdict::Quarantined);
    let [issue] = issues.as_slice() else {
        panic!("{issues:?}");
    };
    assert_eq!(issue.code.as_str(), code, "{}", issue.message);
    let position = issue.position.unwrap();
    assert_eq!(
        (position.line, position.offset),
        (7, 700 + offset),
        "{}",
        issue.message
    );
    assert!(
        issue
            .value
            .as_ref()
            .is_none_or(|value| value.chars().count() <= 201)
    );
    assert!(!issue.message.is_empty() && !issue.hint.is_empty());
    assert_eq!(map(worker, next), (Verdict::Mapped, Vec::new()));
}

#[test]
fn bytes_that_are_no_text() {
    let mut json = worker("json", 1000);
    refused(
        &mut json,
        b"{\"k\":1,\"a\":\"\xff\"}",
        "encoding_invalid",
        12,
        GOOD_JSON,
    );
    refused(&mut json, b"\xc3", "encoding_invalid", 0, GOOD_JSON);
    let mut csv = worker("csv", 1000);
    refused(&mut csv, b"1;M\xfcller;2", "encoding_invalid", 3, GOOD_CSV);
}

#[test]
fn ten_thousand_levels() {
    let mut json = worker("json", 1 << 20);
    for (open, close) in [("[", "]"), ("{\"x\":", "}")] {
        let deep = format!(
            "{{\"k\":1,\"z\":{}1{}}}",
            open.repeat(10_000),
            close.repeat(10_000)
        );
        let (verdict, issues) = map(&mut json, deep.as_bytes());
        assert_eq!(verdict, Verdict::Quarantined);
        assert_eq!(issues.first().unwrap().code.as_str(), "json_invalid");
        assert_eq!(map(&mut json, GOOD_JSON).0, Verdict::Mapped);
    }
}

#[test]
fn a_record_of_a_hundred_megabytes() {
    let long = "x".repeat(100 << 20);
    let record = format!("{{\"k\":1,\"z\":\"{long}\",\"a\":\"x\",\"n\":2}}");
    let limit = 4 << 20;
    refused(
        &mut worker("json", limit),
        record.as_bytes(),
        "row_too_large",
        u64::from(limit),
        GOOD_JSON,
    );
    let line = format!("1;{long};2");
    refused(
        &mut worker("csv", limit),
        line.as_bytes(),
        "row_too_large",
        u64::from(limit),
        GOOD_CSV,
    );
    // with a limit that allows it, it is a record like any other
    assert_eq!(
        map(&mut worker("json", 200 << 20), record.as_bytes()).0,
        Verdict::Mapped
    );
}

#[test]
fn numbers_beyond_range() {
    let mut json = worker("json", 1 << 21);
    let million = format!("{{\"k\":1,\"n\":{}}}", "9".repeat(1_000_000));
    for text in [
        million.as_str(),
        r#"{"k":1,"n":1e999999999999}"#,
        r#"{"k":1,"n":1e-60}"#,
    ] {
        refused(&mut json, text.as_bytes(), "number_range", 0, GOOD_JSON);
    }
}

#[test]
fn lines_with_mixed_ends_and_missing_columns() {
    let mut csv = worker("csv", 1000);
    // a reader cuts at the line feed; a carriage return that stays belongs to no field
    assert_eq!(map(&mut csv, b"1;x;1.5\r"), (Verdict::Mapped, Vec::new()));
    assert_eq!(
        map(&mut csv, b"1;x;\"1.5\"\r"),
        (Verdict::Mapped, Vec::new())
    );
    for short in [b"1;x".as_slice(), b"1", b"", b"1;x;2;3", b"\"1;x;2\""] {
        let (verdict, issues) = map(&mut csv, short);
        assert_eq!(verdict, Verdict::Quarantined, "{short:?}");
        assert_eq!(issues.first().unwrap().code.as_str(), "csv_columns");
        assert_eq!(map(&mut csv, GOOD_CSV).0, Verdict::Mapped);
    }
}
