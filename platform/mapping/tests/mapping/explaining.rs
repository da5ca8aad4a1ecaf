//! The story of a record: what is sensitive is masked wherever it is read.

use std::collections::BTreeMap;

use serde_json::json;
use tributary_mapping::{Environment, Explanation, Row, compile, parse};
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
