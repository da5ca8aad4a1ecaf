//! What is asked, and what becomes of the answers.

use std::io::Cursor;

use serde_json::{Value, json};

use super::super::answers::Answers;
use super::*;

fn asked(schema: &Value, lines: &str, set: &[&str]) -> anyhow::Result<Option<Value>> {
    let mut input = Cursor::new(lines.as_bytes().to_vec());
    let set: Vec<String> = set.iter().map(|one| (*one).to_owned()).collect();
    let mut answers = Answers::new(&mut input, false, &set, &[])?;
    let made = value(&mut answers, &Place::top("config", schema))?;
    assert_eq!(answers.unused(), None);
    Ok(made)
}

fn schema() -> Value {
    json!({
        "type": "object", "additionalProperties": false, "required": ["folder"],
        "properties": {
            "folder": {"type": "string", "minLength": 1, "title": "folder on the server"},
            "format": {"enum": ["csv", "ndjson"], "default": "csv"},
            "min_age_s": {"type": "integer", "minimum": 0, "default": 0},
            "recursive": {"type": "boolean", "default": false},
            "columns": {"type": "array", "items": {"type": "string"}},
            "csv": {"type": "object", "properties": {"delimiter": {"type": "string", "maxLength": 1}}}
        }
    })
}

#[test]
fn lines_answer_in_the_order_of_the_schema() {
    let made = asked(&schema(), "/out\n", &[]).unwrap().unwrap();
    assert_eq!(made, json!({"folder": "/out"}), "nobody wants the rest");
    // folder, go through the rest, format by number, age, recursive, columns, more of csv, delimiter
    let lines = "/out\ny\n2\n60\nyes\na, b\ny\n;\n";
    let made = asked(&schema(), lines, &[]).unwrap().unwrap();
    let all = json!({
        "folder": "/out", "format": "ndjson", "min_age_s": 60, "recursive": true,
        "columns": ["a", "b"], "csv": {"delimiter": ";"}
    });
    assert_eq!(made, all);
}

#[test]
fn flags_answer_first_and_a_missing_answer_names_its_flag() {
    let set = [
        "config.folder=/in",
        "config.csv.delimiter=;",
        "config.min_age_s=5",
    ];
    let made = asked(&schema(), "", &set).unwrap().unwrap();
    assert_eq!(
        made,
        json!({"folder": "/in", "min_age_s": 5, "csv": {"delimiter": ";"}})
    );
    let error = asked(&schema(), "", &[]).unwrap_err().to_string();
    assert!(error.contains("--set config.folder=VALUE"), "{error}");
    let error = asked(&schema(), "/in\n", &["config.min_age_s=-1"]).unwrap_err();
    assert!(
        error.to_string().contains("less than the minimum of 0"),
        "{error}"
    );
}

#[test]
fn the_schema_judges_each_answer_in_its_own_words() {
    let error = asked(&schema(), "/in\ny\nxml\n", &[])
        .unwrap_err()
        .to_string();
    assert!(error.contains("\"xml\" is not one of"), "{error}");
    let error = asked(&schema(), "\n", &[]).unwrap_err().to_string();
    assert!(error.contains("it must be given"), "{error}");
}

#[test]
fn an_object_that_needs_one_of_two_asks_for_both() {
    let key = json!({
        "type": "object", "required": ["kind"], "additionalProperties": false,
        "properties": {
            "kind": {"const": "api_key"},
            "header": {"type": "string"}, "query": {"type": "string"}
        },
        "oneOf": [{"required": ["header"]}, {"required": ["query"]}]
    });
    let made = asked(&key, "X-Key\n\n", &[]).unwrap().unwrap();
    assert_eq!(made, json!({"kind": "api_key", "header": "X-Key"}));
    assert!(asked(&key, "X-Key\nkey\n", &[]).is_err(), "not both");
}

#[test]
fn names_of_ones_own_are_asked_for_with_what_belongs_to_them() {
    let streams = json!({
        "type": "object", "minProperties": 1,
        "additionalProperties": {"$ref": "#/$defs/stream"},
        "$defs": {"stream": {"type": "object", "required": ["path"],
            "properties": {"path": {"type": "string"}}}}
    });
    let made = asked(&streams, "orders\napi/orders\nlines\napi/lines\n\n", &[]);
    assert_eq!(
        made.unwrap().unwrap(),
        json!({"orders": {"path": "api/orders"}, "lines": {"path": "api/lines"}})
    );
    let made = asked(&streams, "", &["config.orders.path=o"])
        .unwrap()
        .unwrap();
    assert_eq!(made, json!({"orders": {"path": "o"}}));
}

#[test]
fn no_message_repeats_a_secret() {
    let secrets = json!({
        "type": "object", "required": ["token"],
        "properties": {"token": {"type": "string", "minLength": 20, "writeOnly": true}}
    });
    let error = asked(&secrets, "canary-canary\n", &[])
        .unwrap_err()
        .to_string();
    assert!(!error.contains("canary"), "{error}");
    assert!(error.contains("--secret token=env:VARIABLE"), "{error}");
    let mut input = Cursor::new(Vec::new());
    let error = Answers::new(&mut input, false, &[], &["token=canary".to_owned()]);
    assert!(!error.err().unwrap().to_string().contains("canary"));
}
