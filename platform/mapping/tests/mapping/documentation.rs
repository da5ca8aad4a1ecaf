//! The pages under `platform/docs/mapping` say what the code does.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tributary_mapping::document::{SCHEMA, SourceFormat};
use tributary_mapping::{Environment, check, parse};
use tributary_model::document::LookupDocument;

fn page(name: &str) -> String {
    std::fs::read_to_string(
        PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../docs/mapping")
            .join(name),
    )
    .unwrap()
}

#[test]
fn the_example_of_the_page_compiles_and_its_tests_run() {
    let text = page("guide.md");
    let example = text
        .split("```json\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let document = parse(example.as_bytes()).unwrap();
    assert_eq!(document.source.format, SourceFormat::Csv);
    let table: LookupDocument = serde_json::from_value(serde_json::json!({
        "name": "product-tax", "key": ["sku"], "rows": [{ "sku": "A", "tax_code": "P1" }]
    }))
    .unwrap();
    let lookups = BTreeMap::from([("product-tax".to_owned(), table)]);
    let params = BTreeMap::from([("company_code".to_owned(), serde_json::json!("ACME"))]);
    let environment = Environment::new(&lookups, &params);
    assert_eq!(check(&document, &environment), []);
}

#[test]
fn every_diagnostic_code_is_on_its_page_once() {
    let source = include_str!("../../src/diagnostic.rs");
    let page = page("diagnostics.md");
    let codes: Vec<&str> = source
        .split("&str = \"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(codes.len() > 25, "{codes:?}");
    for code in codes {
        assert_eq!(page.matches(&format!("`{code}`")).count(), 1, "{code}");
        assert_eq!(source.matches(&format!("\"{code}\"")).count(), 1, "{code}");
    }
}

#[test]
fn the_schema_is_one() {
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
    assert!(jsonschema::draft202012::meta::is_valid(&schema));
}

/// A document that survives the way through our types says the same: nothing is lost or renamed.
#[test]
fn types_and_schema_agree() {
    let text = page("guide.md");
    let example = text
        .split("```json\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let document = parse(example.as_bytes()).unwrap();
    let written = serde_json::to_vec(&document).unwrap();
    assert_eq!(parse(&written).unwrap(), document);
}
