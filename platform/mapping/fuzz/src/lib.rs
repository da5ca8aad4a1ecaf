//! What the fuzz targets have in common: plans of documents, and what must hold for every record
//! whatever its bytes are.
//!
//! Invariants: nothing here may fail for a reason that lies in the input; what fails is a fault of the
//! mapping crate. Deliberately absent: what the right output is. The tests of the crate compare it with
//! a reference.

use std::collections::BTreeMap;
use std::sync::Arc;

use tributary_mapping::{Diagnostic, Document, Environment, Plan, Row, Verdict, Worker, compile};
use tributary_model::rows::{CsvFormat, RowFormat, RowPosition};

/// Compiles a document without lookups of a tenant and without parameters.
///
/// # Errors
/// What the compiler found.
pub fn plan(document: &Document) -> Result<Arc<Plan>, Vec<Diagnostic>> {
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let environment = Environment::new(&lookups, &params);
    compile(document, &environment)
}

/// CSV with these columns and a semicolon between them.
#[must_use]
pub fn csv(columns: &[&str]) -> RowFormat {
    RowFormat::Csv(CsvFormat {
        delimiter: ';',
        quote: Some('"'),
        encoding: "utf-8".to_owned(),
        columns: columns.iter().map(|&name| name.to_owned()).collect(),
    })
}

/// The lines as rows.
#[must_use]
pub fn rows(bytes: &[u8]) -> Vec<Row<'_>> {
    let mut offset = 0;
    let mut rows = Vec::new();
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let position = RowPosition {
            line: number as u64 + 1,
            offset,
        };
        rows.push(Row {
            position,
            bytes: line,
        });
        offset += line.len() as u64 + 1;
    }
    rows
}

/// Maps one record with a worker that has seen others, with a fresh one, and explains it: all three must
/// say the same, and what is written must be one line of JSON.
pub fn map(worker: &mut Worker, fresh: &mut Worker, rows: &[Row<'_>]) {
    let mut out = Vec::new();
    let outcome = worker.map(rows, &mut out);
    let (verdict, key) = (outcome.verdict, outcome.key.to_owned());
    let (amounts, issues) = (outcome.amounts.to_vec(), outcome.issues.to_vec());
    let hash = outcome.content_hash(&out);

    let mut again = Vec::new();
    let second = fresh.map(rows, &mut again);
    assert_eq!(verdict, second.verdict);
    assert_eq!(key, second.key);
    assert_eq!(amounts, second.amounts);
    assert_eq!(issues, second.issues);
    assert_eq!(hash, second.content_hash(&again));
    assert_eq!(out, again);

    let told = fresh.explain(rows);
    assert_eq!(verdict, told.verdict);
    assert_eq!(key, told.key);
    assert_eq!(issues, told.issues);
    if verdict == Verdict::Mapped {
        assert_eq!(out.pop(), Some(b'\n'));
        assert!(!out.contains(&b'\n'));
        let value: serde_json::Value = serde_json::from_slice(&out).expect("the output is no JSON");
        assert!(value.is_object());
        assert_eq!(told.output.as_deref().map(str::as_bytes), Some(&out[..]));
    } else {
        assert!(out.is_empty() && told.output.is_none());
        assert!(verdict == Verdict::Skipped || !issues.is_empty());
    }
}
