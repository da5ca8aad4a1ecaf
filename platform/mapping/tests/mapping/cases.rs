//! Runs `tests/cases/*.json`: mapping documents with their own tests, or with the diagnostics that their
//! check must give. No Rust is needed to write one:
//!
//! `{ "about", "lookups": [lookup documents], "params", "columns", "mapping": document,
//!    "expect_diagnostics": [{ "code", "pointer", "severity" }] }`

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use tributary_mapping::functions::signatures;
use tributary_mapping::{Diagnostic, Environment, check, parse, run_tests};
use tributary_model::document::LookupDocument;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    about: String,
    #[serde(default)]
    lookups: Vec<LookupDocument>,
    #[serde(default)]
    params: BTreeMap<String, Value>,
    columns: Option<Vec<String>>,
    mapping: Value,
    #[serde(default)]
    expect_diagnostics: Vec<Expected>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    code: String,
    pointer: String,
    #[serde(default)]
    hint: Option<String>,
}

fn differences(case: &Case) -> Vec<String> {
    let lookups: BTreeMap<String, LookupDocument> = case
        .lookups
        .iter()
        .map(|table| (table.name.to_string(), table.clone()))
        .collect();
    let environment = Environment {
        lookups: &lookups,
        params: &case.params,
        source_columns: case.columns.as_deref(),
    };
    let parsed = parse(&serde_json::to_vec(&case.mapping).unwrap());
    let diagnostics: Vec<Diagnostic> = match &parsed {
        Ok(document) => check(document, &environment),
        Err(diagnostics) => diagnostics.clone(),
    };
    let fits = diagnostics.len() == case.expect_diagnostics.len()
        && diagnostics
            .iter()
            .zip(&case.expect_diagnostics)
            .all(|(found, expected)| {
                found.code == expected.code
                    && found.pointer == expected.pointer
                    && expected
                        .hint
                        .as_ref()
                        .is_none_or(|hint| found.hint.contains(hint))
            });
    if !fits {
        let lines: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
        return vec![format!("diagnostics:\n    {}", lines.join("\n    "))];
    }
    let Ok(document) = parsed else {
        return Vec::new();
    };
    if !case.expect_diagnostics.is_empty() {
        return Vec::new();
    }
    if document.tests.is_empty() {
        return vec!["the mapping has no tests".to_owned()];
    }
    run_tests(&document, &environment)
        .into_iter()
        .filter(|report| !report.passed())
        .map(|report| {
            format!(
                "{}:\n    {}",
                report.name,
                report.differences.join("\n    ")
            )
        })
        .collect()
}

/// Every case with the name of its file.
fn cases() -> Vec<(String, Case)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut cases = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let value: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let all = match value {
            Value::Array(all) => all,
            one => vec![one],
        };
        for case in all {
            let case = serde_json::from_value(case).unwrap_or_else(|e| panic!("{name}: {e}"));
            cases.push((name.clone(), case));
        }
    }
    cases
}

#[test]
fn every_case_holds() {
    let mut failures = Vec::new();
    for (name, case) in cases() {
        let found = differences(&case);
        failures.extend(
            found
                .into_iter()
                .map(|text| format!("{name} ({}): {text}", case.about)),
        );
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// What a person can write without Rust: examples of functions, records with what must come of them,
/// documents with their diagnostics.
#[test]
fn there_are_more_than_six_hundred_cases() {
    let examples: usize = signatures().map(|signature| signature.examples.len()).sum();
    let (mut records, mut diagnostics) = (0, 0);
    for (_, case) in cases() {
        diagnostics += case.expect_diagnostics.len();
        let tests = case.mapping.get("tests").and_then(Value::as_array);
        records += tests.map_or(0, Vec::len);
    }
    let all = examples + records + diagnostics;
    println!(
        "{all} cases: {examples} examples of functions, {records} records, {diagnostics} diagnostics"
    );
    assert!(all >= 600, "only {all} cases");
    assert!(records >= 80, "only {records} records");
}
