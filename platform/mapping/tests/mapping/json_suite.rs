//! Our JSON reader against the JSONTestSuite: every text that must be accepted is, every one that must
//! be refused is, with an issue, and nothing panics. What we do where the suite leaves it open stands
//! on the page.

use std::collections::BTreeMap;

use tributary_mapping::path::select;
use tributary_mapping::{Document, Environment, Row, Worker, compile};
use tributary_model::rows::{RowFormat, RowPosition};

/// A worker that takes both ways through the reader: the whole value and its elements are kept, and
/// the member `part` is looked for by name.
fn worker(part: &str) -> Worker {
    let document: Document = serde_json::from_value(serde_json::json!({
        "version": 1, "name": "suite", "source": { "format": "json", "key": ["$.nothing"] },
        "fields": [
            { "id": "all", "to": "all", "type": "json", "from": "$" },
            { "id": "part", "to": "part", "type": "json", "from": part },
            { "id": "items", "to": "items", "each": "$", "fields": [{ "id": "item", "to": "item", "type": "json", "from": "$" }] } ]
    }))
    .unwrap();
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let environment = Environment::new(&lookups, &params);
    compile(&document, &environment)
        .unwrap()
        .worker(&RowFormat::Ndjson)
        .unwrap()
}

/// Whether a text is read, and if not the code of the record's issue.
fn read(worker: &mut Worker, bytes: &[u8]) -> Result<(), String> {
    let row = Row {
        position: RowPosition::default(),
        bytes,
    };
    let mut out = Vec::new();
    let outcome = worker.map(&[row], &mut out);
    let mut codes = outcome.issues.iter().map(|issue| issue.code.as_str());
    codes
        .find(|code| matches!(*code, "json_invalid" | "encoding_invalid"))
        .map_or(Ok(()), |code| Err(code.to_owned()))
}

#[test]
fn json_test_suite() {
    let Some(folder) = crate::suites::find("json-parsing/test_parsing") else {
        return;
    };
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let (mut elsewhere, mut by_name) = (worker("$.nowhere.b"), worker("$.a.b"));
    let (mut accepted, mut refused, mut wrong) = (0, 0, Vec::new());
    let (mut open, mut twice) = (Vec::new(), Vec::new());
    for path in files {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        let verdict = read(&mut elsewhere, &bytes);
        match (name.get(..2), &verdict) {
            (Some("y_"), Ok(())) => accepted += 1,
            (Some("n_"), Err(_)) => refused += 1,
            (Some("i_"), _) => {
                let done = verdict.clone().err().unwrap_or("accepted".to_owned());
                open.push(vec![name.clone(), done]);
            }
            _ => wrong.push(format!("{name}: {verdict:?}")),
        }
        if read(&mut by_name, &bytes) != verdict {
            twice.push(name.clone());
        }
        // the tree that queries work on reads the same texts
        let tree = std::str::from_utf8(&bytes).is_ok_and(|text| select("$", text).is_ok());
        if tree != verdict.is_ok() && !twice.contains(&name) {
            wrong.push(format!("{name}: as a tree {tree}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // JSON, but no record that reads the member
    assert_eq!(
        twice,
        [
            "y_object_duplicated_key",
            "y_object_duplicated_key_and_value"
        ]
    );
    let counts = [accepted, refused, open.len()];
    let page: Vec<String> = crate::suites::table("JSON parsing")
        .into_iter()
        .map(|row| row[1].clone())
        .collect();
    assert_eq!(page, counts.map(|count| count.to_string()));
    assert_eq!(counts, [95, 188, 35]);
    assert_eq!(
        crate::suites::table("JSON parsing: what is left open"),
        open,
        "{open:#?}"
    );
}
