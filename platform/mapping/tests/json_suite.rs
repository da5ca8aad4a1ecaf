//! Our JSON reader against the JSONTestSuite, where it is there: what must be accepted is, what must be
//! refused is, and nothing panics. Where the suite leaves it open, so do we.
#![expect(
    clippy::disallowed_methods,
    reason = "the suite's place comes from the environment"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use tributary_mapping::{Document, Environment, Row, compile};
use tributary_model::rows::{RowFormat, RowPosition};

#[test]
fn json_test_suite() {
    let suites = std::env::var("TRIBUTARY_SUITES").map_or_else(
        |_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/suites"),
        PathBuf::from,
    );
    let Ok(files) = std::fs::read_dir(suites.join("json-parsing/test_parsing")) else {
        eprintln!("skipped: no suite");
        return;
    };
    // the whole value is wanted once and a part of it once, so that both ways through the reader are taken
    let document: Document = serde_json::from_value(serde_json::json!({
        "version": 1, "name": "suite", "source": { "format": "json", "key": ["$.nothing"] },
        "fields": [
            { "id": "all", "to": "all", "type": "json", "from": "$" },
            { "id": "part", "to": "part", "type": "json", "from": "$.a.b" },
            { "id": "items", "to": "items", "each": "$", "fields": [{ "id": "item", "to": "item", "type": "json", "from": "$" }] } ]
    }))
    .unwrap();
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let environment = Environment {
        lookups: &lookups,
        params: &params,
        source_columns: None,
    };
    let mut worker = compile(&document, &environment)
        .unwrap()
        .worker(&RowFormat::Ndjson)
        .unwrap();
    let (mut accepted, mut refused, mut wrong) = (0, 0, Vec::new());
    for file in files {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        let row = Row {
            position: RowPosition::default(),
            bytes: &bytes,
        };
        let mut out = Vec::new();
        let outcome = worker.map(&[row], &mut out);
        let codes: Vec<&str> = outcome
            .issues
            .iter()
            .map(|issue| issue.code.as_str())
            .collect();
        let readable = !codes
            .iter()
            .any(|code| matches!(*code, "json_invalid" | "encoding_invalid"));
        // a member twice is JSON, but not a record; the suite's two such files read none of ours
        match name.get(..2) {
            Some("y_") if readable => accepted += 1,
            Some("n_") if !readable => refused += 1,
            Some("i_") => {}
            _ => wrong.push(format!("{name}: {codes:?}")),
        }
    }
    assert!(
        accepted > 90 && refused > 180,
        "{accepted} accepted, {refused} refused"
    );
    let tolerated = [
        "y_object_duplicated_key.json",
        "y_object_duplicated_key_and_value.json",
    ];
    wrong.retain(|line| !tolerated.iter().any(|name| line.starts_with(name)));
    assert!(wrong.is_empty(), "{wrong:#?}");
}
