//! Any text as a formula, and its value on two records.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tributary_mapping::Document;
use tributary_mapping_fuzz::{map, plan, rows};
use tributary_model::rows::RowFormat;

const RECORDS: &[u8] = br#"{"k":"1","a":12.50,"b":"x \u00e4","c":true,"d":null,"n":{"m":[1,"2",{"p":3e2}]},"l":[{"q":1,"p":"2.5"},{"q":-3}]}
{"k":"2","a":99999999999999999999999999999999999999,"b":"","c":"no","n":7,"l":[]}"#;

fuzz_target!(|formula: &str| {
    let document = serde_json::json!({
        "version": 1,
        "name": "formula",
        "source": { "format": "json", "key": ["$.k"], "locale": "en-US" },
        "params": { "rate": { "type": "decimal", "default": "0.19" } },
        "lookups": { "code": { "inline": { "x": "y" } } },
        "fields": [
            { "id": "one", "to": "one", "type": "json", "from": "$.a" },
            { "id": "two", "to": "two", "type": "json", "from": "$.b" },
            { "id": "lines", "to": "lines", "each": "$.l", "as": "line", "fields": [
                { "id": "q", "to": "q", "type": "json", "from": "$.q" },
                { "id": "p", "to": "p", "type": "json", "from": "$.p" } ] },
            { "id": "out", "to": "out", "type": "json", "formula": formula }
        ]
    });
    let document: Document = serde_json::from_value(document).expect("a document");
    let Ok(plan) = plan(&document) else {
        return;
    };
    let mut worker = plan.worker(&RowFormat::Ndjson).expect("a worker");
    for row in rows(RECORDS) {
        let mut fresh = plan.worker(&RowFormat::Ndjson).expect("a worker");
        map(&mut worker, &mut fresh, &[row]);
    }
});
