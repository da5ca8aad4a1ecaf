//! Any bytes as XML; the first bytes choose the record path, namespaces, arrays and the encoding.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tributary_formats::records::Format;
use tributary_formats::xml::XmlOptions;
use tributary_formats_fuzz::{Choices, check_json, limits, read};

fuzz_target!(|bytes: &[u8]| {
    let mut choices = Choices(bytes);
    let path = choices.byte();
    let mut options = XmlOptions {
        record: match path % 6 {
            0 => "//a".to_owned(),
            1 => "/a/b".to_owned(),
            2 => "/*/*".to_owned(),
            3 => "//n:a".to_owned(),
            4 => "/a".to_owned(),
            _ => choices.text(),
        },
        arrays: Vec::new(),
        namespaces: std::collections::BTreeMap::new(),
        encoding: choices
            .of(&[
                None,
                None,
                Some("utf-16le"),
                Some("windows-1252"),
                Some("gb18030"),
            ])
            .map(str::to_owned),
    };
    let (more, size, limit) = (choices.byte(), choices.byte(), choices.byte());
    if more & 1 == 1 {
        options.arrays = vec!["b".to_owned(), "n:c".to_owned()];
    }
    if more & 2 == 2 || path % 6 == 3 {
        options
            .namespaces
            .insert("n".to_owned(), "urn:n".to_owned());
    }
    let Ok(outcome) = read(Format::Xml(options), limits(limit), choices.rest(), size) else {
        return;
    };
    check_json(&outcome, true);
    for (_, _, text) in outcome.items.iter().flatten() {
        let value: serde_json::Value = serde_json::from_str(text).expect("records are JSON");
        assert_eq!(value.to_string(), *text, "no key is there twice");
    }
});
