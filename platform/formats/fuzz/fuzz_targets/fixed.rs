//! Any bytes as lines of fixed width; the first bytes make up to four columns and choose the rest.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tributary_formats::fixed::{Column, FixedOptions, ShortLine, Trim};
use tributary_formats::records::Format;
use tributary_formats_fuzz::{Choices, check_json, limits, read};

fuzz_target!(|bytes: &[u8]| {
    let mut choices = Choices(bytes);
    let columns = (0..choices.byte() % 5)
        .map(|number| Column {
            name: format!("c{}", number % 4),
            start: usize::from(choices.byte()),
            width: usize::from(choices.byte()),
        })
        .collect();
    let options = FixedOptions {
        columns,
        trim: choices.of(&[Trim::Both, Trim::Left, Trim::Right, Trim::None]),
        short_line: choices.of(&[ShortLine::Absent, ShortLine::Fault]),
        encoding: choices
            .of(&[
                None,
                Some("utf-8"),
                Some("windows-1252"),
                Some("utf-16le"),
                Some("big5"),
            ])
            .map(str::to_owned),
        skip_lines: u32::from(choices.byte() % 3),
    };
    let (size, limit) = (choices.byte(), choices.byte());
    if let Ok(outcome) = read(Format::Fixed(options), limits(limit), choices.rest(), size) {
        check_json(&outcome, true);
    }
});
