//! The splitter, the reader and the `csv` crate see the same rows, however the bytes are cut.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use proptest::prelude::*;
use tributary_formats::csv::{Fields, Rows, Splitter};
use tributary_formats::rows::RowReader;
use tributary_model::error_code::ErrorCode;
use tributary_model::rows::{CsvFormat, RowFormat, RowPosition};

const START: RowPosition = RowPosition { line: 1, offset: 0 };

fn csv_format(columns: usize, encoding: &str) -> RowFormat {
    RowFormat::Csv(CsvFormat {
        delimiter: ';',
        quote: Some('"'),
        encoding: encoding.to_owned(),
        columns: (0..columns).map(|number| format!("c{number}")).collect(),
    })
}

struct Row {
    position: RowPosition,
    raw: Vec<u8>,
    text: Vec<u8>,
    code: Option<ErrorCode>,
}

fn read(format: &RowFormat, first: RowPosition, bytes: &[u8]) -> Vec<Row> {
    let mut reader = RowReader::new(format, first, bytes);
    let mut rows = Vec::new();
    while let Some(item) = reader.next() {
        rows.push(Row {
            position: item.position,
            raw: item.raw.to_vec(),
            text: item.text.to_vec(),
            code: item.fault.map(|fault| fault.code),
        });
    }
    rows
}

fn split(bytes: &[u8], chunk: usize) -> (Rows, bool) {
    let mut splitter = Splitter::new(b';', Some(b'"'), START, usize::MAX);
    for part in bytes.chunks(chunk.max(1)) {
        splitter.feed(part).unwrap();
    }
    let closed = splitter.finish().is_ok();
    let rows = if closed {
        splitter.finish().unwrap()
    } else {
        splitter.unfinished()
    };
    (rows, closed)
}

fn fields(raw: &[u8]) -> Vec<Vec<u8>> {
    Fields::new(raw, b';', Some(b'"'))
        .map(|field| field.to_vec())
        .collect()
}

fn by_the_csv_crate(bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(b';')
        .from_reader(bytes)
        .byte_records()
        .map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Any soup of the bytes that matter; no `\r`, which the two dialects treat differently alone.
    #[test]
    fn rows_and_fields_agree_with_the_csv_crate(soup in "[ab;\"\n]{0,40}") {
        let mut rows = read(&csv_format(1, "utf-8"), START, soup.as_bytes());
        let mut theirs = by_the_csv_crate(soup.as_bytes());
        // The csv crate takes an open quote silently; ours is a fault, so only the place is compared.
        if rows.last().is_some_and(|row| row.code == Some(ErrorCode::CsvQuote)) {
            rows.pop();
            prop_assert!(theirs.pop().is_some());
        }
        let ours: Vec<_> = rows.iter().map(|row| fields(&row.raw)).collect();
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn written_by_the_csv_crate_is_read_back(rows in prop::collection::vec(prop::collection::vec("[abü;\"\n\r ]{0,6}", 3), 0..6), crlf in any::<bool>()) {
        let terminator = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut writer = csv::WriterBuilder::new().delimiter(b';').terminator(terminator).from_writer(Vec::new());
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let ours = read(&csv_format(3, "utf-8"), START, &bytes);
        prop_assert!(ours.iter().all(|row| row.code.is_none()));
        let texts: Vec<Vec<String>> = ours.iter()
            .map(|row| fields(&row.raw).into_iter().map(|field| String::from_utf8(field).unwrap()).collect())
            .collect();
        prop_assert_eq!(texts, rows);
    }

    /// Chunks of any size, with marks and `\r`: counts, lengths and positions are the reader's.
    #[test]
    fn splitter_and_reader_agree(mark in 0_usize..5, soup in "[ab;\"\n\r]{0,40}", chunk in 1_usize..8) {
        let mut bytes = b"\xEF\xBB\xBF".get(..mark).unwrap_or(b"").to_vec();
        bytes.extend(soup.as_bytes());
        let (rows, closed) = split(&bytes, chunk);
        let ours = read(&csv_format(1, "utf-8"), START, &bytes);
        prop_assert_eq!(rows.count, ours.len() as u64);
        prop_assert_eq!(rows.bytes, bytes.len() as u64);
        prop_assert_eq!(rows.next.offset, bytes.len() as u64);
        prop_assert_eq!(rows.next.line, 1 + bytes.iter().filter(|byte| **byte == b'\n').count() as u64);
        let quote_fault = ours.last().is_some_and(|row| row.code == Some(ErrorCode::CsvQuote));
        prop_assert_eq!(closed, !quote_fault);
        for row in &ours {
            let at = usize::try_from(row.position.offset).unwrap();
            prop_assert_eq!(&bytes[at..at + row.raw.len()], row.raw.as_slice());
        }
    }

    /// A page cut where the splitter says reads as the same rows as the file in one piece.
    #[test]
    fn pages_read_as_the_whole(soup in "[ab;\"\n\r]{0,60}", chunk in 1_usize..9, per_page in 1_u64..4) {
        let bytes = soup.as_bytes();
        let format = csv_format(1, "utf-8");
        let whole = read(&format, START, bytes);
        let mut splitter = Splitter::new(b';', Some(b'"'), START, usize::MAX);
        let mut pending: Vec<u8> = Vec::new();
        let mut first = START;
        let mut paged = Vec::new();
        for part in bytes.chunks(chunk) {
            let mut part = part;
            while !part.is_empty() {
                let (rows, used) = splitter.feed_rows(part, per_page).unwrap();
                pending.extend(&part[..used]);
                part = &part[used..];
                if rows.count >= per_page {
                    let page: Vec<u8> = pending.drain(..usize::try_from(rows.bytes).unwrap()).collect();
                    prop_assert_eq!(read(&format, first, &page).len() as u64, rows.count);
                    paged.extend(read(&format, first, &page));
                    first = rows.next;
                    splitter.cut();
                }
            }
        }
        let rest = splitter.unfinished();
        prop_assert_eq!(rest.bytes, pending.len() as u64);
        paged.extend(read(&format, first, &pending));
        prop_assert_eq!(paged.len(), whole.len());
        for (ours, theirs) in paged.iter().zip(&whole) {
            prop_assert_eq!(ours.position, theirs.position);
            prop_assert_eq!(&ours.raw, &theirs.raw);
        }
    }

    #[test]
    fn noise_never_panics(noise in prop::collection::vec(any::<u8>(), 0..200), label in prop::sample::select(vec!["utf-8", "windows-1252", "shift_jis", "gb18030", "nonsense"])) {
        read(&csv_format(2, label), START, &noise);
        read(&RowFormat::Ndjson, START, &noise);
        read(&RowFormat::Json { records: "/a".to_owned() }, START, &noise);
    }
}

#[test]
fn faults_stay_on_their_row() {
    let bytes = b"1;Stra\xDFe\r\n2;bad \x81\r\n3\r\n4;a;b\r\n\r\n5;\"two\r\nlines\"\r\n6;\xE4\r\n7;\"open\r\n8;x\r\n";
    let rows = read(
        &csv_format(2, "windows-1252"),
        RowPosition {
            line: 2,
            offset: 100,
        },
        bytes,
    );
    let seen: Vec<_> = rows
        .iter()
        .map(|row| (row.position.line, row.code))
        .collect();
    let expected = [
        (2, None),
        (3, Some(ErrorCode::EncodingInvalid)),
        (4, Some(ErrorCode::CsvColumns)),
        (5, Some(ErrorCode::CsvColumns)),
        (7, None),
        (9, None),
        (10, Some(ErrorCode::CsvQuote)),
    ];
    assert_eq!(seen, expected);
    assert_eq!(rows[0].text, "1;Straße".as_bytes());
    assert_eq!(rows[0].raw, b"1;Stra\xDFe");
    assert_eq!(rows[1].text, "2;bad \u{FFFD}".as_bytes());
    assert_eq!(rows[1].position.offset, 110);
    assert_eq!(rows[5].text, "6;ä".as_bytes());
}

#[test]
fn fault_messages_name_place_and_value() {
    let format = csv_format(2, "windows-1252");
    let mut reader = RowReader::new(&format, START, b"10;a\x81b\n10\n");
    let fault = reader.next().unwrap().fault.unwrap();
    assert_eq!(
        fault.message,
        "byte 0x81 at byte 5 of the row is not valid windows-1252"
    );
    assert_eq!(fault.value, "10;a\u{FFFD}b");
    let fault = reader.next().unwrap().fault.unwrap();
    assert_eq!(fault.message, "1 fields, but 2 columns");
    assert_eq!((fault.position.line, fault.value.as_str()), (2, "10"));
    assert!(reader.next().is_none());
}

#[test]
fn json_rows_have_numbers_and_offsets() {
    let body = br#"{"orders":[{"id":1}, {"id":2},{"id":}],"next":null}"#;
    let format = RowFormat::Json {
        records: "/orders".to_owned(),
    };
    let first = RowPosition {
        line: 201,
        offset: 5000,
    };
    let rows = read(&format, first, body);
    let seen: Vec<_> = rows
        .iter()
        .map(|row| (row.position.line, row.position.offset, row.code))
        .collect();
    assert_eq!(seen[..2], [(201, 5011, None), (202, 5021, None)]);
    assert_eq!((seen[2].0, seen[2].2), (203, Some(ErrorCode::JsonInvalid)));
    assert_eq!(rows[1].raw, br#"{"id":2}"#);
    assert!(
        body.ends_with(&rows[2].raw),
        "the rest of the bytes is kept"
    );
}

#[test]
fn ndjson_lines_are_checked_one_by_one() {
    let rows = read(
        &RowFormat::Ndjson,
        START,
        b"{\"a\":1}\r\n\n{\"a\":}\n{\"a\":\"\xFF\"}\n[2]",
    );
    let seen: Vec<_> = rows
        .iter()
        .map(|row| (row.position.line, row.code))
        .collect();
    let expected = [
        (1, None),
        (3, Some(ErrorCode::JsonInvalid)),
        (4, Some(ErrorCode::EncodingInvalid)),
        (5, None),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn a_row_beyond_the_limit_is_an_error_and_names_the_likely_cause() {
    let mut splitter = Splitter::new(b';', Some(b'"'), START, 50);
    assert_eq!(splitter.feed(b"a;b\n1;\"open\n").unwrap().count, 1);
    let fault = splitter.feed(&[b'x'; 60]).unwrap_err();
    assert_eq!(
        (fault.code, fault.position.line),
        (ErrorCode::RowTooLarge, 2)
    );
    assert!(fault.message.contains("not closed"), "{}", fault.message);
}

/// Not a timed test: prints the figures of this machine, run it with `--release --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn speed() {
    let line = b"2026-004711;10;03.10.2026;K-100234;M\xFCller & S\xF6hne GmbH;Hauptstra\xDFe 12;80331;M\xFCnchen;DE;A-2231;Schraube M8 verzinkt;12;1.234,50;0;V19;EUR;offen\r\n";
    let bytes: Vec<u8> = line.repeat(100 << 20 >> 7);
    #[expect(clippy::cast_precision_loss, reason = "a figure to print")]
    let rate = |start: std::time::Instant| bytes.len() as f64 / 1e6 / start.elapsed().as_secs_f64();
    let start = std::time::Instant::now();
    let mut splitter = Splitter::new(b';', Some(b'"'), START, 1 << 20);
    for chunk in bytes.chunks(256 << 10) {
        splitter.feed(chunk).unwrap();
    }
    println!("split: {:.0} MB/s", rate(start));
    let text = tributary_formats::encoding::Decoding::for_label("windows-1252")
        .unwrap()
        .decode_lossy(&bytes);
    for (encoding, bytes) in [("windows-1252", &bytes), ("utf-8", &text)] {
        let format = csv_format(17, encoding);
        let start = std::time::Instant::now();
        let mut reader = RowReader::new(&format, START, bytes);
        let mut good = 0_u64;
        while let Some(item) = reader.next() {
            good += u64::from(item.fault.is_none());
        }
        println!("read {encoding}: {:.0} MB/s, {good} good rows", rate(start));
    }
    let body = [b"[".as_slice(), &br#"{"id":"SO-1","total":"12.50","lines":[{"n":1,"qty":2,"price":"6.25"}],"name":"Acme"},"#.repeat(1_000_000), b"1]"].concat();
    let start = std::time::Instant::now();
    let count = tributary_formats::json::records(&body, "").count();
    #[expect(clippy::cast_precision_loss, reason = "a figure to print")]
    let speed = body.len() as f64 / 1e6 / start.elapsed().as_secs_f64();
    println!("json records: {speed:.0} MB/s, {count} records");
}
