//! Every example of every function runs through a real mapping, and the page
//! `platform/docs/mapping/functions.md` is what the signatures say.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Map, Value, json};
use tributary_mapping::functions::signature::{Example, ExampleResult, Output, Signature};
use tributary_mapping::functions::{signatures, topics};
use tributary_mapping::{Document, Environment, Kind, Row, compile};
use tributary_model::document::LookupDocument;
use tributary_model::rows::{RowFormat, RowPosition};

/// JSON has no dates: a function over dates gets what such a text says.
fn reading(signature: &Signature, input: &str) -> Vec<Value> {
    let is_iso = input.as_bytes().get(5) == Some(&b'-');
    match (signature.input, input.len()) {
        (Kind::Date, 12) if is_iso => {
            vec![json!({"fn": "date_parse", "formats": ["yyyy-MM-dd"]})]
        }
        (Kind::DateTime, 20..) if is_iso => {
            vec![json!({"fn": "datetime_parse", "formats": ["rfc3339"]})]
        }
        _ => Vec::new(),
    }
}

/// The value that a mapping with one step makes, or the code of its issue.
fn run(signature: &Signature, example: &Example) -> Result<String, String> {
    let mut step: Map<String, Value> = serde_json::from_str(example.arguments).unwrap();
    step.insert("fn".to_owned(), json!(signature.name));
    let mut steps = reading(signature, example.input);
    steps.push(Value::Object(step));
    let document: Document = serde_json::from_value(json!({
        "version": 1,
        "name": "example",
        "source": { "format": "json", "key": ["$.key"] },
        "lookups": {
            "example": { "inline": { "RE": "sale" } },
            "bands": { "inline": { "0": "small", "99.5": "large" } },
            "pairs": { "table": "pairs", "key": ["kind", "land"], "value": "tax" }
        },
        "external": {
            "example": { "component": "codes@1.0.0", "function": "echo", "takes": "text", "gives": "text" }
        },
        "fields": [{ "id": "out", "to": "out", "type": "json", "from": "$.in", "do": steps }]
    }))
    .unwrap();
    let pairs: LookupDocument = serde_json::from_value(json!({
        "name": "pairs", "key": ["kind", "land"], "rows": [{ "kind": "RE", "land": "DE", "tax": "domestic" }]
    }))
    .unwrap();
    let lookups = BTreeMap::from([("pairs".to_owned(), pairs)]);
    let params = BTreeMap::new();
    let components = crate::components::components();
    let environment = Environment::new(&lookups, &params).with_components(Some(&components));
    let plan =
        compile(&document, &environment).map_err(|diagnostics| format!("{diagnostics:?}"))?;
    let text = format!(r#"{{"key":1,"land":"DE","in":{}}}"#, example.input);
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
    match outcome.issues.first() {
        Some(issue) => Err(issue.code.as_str().to_owned()),
        None => {
            let line = String::from_utf8(out).unwrap();
            Ok(line
                .strip_prefix("{\"out\":")
                .unwrap()
                .trim_end()
                .strip_suffix('}')
                .unwrap()
                .to_owned())
        }
    }
}

#[test]
fn every_example_holds() {
    let mut differences = Vec::new();
    for signature in signatures() {
        assert!(
            signature.examples.len() >= 2,
            "{} needs examples",
            signature.name
        );
        for example in signature.examples {
            let expected = match example.result {
                ExampleResult::Gives(output) => Ok(output.to_owned()),
                ExampleResult::Fails(code) => Err(code.as_str().to_owned()),
            };
            let found = run(signature, example);
            if found != expected {
                differences.push(format!(
                    "{} {} of {}: {found:?} instead of {expected:?}",
                    signature.name, example.arguments, example.input
                ));
            }
            if let ExampleResult::Fails(code) = example.result {
                let named = signature.fails_with.contains(&code);
                assert!(
                    named,
                    "{} fails with {code}, which its signature does not say",
                    signature.name
                );
            }
        }
    }
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

fn page() -> String {
    let mut text = String::from(
        "# Functions\n\n\
         Used as steps (`\"do\": [{ \"fn\": \"round\", \"scale\": 2 }]`) and in formulas (`round(x, 2)`: the value, then the \
         arguments in this order).\nAn argument that may be computed is in a step a constant or one of `{\"from\": \"$.path\"}`, \
         `{\"param\": \"name\"}`, `{\"formula\": \"…\"}`; in a formula it is any\nformula. Null passes through a function unless it \
         says that it takes null. This page is written from the signatures in\n`platform/mapping/src/functions`; a test runs every \
         example.\n",
    );
    for (topic, signatures) in topics() {
        writeln!(text, "\n## {topic}").unwrap();
        for signature in signatures {
            describe(signature, &mut text);
        }
    }
    text
}

fn describe(signature: &Signature, text: &mut String) {
    let output = match signature.output {
        Output::Is(kind) => kind.word(),
        Output::Same => "the same",
        Output::SameOr => "the same, or what its argument is",
    };
    writeln!(text, "\n### {}\n\n{}\n", signature.name, signature.summary).unwrap();
    let fails: Vec<String> = signature
        .fails_with
        .iter()
        .map(|code| format!("`{code}`"))
        .collect();
    let fails = if fails.is_empty() {
        "never".to_owned()
    } else {
        fails.join(", ")
    };
    let null = if signature.takes_null && signature.input != Kind::Null {
        " or null"
    } else {
        ""
    };
    writeln!(
        text,
        "Takes: {}{null} · gives: {output} · fails with: {fails}\n",
        signature.input.word()
    )
    .unwrap();
    for argument in signature.arguments {
        let need = if argument.required {
            "required"
        } else {
            "optional"
        };
        writeln!(
            text,
            "- `{}` ({}, {need}): {}",
            argument.name,
            argument.kind.words(),
            argument.summary
        )
        .unwrap();
    }
    if !signature.arguments.is_empty() {
        text.push('\n');
    }
    text.push_str("| value | arguments | result |\n|---|---|---|\n");
    for example in signature.examples {
        let result = match example.result {
            ExampleResult::Gives(output) => format!("`{output}`"),
            ExampleResult::Fails(code) => format!("error `{code}`"),
        };
        writeln!(
            text,
            "| `{}` | `{}` | {result} |",
            example.input.replace('|', "\\|"),
            example.arguments.replace('|', "\\|")
        )
        .unwrap();
    }
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/mapping/functions.md")
}

#[test]
fn the_page_is_current() {
    let written = std::fs::read_to_string(path()).unwrap_or_default();
    assert!(
        written == page(),
        "write the page anew: cargo test -p tributary-mapping --test mapping -- --ignored write_the_page"
    );
}

#[test]
#[ignore = "writes the page"]
fn write_the_page() {
    std::fs::write(path(), page()).unwrap();
}
