//! What each engine makes of a record, field by field, against ours.

use std::str::FromStr;

use rust_decimal::Decimal;
use serde_json::Value;
use tributary_model::rows::RowFormat;

use crate::{DOCUMENT, by_hand, jaq, jsonata, map, remap, worker};

/// Compares all engines on the records; gives a text that says what differs.
pub(crate) fn all(lines: &[&[u8]]) -> String {
    let mut worker = worker(DOCUMENT, &RowFormat::Ndjson);
    let ours: Vec<Option<Value>> = (1..)
        .zip(lines)
        .map(|(line, bytes)| {
            let mut out = Vec::new();
            map(&mut worker, line, bytes, &mut out).then(|| serde_json::from_slice(&out).unwrap())
        })
        .collect();
    let hand = by_hand_differences(lines, &ours);
    let remap = remap::Remap::new();
    let vrl = differences("VRL", lines, &ours, |bytes, out| remap.map(bytes, out));
    let jaq = jaq::with_program(|run| differences("jaq", lines, &ours, run));
    let jsonata = jsonata::Jsonata::new();
    let jsonata = differences("jsonata-core", lines, &ours, |bytes, out| {
        jsonata.map(bytes, out)
    });
    format!("{hand}\n{vrl}\n{jaq}\n{jsonata}")
}

fn by_hand_differences(lines: &[&[u8]], ours: &[Option<Value>]) -> String {
    let tables = by_hand::Tables::new();
    let mut buffers = by_hand::Buffers::default();
    differences("by hand", lines, ours, |bytes, out| {
        if by_hand::map(bytes, &tables, &mut buffers, out).is_err() {
            out.clear();
            out.extend_from_slice(b"{\"errors\":true}");
        }
    })
}

fn differences(
    name: &str,
    lines: &[&[u8]],
    ours: &[Option<Value>],
    mut map: impl FnMut(&[u8], &mut Vec<u8>),
) -> String {
    let (mut equal, mut cents) = (0, 0);
    for (bytes, expected) in lines.iter().zip(ours) {
        let mut out = Vec::new();
        map(bytes, &mut out);
        let found: Value = serde_json::from_slice(&out).unwrap();
        match expected {
            None => assert!(
                found.get("errors").is_some(),
                "{name} takes what we refuse: {}",
                String::from_utf8_lossy(bytes)
            ),
            Some(expected) => {
                let mut wrong = Vec::new();
                differs(expected, &found, "", &mut wrong);
                let only_cents = wrong
                    .iter()
                    .all(|place| place.ends_with("/amount") || place == "/total_amount");
                assert!(only_cents, "{name} differs at {wrong:?}: {expected} and {found}");
                cents += usize::from(!wrong.is_empty());
            }
        }
        equal += 1;
    }
    let why = if cents > 0 { ", because its numbers are floats" } else { "" };
    format!(
        "{name}: {equal} records compared; {cents} ({:.2} %) have a wrong cent{why}",
        cents as f64 * 100.0 / equal as f64
    )
}

/// The places where two documents differ; numbers by value.
fn differs(left: &Value, right: &Value, place: &str, wrong: &mut Vec<String>) {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            for name in left.keys().chain(right.keys()) {
                let null = Value::Null;
                let (a, b) = (left.get(name).unwrap_or(&null), right.get(name).unwrap_or(&null));
                differs(a, b, &format!("{place}/{name}"), wrong);
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (number, (a, b)) in left.iter().zip(right).enumerate() {
                differs(a, b, &format!("{place}/{number}"), wrong);
            }
        }
        (Value::Number(left), Value::Number(right)) => {
            let exact = |number: &serde_json::Number| Decimal::from_str(&number.to_string()).ok();
            if exact(left) != exact(right) {
                wrong.push(place.to_owned());
            }
        }
        _ if left == right => {}
        _ => wrong.push(place.to_owned()),
    }
}
