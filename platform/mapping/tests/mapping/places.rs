//! Issues and explanations say where in its row a value stands: the bytes there are the value.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tributary_mapping::{Environment, Explanation, Row, compile, parse};
use tributary_model::rows::{CsvFormat, RowFormat, RowPosition, ValuePlace};

fn story(document: Value, format: &RowFormat, rows: &[&str]) -> Explanation {
    let document = parse(document.to_string().as_bytes()).unwrap();
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let plan = compile(&document, &Environment::new(&lookups, &params)).unwrap();
    let rows: Vec<Row<'_>> = rows
        .iter()
        .zip(1..)
        .map(|(text, line)| Row {
            position: RowPosition {
                line,
                offset: line * 100,
            },
            bytes: text.as_bytes(),
        })
        .collect();
    plan.worker(format).unwrap().explain(&rows)
}

/// What stands at a place.
fn at<'r>(row: &'r str, place: Option<&ValuePlace>) -> Option<&'r str> {
    let (from, to) = place?.bytes?;
    row.get(usize::try_from(from).unwrap()..usize::try_from(to).unwrap())
}

fn csv(columns: &[&str]) -> RowFormat {
    RowFormat::Csv(CsvFormat {
        delimiter: ';',
        quote: Some('"'),
        encoding: "utf-8".to_owned(),
        columns: columns.iter().map(|name| (*name).to_owned()).collect(),
    })
}

#[test]
fn a_value_of_a_json_row_is_found() {
    let document = json!({"version": 1, "name": "s", "source": {"format": "json", "key": ["$.id"]}, "fields": [
        {"id": "text", "to": "text", "type": "int", "from": "$['größe']", "do": [{"fn": "to_int"}]},
        {"id": "escaped", "to": "escaped", "type": "int", "from": "$.escaped", "do": [{"fn": "to_int"}]},
        {"id": "bool", "to": "bool", "type": "int", "from": "$.deep.flag", "do": [{"fn": "to_int"}]},
        {"id": "number", "to": "number", "type": "int", "from": "$.deep.number"},
        {"id": "object", "to": "object", "type": "int", "from": "$.deep", "do": [{"fn": "to_int"}]},
        {"id": "list", "to": "list", "type": "array(int)", "from": "$.items[*].qty"},
        {"id": "lines", "to": "lines", "each": "$.items", "fields": [
            {"id": "qty", "to": "qty", "type": "int", "from": "$.qty", "do": [{"fn": "to_int"}]}]},
        {"id": "some", "to": "some", "each": "$.items[?@.take == true]", "fields": [
            {"id": "taken", "to": "taken", "type": "int", "from": "$.qty", "do": [{"fn": "to_int"}]}]},
        {"id": "none", "to": "none", "type": "string", "from": "$.nothing", "required": true}]});
    let row = r#"{ "id":"ä", "größe":"zwölf" , "escaped":"a\u0062\"", "deep":{"flag" : true,"number":1.5},"items":[{"qty":"1"},{"qty":"zwei","take":true},{"qty":"d\u0072ei"}]}"#;
    let told = story(document, &RowFormat::Ndjson, &[row]);
    let found = |rule: &str| -> Vec<Option<&str>> {
        let issues = told.issues.iter();
        let of_rule = issues.filter(|issue| issue.rule.as_deref() == Some(rule));
        of_rule.map(|issue| at(row, issue.place.as_ref())).collect()
    };
    assert_eq!(found("text"), [Some("zwölf")]);
    assert_eq!(found("escaped"), [Some(r#"a\u0062\""#)]);
    assert_eq!(found("bool"), [Some("true")]);
    assert_eq!(found("number"), [Some("1.5")]);
    assert_eq!(found("object"), [Some(r#"{"flag" : true,"number":1.5}"#)]);
    assert_eq!(found("list").len(), 1);
    assert_eq!(found("qty"), [Some("zwei"), Some(r"d\u0072ei")]);
    assert_eq!(found("taken"), [Some("zwei")]);
    assert_eq!(found("none"), [None], "nothing is there");
    let text = serde_json::to_value(&told.issues[0]).unwrap();
    assert_eq!(text["at"], json!({"bytes": [24, 30]}), "{text}");
    // the story of a value says the same
    let inputs = told.fields.iter().flat_map(|field| &field.inputs);
    for input in inputs.filter(|input| input.value.is_some()) {
        let found = at(row, input.place.as_ref()).unwrap();
        let value = input.value.as_deref().unwrap();
        assert!(found == value || found.contains('\\'), "{input:?}");
    }
}

#[test]
fn a_value_of_a_csv_row_has_its_column() {
    let document = json!({"version": 1, "name": "s", "source": {"format": "csv", "key": ["$.id"]},
        "rows": [{"id": "g", "op": "group", "as": "order", "by": ["$.id"], "members": "lines"}],
        "fields": [
            {"id": "lines", "to": "lines", "each": "order.lines", "fields": [
                {"id": "qty", "to": "qty", "type": "int", "from": "$.Menge", "do": [{"fn": "to_int"}]},
                {"id": "note", "to": "note", "type": "string", "from": "$.note", "required": true}]},
            {"id": "total", "to": "total", "type": "int", "from": "$.Menge", "do": [{"fn": "to_int"}], "combine": "sum"}]});
    let rows = [r#"1;"x ""y""";3;"zwei""#, "1;;a;12", r#"1;größer;"b"c;3"#];
    let told = story(document, &csv(&["id", "note", "other", "Menge"]), &rows);
    let mut found = Vec::new();
    for issue in &told.issues {
        let place = issue.place.as_ref().unwrap();
        let row = rows[usize::try_from(issue.position.unwrap().line).unwrap() - 1];
        let column = (place.column.unwrap(), place.name.clone().unwrap());
        found.push((column.0, column.1, at(row, Some(place)).unwrap()));
    }
    let menge = |text| (4, "Menge".to_owned(), text);
    let expected = [menge("zwei"), (2, "note".to_owned(), ""), menge("zwei")];
    assert_eq!(found, expected, "{:?}", told.issues);
    let text = serde_json::to_value(&told.issues[0]).unwrap();
    let place = json!({"bytes": [15, 19], "column": 4, "name": "Menge"});
    assert_eq!(text["at"], place);
    let shown = told.issues[0].place.as_ref().unwrap().to_string();
    assert_eq!(shown, "column 4 (Menge), bytes 15..19 of the row");
    let combined = told.fields.last().unwrap().combined.as_ref().unwrap();
    let places: Vec<_> = combined
        .rows
        .iter()
        .zip(rows)
        .map(|(row, text)| at(text, row.place.as_ref()))
        .collect();
    assert_eq!(places, [Some("zwei"), Some("12"), Some("3")]);
}

#[test]
fn of_a_sensitive_value_only_the_column_is_said() {
    let document = json!({"version": 1, "name": "s", "source": {"format": "csv", "key": ["$.id"]}, "fields": [
        {"id": "pay", "to": "pay", "type": "int", "from": "$.pay", "do": [{"fn": "to_int"}], "sensitive": true},
        {"id": "other", "to": "other", "type": "int", "from": "$.pay", "do": [{"fn": "to_int"}]}]});
    let told = story(document, &csv(&["id", "pay"]), &["1;secret"]);
    let only = ValuePlace {
        bytes: None,
        column: Some(2),
        name: Some("pay".to_owned()),
    };
    assert_eq!(told.issues.len(), 2);
    for issue in &told.issues {
        assert_eq!(issue.place.as_ref(), Some(&only), "{issue:?}");
    }
    for input in told.fields.iter().flat_map(|field| &field.inputs) {
        assert_eq!(input.place.as_ref(), Some(&only), "{input:?}");
    }
}
