//! Cases of single functions in `tests/cases/functions-*.json`, one a line:
//!
//! `{ "fn": name, "args": { … }, "in": value, "out": value }`, or `"error": code` in place of `out`.
//!
//! `"as": "date"` or `"datetime"` makes one of the text first, because JSON has none; `"other"` is a second value of
//! the row, at `$.other`. There are the lookups `example` and `bands`; the run started at 2026-03-05T12:00:00Z.
//! What must come out was written by hand or is what other programs say, and is not what the engine has said.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tributary_mapping::document::Exact;
use tributary_mapping::{Document, Environment, Row, compile};
use tributary_model::rows::{RowFormat, RowPosition};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FunctionCase {
    #[serde(rename = "fn")]
    pub(crate) function: String,
    #[serde(default)]
    args: Map<String, Value>,
    #[serde(rename = "as")]
    read_as: Option<ReadAs>,
    #[serde(rename = "in")]
    input: Exact,
    other: Option<Exact>,
    #[serde(default, deserialize_with = "present")]
    out: Option<Exact>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ReadAs {
    Date,
    DateTime,
}

/// Null is a value here.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Exact>, D::Error> {
    Exact::deserialize(deserializer).map(Some)
}

/// What is not as the case says.
pub(crate) fn difference(case: &FunctionCase) -> Option<String> {
    let found = run(case);
    let fits = match (&found, &case.out, &case.error) {
        (Ok(found), Some(out), None) => found.same(out),
        (Err(code), None, Some(error)) => code == error,
        _ => false,
    };
    let wanted = match &case.out {
        Some(out) => out.to_string(),
        None => format!("error {:?}", case.error),
    };
    let found = match found {
        Ok(found) => found.to_string(),
        Err(code) => format!("error {code}"),
    };
    let (function, input, args) = (&case.function, &case.input, json!(case.args));
    (!fits).then(|| format!("{function} {args} of {input} is {found}, not {wanted}"))
}

fn run(case: &FunctionCase) -> Result<Exact, String> {
    let mut step = case.args.clone();
    step.insert("fn".to_owned(), json!(case.function));
    let mut steps = match case.read_as {
        None => Vec::new(),
        Some(ReadAs::Date) => vec![json!({ "fn": "date_parse", "formats": ["yyyy-MM-dd"] })],
        Some(ReadAs::DateTime) => vec![json!({ "fn": "datetime_parse", "formats": ["rfc3339"] })],
    };
    steps.push(Value::Object(step));
    let document: Document = serde_json::from_value(json!({
        "version": 1, "name": "case", "source": { "format": "json", "key": ["$.key"] },
        "lookups": {
            "example": { "inline": { "RE": "sale" } },
            "bands": { "inline": { "0": "small", "99.5": "large" } }
        },
        "fields": [{ "id": "out", "to": "out", "type": "json", "from": "$.in", "do": steps }]
    }))
    .map_err(|error| error.to_string())?;
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let plan = compile(&document, &Environment::new(&lookups, &params))
        .map_err(|found| format!("{found:?}"))?;
    // 2026-03-05T12:00:00Z
    let mut worker = plan
        .worker(&RowFormat::Ndjson)
        .unwrap()
        .started_at(1_772_712_000_000);
    let other = case.other.as_ref().unwrap_or(&Exact::Null);
    let text = format!(r#"{{"key":1,"in":{},"other":{other}}}"#, case.input);
    let row = Row {
        position: RowPosition::default(),
        bytes: text.as_bytes(),
    };
    let mut out = Vec::new();
    let outcome = worker.map(&[row], &mut out);
    if let Some(issue) = outcome.issues.first() {
        return Err(issue.code.as_str().to_owned());
    }
    let output = Exact::parse(&String::from_utf8_lossy(&out)).map_err(|error| error.to_string())?;
    match output {
        Exact::Members(mut members) => Ok(members.pop().map_or(Exact::Null, |(_, value)| value)),
        other => Err(format!("{other} is no document")),
    }
}
