//! Bytes to [`Document`]: JSON, then the published schema, then the types.

use std::sync::OnceLock;

use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use super::{Document, Exact, SCHEMA};
use crate::diagnostic::{Diagnostic, code};
use crate::path::compare_numbers;

/// Reads a mapping document.
///
/// # Errors
/// Diagnostics with the place in the document: `M1001` no JSON, `M1002` breaks the schema, `M1003`
/// unknown member.
pub fn parse(bytes: &[u8]) -> Result<Document, Vec<Diagnostic>> {
    let value = json(bytes)?;
    checked(&value, validator(), schema())?;
    exact(bytes)?;
    // from the text: a value would have rounded the numbers of tests
    serde_json::from_slice(bytes).map_err(|error| {
        vec![Diagnostic::error(
            code::SCHEMA,
            "",
            format!("the document does not have the required form: {error}"),
            "compare it with platform/docs/mapping/document.md",
        )]
    })
}

pub(super) fn json(bytes: &[u8]) -> Result<Value, Vec<Diagnostic>> {
    serde_json::from_slice(bytes).map_err(|error| {
        vec![Diagnostic::error(
            code::NOT_JSON,
            "",
            format!("the document is not valid JSON: {error}"),
            "correct the text at the given line and column",
        )]
    })
}

/// Refuses numbers that would be rounded when they are read. Those of tests keep their digits, and those of a
/// JSON Schema are its validator's.
pub(super) fn exact(bytes: &[u8]) -> Result<(), Vec<Diagnostic>> {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let mut found = Vec::new();
    if let Ok(document) = Exact::parse(text) {
        rounded(&document, "", &mut found);
    }
    match found.is_empty() {
        true => Ok(()),
        false => Err(found),
    }
}

fn rounded(value: &Exact, pointer: &str, found: &mut Vec<Diagnostic>) {
    match value {
        Exact::Null | Exact::Bool(_) | Exact::Text(_) => {}
        Exact::Number(digits) => {
            let read = value.rounded().to_string();
            if compare_numbers(digits, &read).is_ne() {
                found.push(Diagnostic::error(
                    code::CONSTANT,
                    pointer,
                    format!("the number {digits} would be read as {read}"),
                    format!("write it as text, which keeps every digit: {digits:?}"),
                ));
            }
        }
        Exact::List(values) => {
            for (place, value) in values.iter().enumerate() {
                rounded(value, &format!("{pointer}/{place}"), found);
            }
        }
        Exact::Members(members) => {
            for (name, value) in members {
                let kept = match name.as_str() {
                    "tests" => pointer.is_empty(),
                    "schema" => pointer.starts_with("/quality/"),
                    _ => false,
                };
                if !kept {
                    let pointer = format!("{pointer}/{}", escape_pointer(name));
                    rounded(value, &pointer, found);
                }
            }
        }
    }
}

/// Whether a value keeps a schema of ours.
pub(super) fn conform(value: &Value, schema: &Value) -> Result<(), Vec<Diagnostic>> {
    let validator = jsonschema::validator_for(schema).ok();
    checked(value, validator.as_ref(), schema)
}

fn checked(
    value: &Value,
    validator: Option<&Validator>,
    schema: &Value,
) -> Result<(), Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    match validator {
        Some(validator) => {
            for error in validator.iter_errors(value) {
                describe(&error, value, schema, &mut diagnostics);
            }
        }
        None => diagnostics.push(Diagnostic::error(
            code::SCHEMA,
            "",
            "the published schema of mapping documents could not be compiled",
            "report it: this is a mistake of the platform",
        )),
    }
    if diagnostics.is_empty() {
        return Ok(());
    }
    Err(diagnostics)
}

fn schema() -> &'static Value {
    static PARSED: OnceLock<Value> = OnceLock::new();
    PARSED.get_or_init(|| serde_json::from_str(SCHEMA).unwrap_or_default())
}

fn validator() -> Option<&'static Validator> {
    static VALIDATOR: OnceLock<Option<Validator>> = OnceLock::new();
    VALIDATOR
        .get_or_init(|| jsonschema::validator_for(schema()).ok())
        .as_ref()
}

fn describe(
    error: &jsonschema::ValidationError<'_>,
    document: &Value,
    schema: &Value,
    out: &mut Vec<Diagnostic>,
) {
    let pointer = error.instance_path().to_string();
    if let ValidationErrorKind::AdditionalProperties { unexpected } = error.kind() {
        for name in unexpected {
            let place = format!("{pointer}/{}", escape_pointer(name));
            let known = known_members(schema, error.schema_path().as_str());
            out.push(Diagnostic::error(
                code::UNKNOWN_MEMBER,
                place,
                format!("{name:?} is not a member of this part of the document"),
                match nearest(name, &known) {
                    Some(candidate) => format!("did you mean {candidate:?}?"),
                    None if known.is_empty() => "remove it or correct its spelling".to_owned(),
                    None => format!("members here: {}", known.join(", ")),
                },
            ));
        }
        return;
    }
    let value = document
        .pointer(&pointer)
        .map_or_else(String::new, |value| {
            tributary_model::issue::shorten(&value.to_string(), 80)
        });
    out.push(Diagnostic::error(
        code::SCHEMA,
        pointer,
        tributary_model::issue::shorten(&error.to_string(), 300),
        format!("found {value}; see platform/docs/mapping/document.md for this member"),
    ));
}

/// Names that the schema allows next to the `additionalProperties` at `schema_path`.
fn known_members(schema: &Value, schema_path: &str) -> Vec<String> {
    let place = schema_path.trim_end_matches("/additionalProperties");
    schema
        .pointer(&format!("{place}/properties"))
        .and_then(Value::as_object)
        .map(|members| members.keys().cloned().collect())
        .unwrap_or_default()
}

/// The candidate that differs least from `name`, if it is close enough to be a slip.
pub(crate) fn nearest<'a>(name: &str, candidates: &'a [String]) -> Option<&'a str> {
    candidates
        .iter()
        .map(|candidate| (distance(name, candidate), candidate.as_str()))
        .filter(|(distance, candidate)| *distance * 3 <= candidate.len().max(3))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance in characters, ignoring ASCII case.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().map(|c| c.to_ascii_lowercase()).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        let mut next_row = vec![before];
        for (j, b) in right.iter().enumerate() {
            let above = row.get(j + 1).copied().unwrap_or(usize::MAX - 1);
            let change = diagonal + usize::from(a.to_ascii_lowercase() != *b);
            before = change.min(above + 1).min(before + 1);
            diagonal = above;
            next_row.push(before);
        }
        row = next_row;
    }
    row.last().copied().unwrap_or(0)
}

/// `name` as one segment of a JSON Pointer.
pub(crate) fn escape_pointer(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
