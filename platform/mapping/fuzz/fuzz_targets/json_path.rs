//! Any query on any JSON: the first line is the query. Every normalized path that comes out must lead to
//! the same value again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tributary_mapping::path::select;

fuzz_target!(|text: &str| {
    let (query, json) = text.split_once('\n').unwrap_or((text, "[{\"a\":[1,{\"b\":null}]}]"));
    let Ok(found) = select(query, json) else {
        return;
    };
    for one in found.iter().take(8) {
        let again = select(&one.path, json).expect("a normalized path is a query");
        assert_eq!(again.as_slice(), std::slice::from_ref(one));
    }
});
