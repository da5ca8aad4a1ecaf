//! Any bytes as delimited text; the first six choose all options, the size of the pieces and the limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tributary_formats::csv::{Fields, field_count};
use tributary_formats::records::{CsvOptions, Format, detect};
use tributary_formats_fuzz::{Choices, limits, read};
use tributary_model::rows::RowFormat;

const ENCODINGS: [Option<&str>; 9] = [
    None,
    Some("utf-8"),
    Some("windows-1252"),
    Some("utf-16le"),
    Some("utf-16be"),
    Some("shift_jis"),
    Some("koi8-r"),
    Some("gb18030"),
    Some("no such thing"),
];

fuzz_target!(|bytes: &[u8]| {
    let mut choices = Choices(bytes);
    let mut options = CsvOptions {
        delimiter: choices.of(&[
            None,
            Some(','),
            Some(';'),
            Some('\t'),
            Some('|'),
            Some('ä'),
            Some('"'),
        ]),
        quote: choices.of(&[Some('"'), None, Some('\''), Some('\n')]),
        encoding: choices.of(&ENCODINGS).map(str::to_owned),
        ..CsvOptions::default()
    };
    let (columns, size, limit) = (choices.byte(), choices.byte(), choices.byte());
    options.header = columns & 1 == 0;
    options.columns = (0..columns / 2 % 6)
        .map(|number| format!("c{number}"))
        .collect();
    let file = choices.rest();
    let _ = detect(None, file);
    let Ok(outcome) = read(Format::Csv(options.clone()), limits(limit), file, size) else {
        return;
    };
    // A record has as many fields as there are columns, as its reader counts them.
    let config = tributary_formats::records::Config {
        format: Format::Csv(options),
        limits: limits(limit),
    };
    let input = tributary_formats::records::Input::Stream(Box::new(file));
    let reader =
        tributary_formats::records::open(&config, input).expect("it could be opened before");
    let RowFormat::Csv(csv) = reader.format() else {
        panic!("delimited text is read as CSV");
    };
    let delimiter = u8::try_from(csv.delimiter).expect("delimiters are ASCII");
    let quote = csv
        .quote
        .map(|quote| u8::try_from(quote).expect("quotes are ASCII"));
    for (_, _, text) in outcome.items.iter().flatten() {
        let count = field_count(text.as_bytes(), delimiter, quote);
        assert_eq!(count, csv.columns.len());
        assert_eq!(
            Fields::new(text.as_bytes(), delimiter, quote).count(),
            count
        );
    }
});
