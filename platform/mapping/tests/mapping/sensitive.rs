//! What a document calls sensitive is in no issue and no explanation, whoever else reads the place.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tributary_mapping::{Environment, Explanation, Row, Worker, compile};
use tributary_model::document::LookupDocument;
use tributary_model::rows::{CsvFormat, RowFormat, RowPosition};

const CANARY: &str = "DE123CANARY";

fn worker(document: Value, format: &RowFormat) -> Worker {
    let document = serde_json::from_value(document).unwrap();
    let table: LookupDocument = serde_json::from_value(json!({
        "name": "rates", "key": ["name", "vat"], "rows": [{"name": "a", "vat": "b", "rate": "7"}]
    }))
    .unwrap();
    let lookups = BTreeMap::from([("rates".to_owned(), table)]);
    let params = BTreeMap::new();
    let plan = compile(&document, &Environment::new(&lookups, &params)).unwrap();
    plan.worker(format).unwrap()
}

fn explained(worker: &mut Worker, rows: &[String]) -> Explanation {
    let rows: Vec<Row<'_>> = rows
        .iter()
        .zip(1..)
        .map(|(text, line)| Row {
            position: RowPosition { line, offset: 0 },
            bytes: text.as_bytes(),
        })
        .collect();
    worker.explain(&rows)
}

/// All that a person gets to see of a record but the target document, and how many issues.
fn shown(worker: &mut Worker, rows: &[String]) -> (String, usize) {
    let explanation = explained(worker, rows);
    let issues = explanation.issues.len();
    let told = Explanation {
        output: None,
        ..explanation
    };
    (serde_json::to_string(&told).unwrap(), issues)
}

/// One field besides the sensitive one, which reads `$.person.vat`.
fn with_reader(reader: &Value) -> Value {
    json!({"version": 1, "name": "s", "source": {"format": "json", "key": ["$.key"]},
        "lookups": {"rates": {"table": "rates", "value": "rate"}},
        "fields": [
            {"id": "secret", "to": "secret", "type": "string", "from": "$.person.vat", "null": "omit", "sensitive": true},
            reader]})
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

/// What an argument, a key or a formula over each element reads counts like what a field reads itself.
#[test]
fn no_argument_shows_it() {
    let prefix = json!({"fn": "ensure_prefix", "text": {"from": "$.person.vat"}});
    let calculated = json!({"fn": "ensure_prefix", "text": {"formula": "lower(src.person.vat)"}});
    let by_name = json!({"fn": "ensure_prefix", "text": {"formula": "secret"}});
    let to_int = json!({"fn": "to_int"});
    let readers = [
        json!({"id": "n", "to": "n", "type": "int", "from": "$.name", "do": [prefix, to_int]}),
        json!({"id": "n", "to": "n", "type": "int", "from": "$.name", "do": [calculated, to_int]}),
        json!({"id": "n", "to": "n", "type": "int", "from": "$.name", "do": [by_name, to_int]}),
        // nothing stands at the field's own place
        json!({"id": "n", "to": "n", "type": "int", "from": "$.nothing",
            "do": [{"fn": "default", "value": {"from": "$.person.vat"}}, to_int]}),
        json!({"id": "n", "to": "n", "type": "int", "const": "x", "do": [prefix, to_int]}),
        json!({"id": "n", "to": "n", "type": "int", "formula": "to_int(ensure_prefix(src.name, src.person.vat))"}),
        json!({"id": "n", "to": "n", "type": "int", "formula": "1 + to_int(upper(ensure_prefix(src.name, lower(src.person.vat))))"}),
        json!({"id": "n", "to": "n", "type": "string", "from": "$.name",
            "do": [{"fn": "lookup", "table": "rates", "with": ["$.person.vat"]}]}),
        json!({"id": "n", "to": "n", "type": "string", "formula": "lookup(src.name, 'rates', ['$.person.vat'])"}),
        json!({"id": "n", "to": "n", "type": "string", "from": "$.name", "when": "to_int(ensure_prefix(src.name, src.person.vat)) > 1"}),
        json!({"id": "n", "to": "n", "type": "int", "switch": [
            {"when": "to_int(ensure_prefix(src.name, src.person.vat)) > 1", "const": 1}, {"else": true, "const": 2}]}),
        json!({"id": "n", "to": "n", "type": "int", "switch": [{"else": true, "from": "$.name", "do": [prefix, to_int]}]}),
        json!({"id": "n", "to": "n", "type": "json", "formula": "map(src.names, to_int(ensure_prefix(it, src.person.vat)))"}),
        json!({"id": "n", "to": "n", "type": "json", "from": "$.names",
            "do": [{"fn": "map", "to": "map([it], to_int(ensure_prefix(it, src.person.vat)))"}]}),
        json!({"id": "n", "to": "n", "each": "$.groups", "as": "group", "fields": [
            {"id": "m", "to": "m", "each": "$.lines", "fields": [
                {"id": "x", "to": "x", "type": "int", "from": "$.no",
                    "do": [{"fn": "ensure_prefix", "text": {"formula": "row.person.vat"}}, to_int]}]}]}),
        json!({"id": "n", "to": "n", "each": "$.groups", "keep": "to_int(ensure_prefix(src.a, row.person.vat)) > 1", "fields": [
            {"id": "x", "to": "x", "type": "string", "from": "$.a"}]}),
        json!({"id": "n", "to": "n", "when": "to_int(ensure_prefix(src.name, src.person.vat)) > 1", "object": [
            {"id": "x", "to": "x", "type": "string", "from": "$.name"}]}),
    ];
    let row = format!(
        r#"{{"key": 1, "name": "-x", "names": ["-a"], "person": {{"vat": "{CANARY}"}}, "groups": [{{"a": "b", "lines": [{{"no": "x"}}]}}]}}"#
    );
    for reader in readers {
        let mut worker = worker(with_reader(&reader), &RowFormat::Ndjson);
        let (text, issues) = shown(&mut worker, std::slice::from_ref(&row));
        assert!(issues > 0, "{reader} has no fault to tell of");
        let canary = text.to_lowercase().contains(&CANARY.to_lowercase());
        assert!(!canary, "{reader} shows the value: {text}");
    }
}

/// A value that is made of a hidden one is hidden from what is made of it, and from the rules.
#[test]
fn what_is_made_of_it_does_not_show_it() {
    let copy = json!({"id": "copy", "to": "copy", "type": "string", "from": "$.person.vat", "do": [{"fn": "upper"}]});
    let helper = json!({"id": "copy", "to": null, "as": "copy", "type": "string", "formula": "concat('X', src.person.vat)"});
    let number = json!({"id": "n", "to": "n", "type": "int", "formula": "to_int(copy)"});
    let lines = json!({"id": "lines", "to": "lines", "each": "$.lines", "fields": [
        {"id": "x", "to": "x", "type": "string", "from": "$.no",
            "do": [{"fn": "ensure_prefix", "text": {"formula": "row.person.vat"}}]}]});
    let largest = json!({"id": "n", "to": "n", "type": "int", "formula": "to_int(max(lines.x))"});
    let rule = json!([{"id": "q", "on": "copy", "check": "copy == 'x'", "severity": "error"}]);
    let schema = json!([{"id": "q", "schema": {"properties": {"copy": {"maxLength": 3}}}, "severity": "error"}]);
    let unique = json!([{"id": "q", "unique": ["/lines/*/x"], "severity": "warn"}]);
    let below = json!([{"id": "q", "schema": {"properties": {"person": {"properties": {"vat": {"maxLength": 3}}}}}, "severity": "error"}]);
    let person = json!({"id": "person", "to": "person", "type": "json", "from": "$.person", "sensitive": true});
    let secret = json!({"id": "secret", "to": "secret", "type": "string", "from": "$.person.vat", "null": "omit", "sensitive": true});
    let cases = [
        (json!([person]), below),
        (json!([secret, copy, number]), json!([])),
        (json!([secret, helper, number]), json!([])),
        (json!([secret, lines, largest]), json!([])),
        (json!([secret, copy]), rule),
        (json!([secret, copy]), schema),
        (json!([secret, lines]), unique),
    ];
    let row = format!(
        r#"{{"key": 1, "person": {{"vat": "{CANARY}"}}, "lines": [{{"no": "-1"}}, {{"no": "-1"}}]}}"#
    );
    for (fields, quality) in cases {
        let document = json!({"version": 1, "name": "s", "source": {"format": "json", "key": ["$.key"]},
            "fields": fields, "quality": quality});
        let mut worker = worker(document.clone(), &RowFormat::Ndjson);
        let (text, issues) = shown(&mut worker, std::slice::from_ref(&row));
        assert!(issues > 0, "{document} has no fault to tell of");
        assert!(!text.contains(CANARY), "{document} shows the value: {text}");
    }
}

/// A helper value that a sensitive field is made of is as sensitive as the field.
#[test]
fn helpers_behind_it_do_not_show_it() {
    let document = json!({"version": 1, "name": "s", "source": {"format": "json", "key": ["$.key"]}, "fields": [
        {"id": "raw", "to": null, "as": "raw", "type": "string", "from": "$.vat"},
        {"id": "other", "to": "other", "type": "int", "from": "$.vat", "do": [{"fn": "to_int"}]},
        {"id": "secret", "to": "secret", "type": "string", "formula": "upper(raw)", "sensitive": true}]});
    let row = format!(r#"{{"key": 1, "vat": "{CANARY}"}}"#);
    let (text, issues) = shown(&mut worker(document, &RowFormat::Ndjson), &[row]);
    assert_eq!(issues, 1);
    assert!(!text.contains(CANARY), "{text}");
}

/// A message may quote what a sensitive text was read as: no sign of the text itself, and the value all the same.
#[test]
fn a_number_that_was_read_of_it_is_not_shown() {
    let document = json!({"version": 1, "name": "s", "source": {"format": "json", "locale": "de-DE", "key": ["$.key"]}, "fields": [
        {"id": "pay", "to": "pay", "type": "decimal(12,2)", "from": "$.pay", "sensitive": true,
            "do": [{"fn": "to_decimal"}, {"fn": "range", "max": 9999}]}]});
    let row = r#"{"key": 1, "pay": "65.432,10"}"#.to_owned();
    let (text, issues) = shown(&mut worker(document, &RowFormat::Ndjson), &[row]);
    assert_eq!(issues, 1);
    assert!(
        !text.contains("65432") && !text.contains("65.432"),
        "{text}"
    );
}

/// What has nothing to do with it is told as ever.
#[test]
fn what_reads_something_else_is_told() {
    let reader = json!({"id": "n", "to": "n", "type": "int", "from": "$.name",
        "do": [{"fn": "ensure_prefix", "text": {"from": "$.other"}}, {"fn": "to_int"}]});
    let row = r#"{"key": 1, "name": "Meier", "other": "Frau ", "person": {"vat": "x"}}"#.to_owned();
    let explanation = explained(
        &mut worker(with_reader(&reader), &RowFormat::Ndjson),
        &[row],
    );
    let issue = &explanation.issues[0];
    assert_eq!(issue.value.as_deref(), Some("Meier"));
    assert!(issue.message.contains("Frau Meier"), "{issue:?}");
    let steps = &explanation.fields[1].steps;
    assert!(steps[0].value.contains("Frau Meier"), "{steps:?}");
}

#[test]
fn combined_rows_do_not_show_it() {
    let document = json!({"version": 1, "name": "s", "source": {"format": "csv", "key": ["$.order"]},
        "rows": [{"id": "g", "op": "group", "as": "order", "by": ["$.order"], "members": "lines"}],
        "fields": [
            {"id": "secret", "to": "secret", "type": "string", "from": "$.vat", "sensitive": true},
            {"id": "all", "to": "all", "type": "string", "from": "$.name", "combine": "same",
                "do": [{"fn": "ensure_prefix", "text": {"from": "$.vat"}}]}]});
    let format = RowFormat::Csv(CsvFormat {
        delimiter: ';',
        quote: Some('"'),
        encoding: "utf-8".to_owned(),
        columns: vec!["order".to_owned(), "name".to_owned(), "vat".to_owned()],
    });
    let rows = [format!("1;a;{CANARY}"), format!("1;b;{CANARY}2")];
    let (text, issues) = shown(&mut worker(document, &format), &rows);
    assert_eq!(issues, 1);
    assert!(!text.contains(CANARY), "{text}");
}

/// A document whose fields are `secret` and the reader of its place, and a row with customers.
fn of_customers(secret: &Value, reader: &Value) -> (Worker, String) {
    let document = json!({"version": 1, "name": "s", "source": {"format": "json", "key": ["$.key"]},
        "fields": [secret, reader]});
    let customer =
        json!({"kind": "a", "vat": CANARY, "name": "Meier", "contacts": [{"vat": CANARY}]});
    let row = json!({"key": 1, "customers": [customer]}).to_string();
    (worker(document, &RowFormat::Ndjson), row)
}

fn each(array: &str, field: &Value) -> Value {
    let id = field["id"].as_str().unwrap();
    let name = format!("{id}_each");
    json!({"id": name, "to": name, "each": array, "fields": [field]})
}

/// The same place, written with an index, a query, or within a loop, is as sensitive.
#[test]
fn no_other_way_to_the_place_shows_it() {
    let secret = |path: &str| json!({"id": "secret", "to": "secret", "type": "json", "from": path, "sensitive": true});
    let number = |path: &str| json!({"id": "n", "to": "n", "type": "int", "from": path, "do": [{"fn": "to_int"}]});
    let secrets = [
        secret("$.customers[0].vat"),
        secret("$.customers[*].vat"),
        secret("$.customers[?@.kind == 'a'].vat"),
        secret("$..vat"),
        secret("$.customers"),
        each("$.customers", &secret("$.vat")),
        each("$.customers[*]", &secret("$['vat']")),
        each("$.customers[-1:]", &secret("$.vat")),
    ];
    let readers = [
        number("$.customers[0].vat"),
        number("$.customers[*].vat"),
        number("$.customers[0]"),
        each("$.customers", &number("$.vat")),
        each("$.customers[?@.name == 'Meier']", &number("$.vat")),
        json!({"id": "n", "to": "n", "type": "json", "formula": "map(src.customers, to_int(it.vat))"}),
    ];
    for secret in &secrets {
        for reader in &readers {
            let (mut worker, row) = of_customers(secret, reader);
            let (text, issues) = shown(&mut worker, &[row]);
            assert!(issues > 0, "{secret} {reader} has no fault to tell of");
            assert!(!text.contains(CANARY), "{secret} {reader}: {text}");
        }
    }
    let inner = each("$.customers", &each("$.contacts", &secret("$.vat")));
    let reader = number("$.customers[0].contacts[0].vat");
    let (mut worker, row) = of_customers(&inner, &reader);
    let (text, issues) = shown(&mut worker, &[row]);
    assert_eq!(issues, 1);
    assert!(!text.contains(CANARY), "{text}");
}

/// What stands beside the place is told as ever.
#[test]
fn places_beside_it_are_told() {
    let secret =
        json!({"id": "secret", "to": "secret", "type": "json", "from": "$.vat", "sensitive": true});
    let by_query = json!({"id": "secret", "to": "secret", "type": "json", "from": "$.customers[*].vat", "sensitive": true});
    let number = |path: &str| json!({"id": "n", "to": "n", "type": "int", "from": path, "do": [{"fn": "to_int"}]});
    for secret in [each("$.customers", &secret), by_query] {
        for reader in [
            number("$.customers[0].name"),
            each("$.customers", &number("$.name")),
        ] {
            let (mut worker, row) = of_customers(&secret, &reader);
            let explanation = explained(&mut worker, &[row]);
            let values: Vec<_> = explanation.issues.iter().map(|one| &one.value).collect();
            assert_eq!(values, [&Some("Meier".to_owned())], "{secret} {reader}");
        }
    }
}
