//! The cases in `tests/cases/*.json`, which need no Rust to write. A case has a `name`, a `format`
//! and perhaps `limits` as in a configuration, the file as `text` or `hex`, and what comes out:
//! `expect` (rows and faults in order), `columns`, `complete` (true unless said), or `open_fault`.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use tributary_formats::records::{Config, Format, Limits};

use super::{Item, Outcome, read_pieces};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    format: Format,
    #[serde(default)]
    limits: Limits,
    text: Option<String>,
    hex: Option<String>,
    expect: Option<Vec<Expected>>,
    columns: Option<Vec<String>>,
    #[serde(default = "yes")]
    complete: bool,
    open_fault: Option<ExpectedFault>,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Expected {
    Fault {
        line: u64,
        #[serde(flatten)]
        fault: ExpectedFault,
    },
    Row {
        line: u64,
        offset: Option<u64>,
        #[serde(default)]
        row: Value,
    },
}

#[derive(Deserialize)]
struct ExpectedFault {
    fault: String,
    message: String,
}

fn bytes(case: &Case) -> Vec<u8> {
    if let Some(text) = &case.text {
        return text.clone().into_bytes();
    }
    let digits: Vec<char> = case
        .hex
        .as_ref()
        .unwrap()
        .chars()
        .filter(|c| *c != ' ')
        .collect();
    let pairs = digits.chunks(2).map(|pair| pair.iter().collect::<String>());
    pairs
        .map(|pair| u8::from_str_radix(&pair, 16).unwrap())
        .collect()
}

fn compare(case: &Case, outcome: &Outcome, place: &str) {
    let expected = case
        .expect
        .as_ref()
        .unwrap_or_else(|| panic!("{place}: no fault at open"));
    assert_eq!(outcome.items.len(), expected.len(), "{place}: {outcome:?}");
    let csv = matches!(case.format, Format::Csv(_));
    for (item, expected) in outcome.items.iter().zip(expected) {
        match (item, expected) {
            (
                Item::Row { line, offset, text },
                Expected::Row {
                    line: at,
                    offset: from,
                    row,
                },
            ) => {
                assert_eq!(line, at, "{place}: {item:?}");
                assert_eq!(*offset, from.unwrap_or(*offset), "{place}: {item:?}");
                if csv {
                    assert_eq!(text, row.as_str().unwrap(), "{place}");
                } else {
                    // As text, so that the order and repeated keys count.
                    let tidy: Value = serde_json::from_str(text).unwrap();
                    assert_eq!(tidy.to_string(), row.to_string(), "{place}");
                }
            }
            (
                Item::Fault {
                    line,
                    code,
                    message,
                },
                Expected::Fault { line: at, fault },
            ) => {
                assert_eq!(
                    (code.as_str(), line),
                    (fault.fault.as_str(), at),
                    "{place}: {message}"
                );
                assert!(message.contains(&fault.message), "{place}: {message}");
            }
            _ => panic!("{place}: {item:?}"),
        }
    }
    assert_eq!(outcome.complete, case.complete, "{place}");
    if let Some(columns) = &case.columns {
        assert_eq!(&outcome.columns, columns, "{place}");
    }
}

fn run(file: &str, at_least: usize) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cases")
        .join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&text).unwrap();
    assert!(
        cases.len() >= at_least,
        "{file} has only {} cases",
        cases.len()
    );
    for case in &cases {
        let config = Config {
            format: case.format.clone(),
            limits: case.limits,
        };
        for size in [usize::MAX, 1, 2, 3, 7] {
            let place = format!("{file}, {:?}, pieces of {size}", case.name);
            match (read_pieces(&config, &bytes(case), size), &case.open_fault) {
                (Ok(outcome), _) => compare(case, &outcome, &place),
                (Err(fault), Some(expected)) => {
                    assert_eq!(fault.code.as_str(), expected.fault, "{place}: {fault}");
                    assert!(
                        fault.message.contains(&expected.message),
                        "{place}: {fault}"
                    );
                }
                (Err(fault), None) => panic!("{place}: {fault:?}"),
            }
        }
    }
}

#[test]
fn csv() {
    run("csv.json", 20);
}

#[test]
fn json() {
    run("json.json", 20);
}

#[test]
fn xml() {
    run("xml.json", 30);
}

#[test]
fn fixed() {
    run("fixed.json", 8);
}
