//! No public query without a case: reads the sources.

use std::fs;
use std::path::Path;

/// Names of `pub async fn` in the store's sources.
fn public_methods(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            public_methods(&path, found);
            continue;
        }
        for line in fs::read_to_string(&path).unwrap().lines() {
            if let Some(rest) = line.trim().strip_prefix("pub async fn ") {
                found.push(rest.split(['(', '<']).next().unwrap().to_owned());
            }
        }
    }
}

#[test]
fn every_method_has_a_contract_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut methods = Vec::new();
    public_methods(&root.join("src"), &mut methods);
    assert!(methods.len() > 40, "the search is broken: {methods:?}");
    let mut cases = String::new();
    for file in [
        "bed",
        "configuration",
        "consents",
        "doubt",
        "settle",
        "slow",
        "isolation",
        "held",
        "intake",
        "observed",
        "paused",
        "queue",
        "records",
        "reports",
        "room",
        "runs",
        "stops",
        "tokens",
    ] {
        cases += &fs::read_to_string(root.join(format!("tests/contract/{file}.rs"))).unwrap();
    }
    let missing: Vec<_> = methods
        .iter()
        // opening and closing is what the bed does
        .filter(|name| !cases.contains(&format!(".{name}(")) && *name != "open")
        .collect();
    assert!(missing.is_empty(), "methods without a case: {missing:?}");
}
