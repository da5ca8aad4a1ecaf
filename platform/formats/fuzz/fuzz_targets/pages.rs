//! Any bytes as they go through the host: rows are found while bytes come, pages are cut, and the rows of
//! the pages are read again. Both sides must count the same rows, and no byte is lost.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tributary_formats::csv::Splitter;
use tributary_formats::rows::{RowDecoder, RowReader};
use tributary_formats_fuzz::Choices;
use tributary_model::rows::{CsvFormat, RowFormat, RowPosition};

fuzz_target!(|bytes: &[u8]| {
    let mut choices = Choices(bytes);
    let format = match choices.byte() % 5 {
        0 => csv(Some('"'), "utf-8"),
        1 => csv(None, "windows-1252"),
        2 => csv(Some('\''), "shift_jis"),
        3 => RowFormat::Json {
            records: choices.text(),
        },
        _ => RowFormat::Ndjson,
    };
    let piece = usize::from(choices.byte()).max(1);
    let file = choices.rest();
    let start = RowPosition { line: 1, offset: 0 };
    let whole = count(&format, start, file);
    let (delimiter, quote) = match &format {
        RowFormat::Csv(csv) => (b';', csv.quote.map(|quote| quote as u8)),
        RowFormat::Ndjson => (b'\n', None),
        RowFormat::Json { .. } => return,
    };
    let mut splitter = Splitter::new(delimiter, quote, start, 1 << 20);
    let (mut first, mut from, mut rows, mut seen) = (start, 0, 0, 0);
    for chunk in file.chunks(piece) {
        let found = splitter.feed(chunk).expect("no row is too long");
        seen += chunk.len();
        let until = from + usize::try_from(found.bytes).expect("it fits");
        assert!(until <= seen, "a page has only bytes that came");
        if found.count > 0 && seen.is_multiple_of(3) {
            rows += count(&format, first, &file[from..until]);
            assert_eq!(found.next.offset, until as u64);
            (first, from) = (found.next, until);
            splitter.cut();
        }
    }
    let last = splitter.unfinished();
    assert_eq!(
        from as u64 + last.bytes,
        file.len() as u64,
        "no byte is lost"
    );
    rows += count(&format, first, &file[from..]);
    assert_eq!(rows, whole, "pages have the rows of the whole");
});

fn csv(quote: Option<char>, encoding: &str) -> RowFormat {
    RowFormat::Csv(CsvFormat {
        delimiter: ';',
        quote,
        encoding: encoding.to_owned(),
        columns: vec!["a".to_owned(), "b".to_owned()],
    })
}

/// Rows of a page, faulty ones included; each good one is read again from its own bytes.
fn count(format: &RowFormat, first: RowPosition, page: &[u8]) -> u64 {
    let mut reader = RowReader::new(format, first, page);
    let mut decoder = RowDecoder::new(format);
    let mut rows = 0;
    while let Some(item) = reader.next() {
        rows += 1;
        if matches!(format, RowFormat::Json { .. }) {
            continue; // a fault may be the document's, not the row's
        }
        let again = decoder.decode(item.position, item.raw);
        assert_eq!(again.text, item.text);
        assert_eq!(again.fault.is_some(), item.fault.is_some());
    }
    rows
}
