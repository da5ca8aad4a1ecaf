//! Any bytes as a JSON document or as lines of JSON; the first bytes choose which, and where the array is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tributary_formats::json;
use tributary_formats::records::{Format, detect};
use tributary_formats_fuzz::{Choices, check_json, limits, read};

fuzz_target!(|bytes: &[u8]| {
    let mut choices = Choices(bytes);
    let (kind, size, limit) = (choices.byte(), choices.byte(), choices.byte());
    let records = match kind % 5 {
        0 | 1 => String::new(),
        2 => "/a".to_owned(),
        3 => "/a/1/b~0~1".to_owned(),
        _ => choices.text(),
    };
    let file = choices.rest();
    let _ = detect(None, file);
    let format = match kind % 5 {
        0 => Format::Ndjson,
        _ => Format::Json {
            records: records.clone(),
        },
    };
    if let Ok(outcome) = read(format, limits(limit), file, size) {
        check_json(&outcome, false);
    }
    // The reader of documents that are in memory: ranges lie in the document, one behind the other.
    let mut last = 0;
    for range in json::records(file, &records) {
        let Ok(range) = range else { break };
        assert!(last <= range.start && range.start < range.end && range.end <= file.len());
        last = range.end;
        let _ = json::probe(&file[range], "/a");
    }
    let _ = json::probe(file, &records);
});
