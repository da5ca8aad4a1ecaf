//! What a document calls sensitive is in no issue and no explanation, whoever else reads the place.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tributary_mapping::{Environment, Row, Worker, compile};
use tributary_model::rows::{CsvFormat, RowFormat, RowPosition};

const CANARY: &str = "DE123CANARY";

fn worker(document: Value, format: &RowFormat) -> Worker {
    let document = serde_json::from_value(document).unwrap();
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let plan = compile(&document, &Environment::new(&lookups, &params)).unwrap();
    plan.worker(format).unwrap()
}

/// All that a person gets to see of a record, except what is written on purpose; and how many issues.
fn shown(worker: &mut Worker, rows: &[String]) -> (String, usize) {
    let rows: Vec<Row<'_>> = rows
        .iter()
        .zip(1..)
        .map(|(text, line)| Row {
            position: RowPosition { line, offset: 0 },
            bytes: text.as_bytes(),
        })
        .collect();
    let mut explanation = worker.explain(&rows);
    for field in &mut explanation.fields {
        if field.target != "/secret" {
            field.written = None;
        }
    }
    let text = format!("{:?} {:?}", explanation.issues, explanation.fields);
    (text, explanation.issues.len())
}

#[test]
fn no_reader_of_a_sensitive_place_shows_it() {
    let secret = json!({"id": "secret", "to": "secret", "type": "string", "from": "$.person.vat", "null": "omit", "sensitive": true});
    let readers = [
        json!({"id": "n", "to": "n", "type": "int", "from": "$.person.vat", "do": [{"fn": "to_int"}]}),
        json!({"id": "n", "to": "n", "type": "string", "from": "$.person.vat", "do": [{"fn": "lower"}, {"fn": "matches", "pattern": "^x$"}]}),
        json!({"id": "n", "to": "n", "type": "int", "from": ["$.other", "$.person.vat"], "do": [{"fn": "to_int"}]}),
        json!({"id": "n", "to": "n", "type": "decimal", "formula": "to_decimal(src.person.vat) + 1"}),
        json!({"id": "n", "to": "n", "type": "decimal", "formula": "to_decimal(secret) + 1"}),
        json!({"id": "n", "to": "n", "type": "string", "from": "$.key", "when": "to_decimal(src.person.vat) > 1"}),
        json!({"id": "n", "to": "n", "type": "bool", "from": "$.person", "do": [{"fn": "to_bool", "true": ["1"], "false": ["0"]}]}),
        json!({"id": "n", "to": "n", "type": "string", "switch": [{"when": "to_decimal(secret) > 1", "const": "a"}, {"else": true, "const": "b"}]}),
        json!({"id": "n", "to": "n", "type": "date", "from": "$.person.vat", "do": [{"fn": "date_parse", "formats": ["yyyy-MM-dd"]}], "on_error": "null"}),
    ];
    for reader in readers {
        let document = json!({"version": 1, "name": "s", "source": {"format": "json", "key": ["$.key"]},
            "fields": [secret, reader]});
        let mut worker = worker(document, &RowFormat::Ndjson);
        let row = format!(r#"{{"key": 1, "person": {{"vat": "{CANARY}"}}}}"#);
        let (text, issues) = shown(&mut worker, &[row]);
        assert!(issues > 0, "{reader} has no fault to tell of");
        let canary = text.to_lowercase().contains(&CANARY.to_lowercase());
        assert!(!canary, "{reader} shows the value: {text}");
    }
}

#[test]
fn rules_filters_and_broken_rows_do_not_show_it() {
    let source = json!({"format": "json", "key": ["$.key"]});
    let fields = json!([{"id": "secret", "to": "secret", "type": "string", "from": "$.vat", "sensitive": true}]);
    let with_rule = json!({"version": 1, "name": "s", "source": source, "fields": fields,
        "quality": [{"id": "q", "check": "to_decimal(secret) > 1", "severity": "error", "message": "too small"}]});
    let with_filter = json!({"version": 1, "name": "s", "source": source, "fields": fields,
        "rows": [{"id": "f", "op": "filter", "keep": "to_decimal(src.vat) > 1"}]});
    let plain = json!({"version": 1, "name": "s", "source": source, "fields": fields});
    let whole = format!(r#"{{"key": 1, "vat": "{CANARY}"}}"#);
    let broken = format!(r#"{{"key": 1, "vat": {CANARY}}}"#);
    for (document, row) in [(with_rule, &whole), (with_filter, &whole), (plain, &broken)] {
        let (text, issues) = shown(
            &mut worker(document.clone(), &RowFormat::Ndjson),
            std::slice::from_ref(row),
        );
        assert!(issues > 0, "{document}");
        assert!(!text.contains(CANARY), "{document} shows the value: {text}");
    }
}

#[test]
fn a_conflict_in_a_group_does_not_show_it() {
    let document = json!({"version": 1, "name": "s", "source": {"format": "csv", "key": ["$.order"]},
        "rows": [{"id": "g", "op": "group", "as": "order", "by": ["$.order"], "input": "any", "members": "lines", "agree": ["$.vat"]}],
        "fields": [{"id": "secret", "to": "secret", "type": "string", "from": "$.vat", "sensitive": true}]});
    let format = RowFormat::Csv(CsvFormat {
        delimiter: ';',
        quote: Some('"'),
        encoding: "utf-8".to_owned(),
        columns: vec!["order".to_owned(), "vat".to_owned()],
    });
    let rows = [format!("1;{CANARY}"), format!("1;{CANARY}2")];
    let (text, issues) = shown(&mut worker(document, &format), &rows);
    assert_eq!(issues, 1);
    assert!(!text.contains(CANARY), "{text}");
}
