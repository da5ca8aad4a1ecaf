//! Runs `tests/cases/*.json`: mapping documents with their own tests, or with the diagnostics that their
//! check must give. No Rust is needed to write one:
//!
//! `{ "about", "lookups": [lookup documents], "components": true, "params", "columns", "mapping": document,
//!    "source_schema", "target_schema": JSON Schemas, "stream": row format, "samples": rows,
//!    "expect_diagnostics": [{ "code", "pointer", "severity", "message", "hint" }] }`
//!
//! `"template"` is what a derived `mapping` extends, `"template_before"` what it extended before,
//! `"expect_resolved": { pointer: value }` parts of what they come to.
//! `"text"` in place of `mapping` is a document as text. `message` and `hint` are parts of the whole.
//!
//! `"functions"` in place of `mapping` are cases of single functions, see `function_cases.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use tributary_mapping::document::canonical_derived;
use tributary_mapping::document::template::{self, Written};
use tributary_mapping::functions::signatures;
use tributary_mapping::schema::Schema;
use tributary_mapping::{Diagnostic, Document, Environment, Row, check, check_samples, run_tests};
use tributary_model::document::LookupDocument;
use tributary_model::rows::{RowFormat, RowPosition};

use crate::components::components;
use crate::function_cases::{FunctionCase, difference};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    about: String,
    #[serde(default)]
    lookups: Vec<LookupDocument>,
    #[serde(default)]
    params: BTreeMap<String, Value>,
    columns: Option<Vec<String>>,
    /// the components of `components.rs` are installed
    #[serde(default)]
    components: bool,
    source_schema: Option<Value>,
    target_schema: Option<Value>,
    /// the stream that the mapping is bound to
    stream: Option<RowFormat>,
    /// rows of the stream, for counter-examples
    #[serde(default)]
    samples: Vec<Value>,
    text: Option<String>,
    /// what a derived mapping extends; after it, the revision that it extended before
    template: Option<Value>,
    template_before: Option<Value>,
    /// the resolved document, as far as it matters: these pointers hold these values
    #[serde(default)]
    expect_resolved: BTreeMap<String, Value>,
    #[serde(default)]
    mapping: Value,
    #[serde(default)]
    expect_diagnostics: Vec<Expected>,
    #[serde(default)]
    functions: Vec<FunctionCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    code: String,
    pointer: String,
    #[serde(default)]
    severity: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    hint: Option<String>,
}

impl Expected {
    fn fits(&self, found: &Diagnostic) -> bool {
        let part = |whole: &str, part: &Option<String>| {
            part.as_ref().is_none_or(|part| whole.contains(part))
        };
        let severity = if found.is_error() { "error" } else { "warning" };
        found.code == self.code
            && found.pointer == self.pointer
            && self.severity.as_ref().is_none_or(|word| word == severity)
            && part(&found.message, &self.message)
            && part(&found.hint, &self.hint)
    }
}

fn differences(case: &Case) -> Vec<String> {
    if !case.functions.is_empty() {
        return case.functions.iter().filter_map(difference).collect();
    }
    let lookups: BTreeMap<String, LookupDocument> = case
        .lookups
        .iter()
        .map(|table| (table.name.to_string(), table.clone()))
        .collect();
    let schema = |schema: &Option<Value>| schema.as_ref().map(Schema::from_json_schema);
    let (source, target) = (schema(&case.source_schema), schema(&case.target_schema));
    let components = components();
    let environment = Environment::new(&lookups, &case.params)
        .with_components(case.components.then_some(&components))
        .with_columns(case.columns.as_deref())
        .with_schemas(source.as_ref(), target.as_ref());
    let text = case
        .text
        .clone()
        .unwrap_or_else(|| case.mapping.to_string());
    let parsed = resolved(case, &text);
    let mut diagnostics: Vec<Diagnostic> = match &parsed {
        Ok((document, warnings)) => [warnings.clone(), check(document, &environment)].concat(),
        Err(diagnostics) => diagnostics.clone(),
    };
    let parsed = parsed.map(|(document, _)| document);
    if let (Ok(document), Some(stream)) = (&parsed, &case.stream) {
        diagnostics.extend(of_stream(document, &environment, stream, &case.samples));
    }
    let fits = diagnostics.len() == case.expect_diagnostics.len()
        && diagnostics
            .iter()
            .zip(&case.expect_diagnostics)
            .all(|(found, expected)| expected.fits(found));
    if !fits {
        let lines: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
        return vec![format!("diagnostics:\n    {}", lines.join("\n    "))];
    }
    let Ok(document) = parsed else {
        return Vec::new();
    };
    let tree = serde_json::to_value(&document).unwrap();
    for (pointer, wanted) in &case.expect_resolved {
        let found = tree.pointer(pointer).unwrap_or(&Value::Null);
        if found != wanted {
            return vec![format!("{pointer} is {found}, not {wanted}")];
        }
    }
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

/// The document with what was found on the way: read, and resolved if it is derived.
fn resolved(case: &Case, text: &str) -> Result<(Document, Vec<Diagnostic>), Vec<Diagnostic>> {
    let derived = match template::read(text.as_bytes())? {
        Written::Document(document) => return Ok((*document, Vec::new())),
        Written::Derived(derived) => derived,
    };
    let text = |value: &Option<Value>| value.as_ref().map(Value::to_string);
    let of = |text: Option<String>| {
        template::template(&derived.extends, text.as_ref().map(String::as_bytes))
    };
    let template = of(text(&case.template))?;
    let resolved = template::resolve(&derived, &template)?;
    let mut warnings = resolved.warnings;
    if case.template_before.is_some() {
        let before = of(text(&case.template_before))?;
        warnings.extend(template::hidden_changes(&derived, &before, &template));
    }
    let formed = canonical_derived(&derived);
    assert_eq!(
        template::read(formed.as_bytes()),
        Ok(Written::Derived(derived)),
        "{formed}"
    );
    Ok((resolved.document, warnings))
}

/// What the stream and its sample rows say.
fn of_stream(
    document: &Document,
    environment: &Environment<'_>,
    stream: &RowFormat,
    samples: &[Value],
) -> Vec<Diagnostic> {
    let texts: Vec<String> = samples
        .iter()
        .map(|row| row.as_str().map_or_else(|| row.to_string(), str::to_owned))
        .collect();
    let rows: Vec<Row<'_>> = texts
        .iter()
        .zip(1..)
        .map(|(text, line)| Row {
            position: RowPosition { line, offset: 0 },
            bytes: text.as_bytes(),
        })
        .collect();
    match check_samples(document, environment, stream, &rows) {
        Ok(found) => found.iter().map(|example| example.diagnostic()).collect(),
        Err(diagnostics) => diagnostics,
    }
}

fn cases() -> Vec<(String, Case)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut found = Vec::new();
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // from the text: a value would have rounded its numbers
        let all: Vec<Case> = match text.starts_with('[') {
            true => serde_json::from_str(&text),
            false => serde_json::from_str(&text).map(|one| vec![one]),
        }
        .unwrap_or_else(|error| panic!("{name}: {error}"));
        found.extend(all.into_iter().map(|case| (name.clone(), case)));
    }
    found
}

#[test]
fn every_case_holds() {
    let cases = cases();
    let mut failures = Vec::new();
    for (name, case) in &cases {
        failures.extend(
            differences(case)
                .into_iter()
                .map(|text| format!("{name} ({}): {text}", case.about)),
        );
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    assert!(cases.len() >= 10, "only {} cases were found", cases.len());
}

#[test]
fn every_diagnostic_code_has_a_case() {
    let expected: BTreeSet<String> = cases()
        .into_iter()
        .flat_map(|(_, case)| case.expect_diagnostics)
        .map(|expected| expected.code)
        .collect();
    let source = include_str!("../../src/diagnostic.rs");
    let missing: Vec<&str> = source
        .split("&str = \"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|code| !expected.contains(*code))
        .collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

/// The functions that a `do` of a document names, in whatever place.
fn functions_of(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("fn").and_then(Value::as_str).map(str::to_owned));
            members
                .values()
                .for_each(|inner| functions_of(inner, found));
        }
        Value::Array(values) => values.iter().for_each(|inner| functions_of(inner, found)),
        _ => {}
    }
}

#[test]
fn every_function_has_a_case() {
    let mut found = BTreeSet::new();
    for (_, case) in cases() {
        functions_of(&case.mapping, &mut found);
        found.extend(case.functions.into_iter().map(|case| case.function));
    }
    let names = signatures().map(|signature| signature.name);
    let missing: Vec<&str> = names.filter(|name| !found.contains(*name)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

/// What a person can write without Rust: cases of functions, records with what must come of them, documents with
/// their diagnostics. (The examples of functions stand in Rust, and count for their documentation.)
#[test]
fn there_are_more_than_six_hundred_cases() {
    let (mut functions, mut records, mut diagnostics) = (0, 0, 0);
    for (_, case) in cases() {
        functions += case.functions.len();
        diagnostics += case.expect_diagnostics.len();
        let tests = case.mapping.get("tests").and_then(Value::as_array);
        records += tests.map_or(0, Vec::len);
    }
    let all = functions + records + diagnostics;
    println!("{all} cases: {functions} of functions, {records} records, {diagnostics} diagnostics");
    assert!(all >= 600, "only {all} cases");
    assert!(records >= 80, "only {records} records");
}
