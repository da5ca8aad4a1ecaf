//! That what is shown without a server claims no more than is known: records that were not compared, groups that
//! are torn, values that failed, rules over a run, records that nobody has tried.
#![expect(clippy::unwrap_used, reason = "test code")]

use std::collections::BTreeMap;
use std::io::{self, Cursor};
use std::sync::Arc;

use serde_json::{Value, json};
use tributary_authoring::compare::{Recording, compare};
use tributary_authoring::records::{KeyScan, RecordRows, Records, Store};
use tributary_authoring::summary::{MappedRecord, map_record};
use tributary_authoring::{
    PartKind, RunCheck, TargetCheck, coverage, random_records, test_document,
};
use tributary_formats::records::{Config, CsvOptions, Format, Input, open};
use tributary_mapping::{Date, Decimal, Document, Environment, Plan, Row, Verdict, compile};
use tributary_model::rows::{RowFormat, RowPosition};

fn plan(document: Value) -> Arc<Plan> {
    let document: Document = serde_json::from_value(document).unwrap();
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    compile(&document, &Environment::new(&lookups, &params)).unwrap()
}

/// Beyond its limit a comparison does not know, and does not say that nothing changes.
#[test]
fn what_was_not_compared_is_not_called_the_same() {
    let mapped = MappedRecord {
        verdict: Verdict::Mapped,
        key: String::new(),
        issues: Vec::new(),
        amounts: Vec::new(),
        dates: Vec::new(),
        stops_run: false,
    };
    let recorded = |count: u64, last: &[u8]| {
        let mut recording = Recording::default();
        for line in 1..=count {
            let output: &[u8] = if line == count { last } else { b"{}" };
            recording.add(RowPosition { line, offset: 0 }, &mapped, output);
        }
        recording
    };
    let limit = Recording::MAX_RECORDS as u64;
    let within = compare(&recorded(limit, b"{}"), &recorded(limit, b"{}"));
    assert!(within.is_same() && !within.is_open());
    let beyond = compare(&recorded(limit + 1, b"{}"), &recorded(limit + 1, b"1"));
    assert!(!beyond.is_same() && beyond.is_open());
    assert!(
        beyond
            .text()
            .contains("1 record beyond the limit of 100,000 NOT compared")
    );
}

/// What one of the two versions calls sensitive is shown of neither.
#[test]
fn a_comparison_masks_what_is_sensitive() {
    let version = |of_vat: &Value| {
        let plan = plan(json!({
            "version": 1, "name": "party", "source": { "format": "json", "key": ["$.id"] },
            "fields": [
                { "id": "name", "to": "name", "type": "string", "from": "$.name", "do": of_vat["name"] },
                { "id": "party", "to": "party", "type": "json", "from": "$.party", "sensitive": of_vat["sensitive"] }]
        }));
        let mut recording = Recording::masking(plan.masked_targets());
        let party = of_vat["party"].as_str().unwrap();
        let row = format!(r#"{{"id": "1", "name": "Ann", "party": {{"vat": "{party}"}}}}"#);
        let mut line = Vec::new();
        let position = RowPosition { line: 1, offset: 0 };
        let rows = [Row {
            position,
            bytes: row.as_bytes(),
        }];
        let record = RecordRows {
            input: 0,
            position,
            rows: &rows,
            faults: &[],
            torn: None,
        };
        let mapped = map_record(
            &mut plan.worker(&RowFormat::Ndjson).unwrap(),
            &record,
            &mut line,
        );
        recording.add(position, &mapped, &line);
        recording
    };
    let old = version(&json!({"name": [], "party": "DE1CANARY", "sensitive": true}));
    let new =
        version(&json!({"name": [{"fn": "upper"}], "party": "DE2CANARY", "sensitive": false}));
    let comparison = compare(&old, &new);
    let text = format!(
        "{}{}",
        comparison.text(),
        serde_json::to_string(&comparison).unwrap()
    );
    assert!(text.contains("\"Ann\" → \"ANN\""), "{text}");
    assert!(text.contains("/party/vat: ••• → •••"), "{text}");
    assert!(!text.contains("CANARY"), "{text}");
}

/// Rows that stand apart belong to one order all the same, and a run quarantines it.
#[test]
fn torn_groups_are_set_aside_with_all_their_rows() {
    let plan = plan(json!({
        "version": 1, "name": "grouped", "source": { "format": "csv" },
        "rows": [{ "id": "g", "op": "group", "as": "order", "by": ["$.no"], "members": "lines", "input": "adjacent" }],
        "fields": [{ "id": "no", "to": "no", "type": "string", "from": "$.no" }]
    }));
    let rows = b"no;p\n1;a\n2;a\n1;b\n3;a\n".to_vec();
    let store = || Ok(Box::new(Cursor::new(Vec::new())) as Box<dyn Store>);
    // with hardly any memory, so that keys and rows are spilled
    for memory in [1, 64 << 20] {
        let input = || {
            let config = Config::new(Format::Csv(CsvOptions::default()));
            open(&config, Input::Stream(Box::new(Cursor::new(rows.clone())))).unwrap()
        };
        let mut scan = KeyScan::new(&plan, memory, Box::new(store));
        let mut reader = input();
        scan.begin(reader.format()).unwrap();
        while scan.step(&mut reader).unwrap() {}
        let torn = scan.finish().unwrap();
        assert_eq!(torn.count(), 1);
        let mut records = Records::new(&plan, 0, memory, Box::new(store));
        records.set_torn(torn);
        let mut found = Vec::new();
        let mut each = |worker: &mut tributary_mapping::Worker,
                        record: &tributary_authoring::records::RecordRows<'_>|
         -> io::Result<()> {
            let mapped = map_record(worker, record, &mut Vec::new());
            let codes = mapped.issues.iter().map(|issue| issue.code.as_str());
            found.push((mapped.key, record.row_count(), codes.collect::<Vec<_>>()));
            Ok(())
        };
        let mut reader = input();
        records.begin(reader.format()).unwrap();
        while records.step(&mut reader, 0, &mut each).unwrap() {}
        assert_eq!(records.reopened(), 0);
        records.finish(&mut each).unwrap();
        let found: Vec<(&str, u64, usize)> = found
            .iter()
            .map(|(key, rows, codes)| (key.as_str(), *rows, codes.len()))
            .collect();
        assert_eq!(found, [("2", 1, 0), ("3", 1, 0), ("1", 2, 1)]);
    }
}

#[test]
fn a_value_that_failed_was_not_reached() {
    let mut document: Document = serde_json::from_value(json!({
        "version": 1, "name": "small", "source": { "format": "json", "key": ["$.id"] },
        "fields": [
            { "id": "n", "to": "n", "type": "int", "from": "$.n", "do": [{ "fn": "to_int" }] },
            { "id": "twice", "to": "twice", "type": "int", "formula": "n * 2" }
        ],
        "tests": [{ "name": "bad", "rows": [{ "id": "a", "n": "zwei" }], "expect_issues": [{ "code": "number_invalid" }] }]
    }))
    .unwrap();
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let environment = Environment::new(&lookups, &params);
    let reached = |document: &Document| {
        let outcomes = test_document(document, &environment, None);
        coverage(document, &outcomes).count(PartKind::Field)
    };
    assert_eq!(reached(&document), (0, 2));
    document.tests[0].rows = vec![json!({ "id": "a", "n": 2 }).into()];
    assert_eq!(reached(&document), (2, 2));
}

/// 2026-03-05 12:00 UTC
const STARTED_MS: i64 = 1_772_712_000_000;

fn ruled(severity: &str) -> Arc<Plan> {
    plan(json!({
        "version": 1, "name": "x", "source": { "format": "json", "key": ["$.id"] },
        "fields": [
            { "id": "id", "to": "id", "type": "string", "from": "$.id" },
            { "id": "total", "to": "total", "type": "decimal(38,0)", "from": "$.total" },
            { "id": "day", "to": "day", "type": "date", "from": "$.day",
              "do": [{ "fn": "date_parse", "formats": ["yyyy-MM-dd"] }], "null": "omit" }
        ],
        "amounts": ["/total"], "dates": ["/day"],
        "quality": [
            { "id": "share", "scope": "run", "check": "quarantined / read <= 0.5", "severity": severity },
            { "id": "fresh", "scope": "run", "check": "date_diff(newest.day, today(null, 'UTC')) <= 3", "severity": "warn" },
            { "id": "sum", "scope": "run", "check": "sums.total >= 0", "severity": "warn" }
        ]
    }))
}

fn record(verdict: Verdict, total: i128, day: &str) -> MappedRecord {
    MappedRecord {
        verdict,
        key: "k".to_owned(),
        issues: Vec::new(),
        amounts: vec![Decimal::new(total, 0)],
        dates: vec![Date::parse_iso(day)],
        stops_run: false,
    }
}

#[test]
fn rules_over_a_run_count_as_the_platform_does() {
    let mut check = RunCheck::new(&ruled("fail"));
    let position = RowPosition { line: 1, offset: 0 };
    check.add(position, &record(Verdict::Mapped, 7, "2026-03-03"));
    // what is not mapped has no sum and no date
    check.add(position, &record(Verdict::Quarantined, -100, "2026-03-05"));
    let report = check.report(STARTED_MS);
    assert!(report.delivers && report.is_fine(), "{report:?}");
    let measured: Vec<&str> = report
        .rules
        .iter()
        .map(|rule| rule.measured.as_str())
        .collect();
    assert_eq!(
        measured,
        [
            "quarantined = 1, read = 2",
            "newest.day = 2026-03-03",
            "sums.total = 7"
        ]
    );
    check.add(position, &record(Verdict::Quarantined, 0, "2026-03-05"));
    let report = check.report(STARTED_MS);
    assert!(!report.delivers && !report.is_fine());
    assert!(
        report
            .text()
            .contains("STOPS    rule share: expected quarantined / read <= 0.5")
    );

    // a broken rule of another severity delivers, red or green
    for (severity, fine) in [("error", false), ("warn", true)] {
        let mut check = RunCheck::new(&ruled(severity));
        check.add(position, &record(Verdict::Quarantined, 0, "2026-03-05"));
        let report = check.report(STARTED_MS);
        assert_eq!(
            (report.delivers, report.is_fine()),
            (true, fine),
            "{severity}"
        );
    }
}

#[test]
fn a_sum_that_cannot_be_exact_stops_the_run() {
    let mut check = RunCheck::new(&ruled("fail"));
    let position = RowPosition { line: 1, offset: 0 };
    let largest = 10_i128.pow(38) - 1;
    for _ in 0..2 {
        check.add(position, &record(Verdict::Mapped, largest, "2026-03-05"));
    }
    let report = check.report(STARTED_MS);
    assert!(
        report.stopped.unwrap().contains("/total"),
        "a sum of 39 digits"
    );
}

#[test]
fn random_records_are_the_same_again_and_find_what_tests_do_not_show() {
    let document: Document = serde_json::from_value(json!({
        "version": 1, "name": "small", "source": { "format": "csv", "key": ["$.id"] },
        "fields": [
            { "id": "id", "to": "id", "type": "string", "from": "$.id" },
            { "id": "name", "to": "name", "type": "string", "from": "$.name" }
        ],
        "tests": [{ "name": "good", "columns": ["id", "name"], "rows": ["1;\"a;b\""], "expect": { "id": "1", "name": "a;b" } }]
    }))
    .unwrap();
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let environment = Environment::new(&lookups, &params);
    let run = |schema: Value, seed: u64| {
        let target = TargetCheck::new(&schema).unwrap();
        random_records(&document, &environment, &target, 300, seed)
    };
    let short = json!({ "properties": { "name": { "maxLength": 20 } } });
    let found = run(short.clone(), 1);
    assert_eq!(found.records, 300);
    assert!(found.mapped > 100 && found.misfits > 0, "{found:?}");
    assert!(!found.findings[0].faults.is_empty());
    assert_eq!(found, run(short.clone(), 1), "the same seed");
    assert_ne!(found, run(short, 2), "another one");
    let long = json!({ "properties": { "name": { "maxLength": 200 } } });
    assert_eq!(run(long, 1).misfits, 0);
}
