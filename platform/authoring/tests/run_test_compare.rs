//! What one does with a finished document: map files, test, explain, compare two versions. On the
//! documents and samples of the tenants that the repository brings along.
#![expect(clippy::unwrap_used, reason = "test code")]

use std::collections::BTreeMap;
use std::io::{self, Cursor};
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use tributary_authoring::compare::{Comparison, Recording, compare};
use tributary_authoring::records::{Records, RecordsError, Store};
use tributary_authoring::summary::{Summary, map_record};
use tributary_authoring::{
    Difference, PartKind, TargetCheck, coverage, explain_text, explained, test_document,
    update_expectations,
};
use tributary_formats::records::{Config, CsvOptions, Format, Input, open};
use tributary_mapping::document::{GroupInput, RowStep};
use tributary_mapping::{Document, Environment, Plan, Verdict, compile, parse, run_tests};
use tributary_model::document::LookupDocument;
use tributary_model::issue::Severity;

fn tenant(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tenants")
        .join(path)
}

fn lookups(name: &str) -> BTreeMap<String, LookupDocument> {
    let folder = tenant(name).join("lookups");
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let text = std::fs::read(entry.unwrap().path()).unwrap();
            let table: LookupDocument = serde_json::from_slice(&text).unwrap();
            (table.name.to_string(), table)
        })
        .collect()
}

fn params() -> BTreeMap<String, Value> {
    BTreeMap::from([("company_code".to_owned(), json!("ACME-DE"))])
}

fn acme() -> Document {
    let file = tenant("acme/mappings/order-lines-to-tax.json");
    parse(&std::fs::read(file).unwrap()).unwrap()
}

fn plan(document: &Document) -> Arc<Plan> {
    let (lookups, params) = (lookups("acme"), params());
    let environment = Environment::new(&lookups, &params);
    compile(document, &environment).unwrap()
}

/// What a text of CSV becomes.
struct Ran {
    summary: Summary,
    records: Vec<(String, Verdict, Value)>,
    recording: Recording,
    reopened: u64,
    spilled: u64,
}

fn run_csv(plan: &Arc<Plan>, texts: &[Vec<u8>], memory: usize) -> Result<Ran, RecordsError> {
    let store = || Ok(Box::new(Cursor::new(Vec::new())) as Box<dyn Store>);
    let mut records = Records::new(plan, 0, memory, Box::new(store));
    let mut ran = Ran {
        summary: Summary::default(),
        records: Vec::new(),
        recording: Recording::default(),
        reopened: 0,
        spilled: 0,
    };
    let mut each = |worker: &mut tributary_mapping::Worker,
                    record: &tributary_authoring::records::RecordRows<'_>|
     -> io::Result<()> {
        let mut line = Vec::new();
        let mapped = map_record(worker, record, &mut line);
        ran.summary.add("", record, &mapped);
        ran.recording.add(record.position, &mapped, &line);
        let output = serde_json::from_slice(&line).unwrap_or(Value::Null);
        ran.records.push((mapped.key, mapped.verdict, output));
        Ok(())
    };
    let mut at_end = (0, 0);
    for (text, number) in texts.iter().zip(0..) {
        let config = Config::new(Format::Csv(CsvOptions::default()));
        let input = Input::Stream(Box::new(Cursor::new(text.clone())));
        let mut reader = open(&config, input).unwrap();
        records.begin(reader.format())?;
        while records.step(&mut reader, number, &mut each)? {}
        at_end = (records.reopened(), records.spilled_bytes());
    }
    records.finish(&mut each)?;
    (ran.reopened, ran.spilled) = at_end;
    ran.summary = ran.summary.finished();
    Ok(ran)
}

fn samples() -> Vec<Vec<u8>> {
    ["A", "B", "C"]
        .map(|part| {
            std::fs::read(tenant(&format!("acme/samples/orders-2026-10-{part}.csv"))).unwrap()
        })
        .to_vec()
}

/// The oracle of the tenant was written by another program in another language.
#[test]
fn the_samples_become_what_the_tenant_expects() {
    let text = std::fs::read_to_string(tenant("acme/expected/records.ndjson")).unwrap();
    let expected: BTreeMap<String, Value> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|record| record["key"] != "")
        .map(|record| (record["key"].as_str().unwrap().to_owned(), record))
        .collect();
    let ran = run_csv(&plan(&acme()), &samples(), 64 << 20).unwrap();
    let mut mapped = 0;
    for (key, verdict, output) in ran.records.iter().filter(|(key, ..)| !key.is_empty()) {
        let record = &expected[key];
        let state = match verdict {
            Verdict::Quarantined => ["quarantined", "quarantined"],
            Verdict::Skipped => ["skipped", "skipped"],
            // what the target refuses is mapped
            Verdict::Mapped => ["delivered", "rejected"],
        };
        assert!(
            state.contains(&record["state"].as_str().unwrap()),
            "{key}: {record}"
        );
        if record["state"] == "delivered" {
            let total = format!("{:.2}", output["total_amount"].as_f64().unwrap());
            assert_eq!(record["total_amount"], json!(total), "{key}");
            mapped += 1;
        }
    }
    assert_eq!(mapped, 2503);
    let summary = &ran.summary;
    assert_eq!((summary.rows, summary.records), (12_000, 2_655));
    assert_eq!((summary.skipped, summary.quarantined), (6, 128));
}

#[test]
fn spilling_changes_no_record() {
    let plan = plan(&acme());
    let held = run_csv(&plan, &samples(), 64 << 20).unwrap();
    let spilled = run_csv(&plan, &samples(), 50_000).unwrap();
    assert_eq!(held.spilled, 0);
    assert!(spilled.spilled > 100_000, "{} bytes", spilled.spilled);
    let comparison = compare(&held.recording, &spilled.recording);
    assert!(comparison.is_same(), "{}", comparison.text());
    assert_eq!(held.summary.rows, spilled.summary.rows);
    assert_eq!(held.summary.quarantined, spilled.summary.quarantined);
}

const HEADER: &str = "auftrag_nr;position;belegart;auftragsdatum;rechnungsdatum;kunde_nr;kunde_name;strasse;plz;ort;land;artikel;bezeichnung;menge;einzelpreis;rabatt_prozent;steuerschluessel;waehrung;status;bestellung";

fn line(order: &str, position: &str, quantity: &str) -> String {
    format!(
        "{order};{position};RE;05.10.2026;-;K-100007;Weiß;Weg 1;80331;München;D;A-1;Käse;{quantity};2,00;;V07;EUR;offen;"
    )
}

fn csv(lines: &[String]) -> Vec<Vec<u8>> {
    vec![format!("{HEADER}\n{}\n", lines.join("\n")).into_bytes()]
}

fn adjacent() -> Document {
    let mut document = acme();
    for step in &mut document.rows {
        if let RowStep::Group(group) = step {
            group.input = GroupInput::Adjacent;
        }
    }
    document
}

#[test]
fn adjacent_groups_stream_and_tell_of_keys_that_come_again() {
    let lines = [
        line("1", "10", "1"),
        line("1", "20", "1"),
        line("2", "10", "1"),
        line("1", "30", "1"),
    ];
    let ran = run_csv(&plan(&adjacent()), &csv(&lines), 1).unwrap();
    let found: Vec<(&str, usize)> = ran
        .records
        .iter()
        .map(|(key, _, output)| (key.as_str(), output["lines"].as_array().unwrap().len()))
        .collect();
    assert_eq!(found, [("1", 2), ("2", 1), ("1", 1)]);
    assert_eq!(ran.reopened, 1);
    let any = run_csv(&plan(&acme()), &csv(&lines), 64 << 20).unwrap();
    let found: Vec<&str> = any.records.iter().map(|(key, ..)| key.as_str()).collect();
    assert_eq!(found, ["1", "2"]);
}

/// An order must not come out with a line missing because that line could not be read.
#[test]
fn a_row_that_cannot_be_read_takes_its_group_with_it() {
    let broken = "1;20;RE;05.10.2026;too;few".to_owned();
    let lines = [line("1", "10", "1"), broken, line("2", "10", "1")];
    for document in [acme(), adjacent()] {
        let ran = run_csv(&plan(&document), &csv(&lines), 64 << 20).unwrap();
        let found: Vec<(&str, Verdict)> = ran
            .records
            .iter()
            .map(|(key, verdict, _)| (key.as_str(), *verdict))
            .collect();
        assert_eq!(found, [("1", Verdict::Quarantined), ("2", Verdict::Mapped)]);
        let reason = &ran.summary.reasons[0];
        assert_eq!(reason.code.as_str(), "csv_columns");
        assert_eq!(reason.examples[0].position.unwrap().line, 3);
        assert_eq!(ran.summary.rows, 3);
    }
}

#[test]
fn a_group_that_is_too_large_is_refused_in_bounded_memory() {
    let lines: Vec<String> = (0..2_000).map(|n| line("1", &n.to_string(), "1")).collect();
    for document in [acme(), adjacent()] {
        let ran = run_csv(&plan(&document), &csv(&lines), 10_000).unwrap();
        let codes: Vec<&str> = ran
            .summary
            .reasons
            .iter()
            .map(|r| r.code.as_str())
            .collect();
        assert_eq!(codes, ["record_too_large"]);
        assert_eq!(ran.records.len(), 1);
    }
}

#[test]
fn groups_do_not_mix_columns() {
    let mut inputs = csv(&[line("1", "10", "1")]);
    let other = String::from_utf8(inputs[0].clone())
        .unwrap()
        .replacen("kunde_name", "name", 1);
    inputs.push(other.into_bytes());
    let error = run_csv(&plan(&acme()), &inputs, 64 << 20).err().unwrap();
    assert!(matches!(error, RecordsError::ColumnsDiffer), "{error}");
}

#[test]
fn the_summary_names_rule_value_and_line() {
    let lines = [
        line("1", "10", "1O"),
        line("2", "10", "x"),
        line("3", "10", "1"),
    ];
    let ran = run_csv(&plan(&acme()), &csv(&lines), 64 << 20).unwrap();
    assert_eq!(
        (
            ran.summary.records,
            ran.summary.mapped,
            ran.summary.quarantined
        ),
        (3, 1, 2)
    );
    let reason = &ran.summary.reasons[0];
    assert_eq!(
        (reason.rule.as_deref(), reason.count),
        (Some("quantity"), 2)
    );
    assert_eq!(reason.severity, Severity::Error);
    let text = ran.summary.text();
    assert!(
        text.starts_with("3 records from 3 rows: 1 mapped, 2 with errors\n"),
        "{text}"
    );
    assert!(
        text.contains("2 × error number_invalid at quantity"),
        "{text}"
    );
    assert!(text.contains("column 14 (menge), bytes 69..71"), "{text}");
}

fn environment_of<T>(work: impl FnOnce(&Environment<'_>) -> T) -> T {
    let (lookups, params) = (lookups("acme"), BTreeMap::new());
    work(&Environment::new(&lookups, &params))
}

#[test]
fn tests_pass_here_when_they_pass_in_the_engine() {
    let mut document = acme();
    let mut wrong = document.tests[1].expect.as_ref().unwrap().rounded();
    wrong["lines"][0]["amount"] = json!(1234.57);
    document.tests[1].expect = Some(wrong.into());
    document.tests[2].expect_issues.remove(0);
    environment_of(|environment| {
        let here = test_document(&document, environment, None);
        let there = run_tests(&document, environment);
        let passed: Vec<bool> = here.iter().map(|outcome| outcome.passed()).collect();
        let engine: Vec<bool> = there.iter().map(|report| report.passed()).collect();
        assert_eq!(passed, engine);
        assert_eq!(passed, [true, false, false, true]);
        assert_eq!(
            here[1].differences,
            [Difference::Value {
                pointer: "/lines/0/amount".to_owned(),
                expected: Some("1234.57".to_owned()),
                found: Some("1234.56".to_owned()),
            }]
        );
        assert!(
            matches!(&here[2].differences[..], [Difference::IssueUnexpected { found }] if found.code.as_str() == "date_invalid")
        );
    });
}

#[test]
fn updated_expectations_are_those_of_before_the_damage() {
    let good = acme();
    let mut document = good.clone();
    document.tests[0].expect_issues.clear();
    document.tests[1].expect = Some(json!({}).into());
    document.tests[3].expect_skipped = false;
    environment_of(|environment| {
        let outcomes = test_document(&document, environment, None);
        let changed = update_expectations(&mut document, &outcomes);
        assert_eq!(changed.len(), 3);
        let outcomes = test_document(&document, environment, None);
        assert!(outcomes.iter().all(|outcome| outcome.passed()));
        let kept = document.tests[1].expect.as_ref().unwrap();
        assert!(kept.same(good.tests[1].expect.as_ref().unwrap()), "{kept}");
        // with the digits that came out
        assert!(kept.to_string().contains("\"quantity\":1.500,"), "{kept}");
        assert_eq!(document.tests[2..], good.tests[2..]);
        assert_eq!(document.tests[0].expect_issues[0].code, "group_conflict");
        assert_eq!(update_expectations(&mut document, &outcomes), [""; 0]);
    });
}

#[test]
fn what_does_not_fit_the_target_fails_the_test() {
    let schema = json!({ "properties": { "code": { "maxLength": 2 } } });
    let target = TargetCheck::new(&schema).unwrap();
    environment_of(|environment| {
        let outcomes = test_document(&acme(), environment, Some(&target));
        let failed: Vec<&str> = outcomes
            .iter()
            .filter(|outcome| !outcome.passed())
            .map(|outcome| outcome.name.as_str())
            .collect();
        assert_eq!(failed, ["one line of many forms"]);
        assert!(
            outcomes[1].differences[0]
                .text()
                .starts_with("/code does not fit")
        );
    });
    assert!(TargetCheck::new(&json!({ "type": 7 })).is_err());
}

#[test]
fn coverage_names_what_no_test_reaches() {
    let document = acme();
    environment_of(|environment| {
        let outcomes = test_document(&document, environment, None);
        let all = coverage(&document, &outcomes);
        let (reached, fields) = all.count(PartKind::Field);
        assert_eq!(reached, fields, "{}", all.text());
        assert_eq!(all.count(PartKind::Lookup), (3, 3));
        assert_eq!(all.count(PartKind::Rule), (0, 3));
        assert_eq!(all.count(PartKind::Filter), (1, 1));
        assert_eq!(coverage(&document, &[]).percent(), 0.0);
    });
}

#[test]
fn cases_conditions_and_policies_are_reached_one_by_one() {
    let mut document: Document = serde_json::from_value(json!({
        "version": 1, "name": "small", "source": { "format": "json", "key": ["$.id"] },
        "fields": [
            { "id": "id", "to": "id", "type": "string", "from": "$.id" },
            { "id": "size", "to": "size", "type": "string",
              "switch": [{ "when": "src.n == 1", "const": "one" }, { "else": true, "const": "many" }] },
            { "id": "n", "to": "n", "type": "int", "from": "$.n", "do": [{ "fn": "to_int" }], "on_error": "null" },
            { "id": "extra", "to": "extra", "type": "string", "when": "src.n == 1", "const": "x" }
        ],
        "tests": [{ "name": "one", "rows": [{ "id": "a", "n": 1 }] }]
    }))
    .unwrap();
    environment_of(|environment| {
        let missing = |document: &Document| -> Vec<String> {
            let outcomes = test_document(document, environment, None);
            let coverage = coverage(document, &outcomes);
            let parts = coverage.parts.iter().filter(|part| !part.reached);
            parts.map(|part| part.pointer.clone()).collect()
        };
        assert_eq!(
            missing(&document),
            ["/fields/3/when", "/fields/1/switch/1", "/fields/2/on_error"]
        );
        let mut second = document.tests[0].clone();
        second.rows = vec![json!({ "id": "b", "n": "zwei" }).into()];
        document.tests.push(second);
        assert_eq!(missing(&document), [""; 0]);
    });
}

#[test]
fn an_explanation_reads_well_and_can_be_narrowed() {
    let document = acme();
    environment_of(|environment| {
        let outcomes = test_document(&document, environment, None);
        let explanation = outcomes[1].explanation.as_ref().unwrap();
        let text = explain_text(explanation, Some("/lines/0/quantity"));
        assert!(text.contains("/lines/0/quantity = 1.5"), "{text}");
        assert!(text.contains("\"1,5\"   line 1"), "{text}");
        assert!(text.contains("to_decimal → 1.5"), "{text}");
        assert_eq!(explained(explanation, Some("quantity")).len(), 1);
        assert!(explained(explanation, Some("/lines")).len() > 5);
        assert_eq!(explain_text(explanation, Some("/nothing")), "");
        assert!(explain_text(explanation, None).starts_with("4711: mapped\n"));
    });
}

fn versions(lines: &[String], change: impl FnOnce(&mut Value)) -> Comparison {
    let old = acme();
    let mut new = serde_json::to_value(&old).unwrap();
    change(&mut new);
    let new: Document = serde_json::from_value(new).unwrap();
    let ran = |document: &Document| run_csv(&plan(document), &csv(lines), 64 << 20).unwrap();
    compare(&ran(&old).recording, &ran(&new).recording)
}

#[test]
fn a_comparison_counts_fields_and_records() {
    let lines = [
        line("1", "10", "1"),
        line("1", "20", "2"),
        line("2", "10", "5"),
        line("3", "10", "x"),
    ];
    let same = versions(&lines, |_| {});
    assert!(same.is_same());
    assert_eq!(same.records, 3);

    let comparison = versions(&lines, |document| {
        let lines = document["fields"].as_array_mut().unwrap();
        let lines = lines
            .iter_mut()
            .find(|field| field["id"] == "lines")
            .unwrap();
        for field in lines["fields"].as_array_mut().unwrap() {
            if field["id"] == "quantity" {
                field["do"] = json!([{ "fn": "default", "value": "1" }, { "fn": "to_decimal" }, { "fn": "range", "max": 4 }]);
            }
            if field["id"] == "item" {
                field["do"] = json!([{ "fn": "trim" }, { "fn": "lower" }]);
            }
        }
    });
    assert_eq!(
        (comparison.records, comparison.changed, comparison.same),
        (3, 1, 1)
    );
    assert_eq!(comparison.fields.len(), 1);
    let field = &comparison.fields[0];
    assert_eq!(
        (field.field.as_str(), field.records, field.values),
        ("/lines/*/item_code", 1, 2)
    );
    assert_eq!(field.examples[0].before.as_deref(), Some("\"A-1\""));
    assert_eq!(field.examples[0].after.as_deref(), Some("\"a-1\""));
    assert_eq!(comparison.newly_failing.count, 1);
    assert_eq!(comparison.newly_failing.examples[0].key, "2");
    let text = comparison.text();
    assert!(
        text.contains("1 /lines/0/item_code: \"A-1\" → \"a-1\""),
        "{text}"
    );
}
