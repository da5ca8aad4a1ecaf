//! The story of a record: it agrees with what is written, tells every step, and what is sensitive is masked
//! wherever it is read.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tributary_mapping::document::{Combine, Exact};
use tributary_mapping::{Environment, ExplainedField, Explanation, Row, Verdict, compile, parse};
use tributary_model::rows::{RowFormat, RowPosition};

#[test]
fn a_sensitive_value_is_masked_also_where_other_fields_read_it() {
    let document = json!({
        "version": 1, "name": "x", "source": { "format": "json", "key": ["$.id"] },
        "fields": [
            { "id": "id", "to": "id", "type": "string", "from": "$.id" },
            { "id": "iban", "to": "iban", "type": "string", "from": "$.iban", "sensitive": true },
            { "id": "copied", "to": "known", "type": "bool", "formula": "iban != null" },
            { "id": "read", "to": "same", "type": "bool", "formula": "src.iban == src.id" }
        ]
    });
    let document = parse(document.to_string().as_bytes()).unwrap();
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let plan = compile(&document, &Environment::new(&lookups, &params)).unwrap();
    let mut worker = plan.worker(&RowFormat::Ndjson).unwrap();
    let story = worker.explain(&[Row {
        position: RowPosition {
            line: 7,
            offset: 90,
        },
        bytes: br#"{"id":"4711","iban":"DE02120300000000202051"}"#,
    }]);
    let fields = serde_json::to_string(&story.fields).unwrap();
    assert!(!fields.contains("DE02"), "{fields}");
    assert!(fields.contains("4711"), "{fields}");
    let read = story
        .fields
        .iter()
        .find(|field| field.node == "read")
        .unwrap();
    let masked: Vec<bool> = read
        .inputs
        .iter()
        .map(|input| input.value.as_deref() == Some("4711"))
        .collect();
    assert_eq!(masked, [false, true], "only what is sensitive: {read:?}");

    // what the API sends, the command line reads
    let text = serde_json::to_string(&story).unwrap();
    assert_eq!(serde_json::from_str::<Explanation>(&text).unwrap(), story);
}

/// The value at a pointer of a target document.
fn at<'a>(output: &'a Exact, pointer: &str) -> Option<&'a Exact> {
    let mut here = output;
    for part in pointer.split('/').skip(1) {
        let name = part.replace("~1", "/").replace("~0", "~");
        here = match here {
            Exact::Members(members) => &members.iter().find(|(known, _)| *known == name)?.1,
            Exact::List(values) => values.get(name.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(here)
}

/// The pointers of all values that hold no other.
fn leaves(value: &Exact, pointer: &str, found: &mut Vec<String>) {
    match value {
        Exact::Members(members) if !members.is_empty() => {
            for (name, value) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                leaves(value, &format!("{pointer}/{name}"), found);
            }
        }
        Exact::List(values) if !values.is_empty() => {
            for (place, value) in values.iter().enumerate() {
                leaves(value, &format!("{pointer}/{place}"), found);
            }
        }
        _ => found.push(pointer.to_owned()),
    }
}

/// What the story says of every field is what stands in the output, and all of the output has a story.
pub(crate) fn agrees(story: &Explanation) {
    let Some(output) = &story.output else { return };
    let output = Exact::parse(output).unwrap();
    let mut told: Vec<&str> = Vec::new();
    for field in &story.fields {
        let Some(written) = &field.written else {
            continue;
        };
        told.push(&field.target);
        let found = at(&output, &field.target);
        let found = found.unwrap_or_else(|| panic!("{} is not written: {field:?}", field.target));
        match Exact::parse(written) {
            Ok(written) => assert_eq!(*found, written, "{field:?}"),
            // masked, or too long to be shown
            Err(_) => assert!(
                written == "•••" || found.to_string().starts_with(written.trim_end_matches('…')),
                "{field:?}"
            ),
        }
    }
    for field in story.fields.iter().filter(|field| field.written.is_none()) {
        let other = told.contains(&field.target.as_str()) || field.target.is_empty();
        assert!(other || at(&output, &field.target).is_none(), "{field:?}");
    }
    let mut all = Vec::new();
    leaves(&output, "", &mut all);
    for leaf in all {
        let is_told = told.iter().any(|target| {
            let rest = leaf.strip_prefix(target);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        // an object or a loop without anything in it has no field that tells of it
        let empty = matches!(at(&output, &leaf), Some(Exact::Members(_) | Exact::List(_)));
        assert!(is_told || empty, "nothing tells of {leaf}: {story:?}");
    }
}

fn story(document: Value, rows: &[&str]) -> Explanation {
    let document = parse(document.to_string().as_bytes()).unwrap();
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let plan = compile(&document, &Environment::new(&lookups, &params)).unwrap();
    let mut worker = plan.worker(&RowFormat::Ndjson).unwrap();
    let rows: Vec<Row<'_>> = rows
        .iter()
        .zip(1..)
        .map(|(text, line)| Row {
            position: RowPosition { line, offset: 0 },
            bytes: text.as_bytes(),
        })
        .collect();
    let story = worker.explain(&rows);
    agrees(&story);
    story
}

fn field<'a>(story: &'a Explanation, node: &str) -> &'a ExplainedField {
    let mut fields = story.fields.iter();
    fields.find(|field| field.node == node).unwrap()
}

fn parts(field: &ExplainedField) -> Vec<String> {
    let parts = field.parts.iter();
    parts
        .map(|part| format!("{} = {}", part.text, part.value))
        .collect()
}

#[test]
fn a_formula_is_told_step_by_step_with_its_values() {
    let formula = |text: &str| json!({ "id": "out", "to": "out", "type": "json", "formula": text });
    let told = |text: &str| -> Vec<String> {
        let document = json!({
            "version": 1, "name": "x", "source": { "format": "json", "key": ["$.id"] },
            "fields": [
                { "id": "qty", "to": "qty", "type": "decimal", "from": "$.qty" },
                { "id": "price", "to": "price", "type": "decimal", "from": "$.price" },
                formula(text)
            ]
        });
        let row = r#"{"id":"a","qty":3,"price":19.99,"rebate":5,"kind":"RE"}"#;
        parts(field(&story(document, &[row]), "out"))
    };
    assert_eq!(
        told("round(qty * price * (100 - src.rebate) / 100, 2)"),
        [
            "3 * 19.99 * (100 - 5) / 100 = 56.9715",
            "round(56.9715, 2) = 56.97"
        ]
    );
    assert_eq!(
        told("src.kind == 'RE' ? 0 - qty : qty / (qty - 3)"),
        [
            "\"RE\" == \"RE\" = true",
            "0 - 3 = -3",
            "true ? -3 : … = -3"
        ]
    );
    // what is not looked at has no value, and cannot fail here
    assert_eq!(
        told("src.none != null and src.none > 3"),
        ["no value != no value = false", "false and … = false"]
    );
    assert_eq!(
        told("coalesce(src.none, qty + 1, qty / 0)"),
        ["3 + 1 = 4", "coalesce(no value, 4, …) = 4"]
    );
    // what only reads has no parts
    assert_eq!(told("qty"), [""; 0]);
}

#[test]
fn a_combined_value_tells_what_every_row_brings() {
    let document = json!({
        "version": 1, "name": "x", "source": { "format": "json" },
        "rows": [{ "id": "g", "op": "group", "as": "order", "by": ["$.id"], "members": "lines" }],
        "fields": [{ "id": "total", "to": "total", "type": "decimal", "from": "$.amount", "combine": "sum",
            "do": [{ "fn": "to_decimal" }] }]
    });
    let rows = [
        r#"{"id":"a","amount":"10"}"#,
        r#"{"id":"a","amount":"12.5"}"#,
        r#"{"id":"a","amount":"7.5"}"#,
    ];
    let good = story(document.clone(), &rows);
    let total = field(&good, "total");
    assert_eq!(
        (total.written.as_deref(), total.failed),
        (Some("30"), false)
    );
    let combined = total.combined.as_ref().unwrap();
    let told: Vec<(u64, &str, &str)> = combined
        .rows
        .iter()
        .map(|row| {
            (
                row.position.unwrap().line,
                row.input.as_deref().unwrap(),
                row.value.as_str(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [(1, "10", "10"), (2, "12.5", "12.5"), (3, "7.5", "7.5")]
    );
    assert_eq!((combined.rule, combined.more), (Combine::Sum, 0));
    // the row that fails is seen
    let bad = story(document, &[rows[0], r#"{"id":"a","amount":"1O"}"#]);
    let total = field(&bad, "total");
    assert!(total.failed && total.written.is_none(), "{total:?}");
    let failed: Vec<bool> = total
        .combined
        .as_ref()
        .unwrap()
        .rows
        .iter()
        .map(|row| row.failed)
        .collect();
    assert_eq!(failed, [false, true]);
}

#[test]
fn a_skipped_record_says_which_filter_left_out_its_rows() {
    let document = json!({
        "version": 1, "name": "x", "source": { "format": "json", "key": ["$.id"] },
        "rows": [
            { "id": "only_orders", "op": "filter", "keep": "src.kind == 'RE'" },
            { "id": "not_old", "op": "filter", "keep": "src.year > 2020" }
        ],
        "fields": [{ "id": "id", "to": "id", "type": "string", "from": "$.id" }]
    });
    let skipped = story(document.clone(), &[r#"{"id":"a","kind":"RE","year":2019}"#]);
    assert_eq!(skipped.verdict, Verdict::Skipped);
    let [row] = skipped.dropped.as_slice() else {
        panic!("{skipped:?}")
    };
    assert_eq!(
        (row.filter.as_str(), row.position.unwrap().line),
        ("not_old", 1)
    );
    assert_eq!(row.inputs[0].value.as_deref(), Some("2019"));
    let kept = story(document, &[r#"{"id":"a","kind":"RE","year":2021}"#]);
    assert_eq!(kept.dropped, []);
}

#[test]
fn what_depends_on_a_failed_value_says_so() {
    let document = json!({
        "version": 1, "name": "x", "source": { "format": "json", "key": ["$.id"] },
        "fields": [
            { "id": "qty", "to": "qty", "type": "int", "from": "$.qty", "do": [{ "fn": "to_int" }] },
            { "id": "twice", "to": "twice", "type": "int", "formula": "qty * 2", "null": "omit" },
            { "id": "saved", "to": "saved", "type": "int", "from": "$.qty", "do": [{ "fn": "to_int" }], "on_error": "null" },
            { "id": "lines", "to": "lines", "each": "$.lines", "fields": [
                { "id": "a", "to": "a", "type": "string", "from": "$.a" },
                { "id": "n", "to": "n", "type": "int", "from": "$.n", "do": [{ "fn": "to_int" }], "on_error": "drop_line" } ] }
        ]
    });
    let row = |qty: &str| {
        format!(
            r#"{{"id":"a","qty":"{qty}","lines":[{{"a":"x","n":"1"}},{{"a":"y","n":"zwei"}}]}}"#
        )
    };
    let bad = story(document.clone(), &[&row("x")]);
    let failed: Vec<(&str, bool)> = bad
        .fields
        .iter()
        .map(|field| (field.node.as_str(), field.failed))
        .collect();
    let expected = [
        ("qty", true),
        ("twice", true),
        ("saved", false),
        ("a", false),
        ("n", false),
        ("a", false),
        ("n", true),
    ];
    assert_eq!(failed, expected);
    let note = field(&bad, "twice").note.as_deref();
    assert_eq!(note, Some("needs a value that has failed"));
    // an element that is left out has written nothing
    let good = story(document, &[&row("1")]);
    let dropped: Vec<&ExplainedField> = good
        .fields
        .iter()
        .filter(|field| field.target == "/lines/1/a")
        .collect();
    assert_eq!(dropped.len(), 1);
    assert_eq!(dropped[0].written, None);
}

#[test]
fn warnings_are_told_once() {
    let document = json!({
        "version": 1, "name": "x", "source": { "format": "json", "key": ["$.id"] },
        "fields": [{ "id": "id", "to": "id", "type": "string", "from": "$.id", "do": [{ "fn": "truncate", "length": 2, "warn": true }] }]
    });
    let told = story(document, &[r#"{"id":"abcdef"}"#]);
    assert_eq!(told.issues.len(), 1, "{:?}", told.issues);
}
