//! Any bytes as a mapping document: read, written in the one form, checked, compiled, and its own
//! tests run.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use tributary_mapping::document::canonical;
use tributary_mapping::{Environment, check, parse, run_tests};
use tributary_mapping_fuzz::plan;

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = parse(bytes) else {
        return;
    };
    let text = canonical(&document);
    let again = parse(text.as_bytes()).expect("the canonical text is no document");
    assert_eq!(again, document);
    assert_eq!(canonical(&again), text);

    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let environment = Environment::new(&lookups, &params);
    let diagnostics = check(&document, &environment);
    if plan(&document).is_ok() {
        assert!(diagnostics.iter().all(|found| !found.is_error()));
        let _reports = run_tests(&document, &environment);
    }
});
