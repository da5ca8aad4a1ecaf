//! Chains and formulas of dates and numbers: the cases of `dates_and_numbers.json`, each with a value
//! and steps or a formula, and what comes out or the code of the only issue.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tributary_mapping::{Document, Environment, Row, compile};
use tributary_model::rows::{RowFormat, RowPosition};

/// What comes out, or the codes of the issues.
fn run(case: &Value) -> String {
    let mut field = json!({ "id": "out", "to": "out", "type": "json" });
    match case.get("formula") {
        Some(formula) => field["formula"] = formula.clone(),
        None => {
            field["from"] = json!("$.v");
            field["do"] = case["do"].clone();
        }
    }
    let document: Document = serde_json::from_value(json!({
        "version": 1,
        "name": "example",
        "source": { "format": "json", "key": ["$.key"], "time_zone": "Europe/Berlin" },
        "fields": [field]
    }))
    .unwrap();
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let environment = Environment::new(&lookups, &params);
    let plan = compile(&document, &environment)
        .unwrap_or_else(|diagnostics| panic!("{case}: {diagnostics:?}"));
    let text = json!({ "key": 1, "v": case["v"] }).to_string();
    let row = Row {
        position: RowPosition::default(),
        bytes: text.as_bytes(),
    };
    let mut out = Vec::new();
    // 2026-03-05T12:00:00Z
    let mut worker = plan
        .worker(&RowFormat::Ndjson)
        .unwrap()
        .started_at(1_772_712_000_000);
    let outcome = worker.map(&[row], &mut out);
    let codes: Vec<&str> = outcome.issues.iter().map(|i| i.code.as_str()).collect();
    if codes.is_empty() {
        String::from_utf8(out).unwrap().trim_end().to_owned()
    } else {
        codes.join(" ")
    }
}

#[test]
fn every_case_holds() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("dates_and_numbers.json")).unwrap();
    for case in &cases {
        let expected = match case.get("code") {
            Some(code) => code.as_str().unwrap().to_owned(),
            None => json!({ "out": case["out"] }).to_string(),
        };
        assert_eq!(run(case), expected, "{}", case["what"]);
    }
}

#[test]
fn without_a_start_there_is_no_now() {
    let document: Document = serde_json::from_value(json!({
        "version": 1,
        "name": "example",
        "source": { "format": "json", "key": ["$.key"] },
        "fields": [{ "id": "out", "to": "out", "type": "datetime", "formula": "now()" }]
    }))
    .unwrap();
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let environment = Environment::new(&lookups, &params);
    let plan = compile(&document, &environment).unwrap();
    let row = Row {
        position: RowPosition::default(),
        bytes: br#"{"key":1}"#,
    };
    let mut worker = plan.worker(&RowFormat::Ndjson).unwrap();
    let outcome = worker.map(&[row], &mut Vec::new());
    assert_eq!(outcome.issues[0].code.as_str(), "value_missing");
}
