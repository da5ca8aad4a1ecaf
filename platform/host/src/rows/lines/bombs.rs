//! Files that are meant to hurt, on the way that runs take: the CSV and NDJSON of
//! formats/tests/records/bombs, cut to pages here and read from them there. Each is told in a fault or a problem
//! with a code, in bounded memory and time, and the next file is read as if nothing had been.

use std::io::{Cursor, Read as _, Write as _};
use std::time::{Duration, Instant};

use tributary_formats::rows::RowReader;
use tributary_model::error_code::ErrorCode::{self, *};

use crate::rows::made::{self, Then, lazy, pieces};
use crate::rows::{ByteReader, open};

const GIGABYTE: u64 = 1 << 30;
const PLAIN: &str = r#"{"source":"f"}"#;

/// What a bomb came to.
#[derive(Debug, Default)]
struct Told {
    /// good rows
    rows: u64,
    /// each kind of fault once, then what ended the reading
    codes: Vec<ErrorCode>,
    message: String,
    complete: bool,
    last: Vec<u8>,
}

impl Told {
    fn note(&mut self, code: ErrorCode, message: &str) {
        assert!(!message.is_empty() && message.len() < 2_000, "{message}");
        if !self.codes.contains(&code) {
            self.codes.push(code);
            self.message += message;
        }
    }
}

/// Cuts a file to pages and reads them as a run does, keeping nothing.
async fn read(reader: ByteReader, format: &str, options: &str) -> Told {
    let mut told = Told::default();
    let mut rows = match open(reader, format, options) {
        Ok(rows) => rows,
        Err(problem) => {
            told.note(problem.code, &problem.detail);
            return told;
        }
    };
    loop {
        let page = match made::page(&mut rows).await {
            Ok(Some(page)) => page,
            Ok(None) => {
                told.complete = true;
                return told;
            }
            Err(problem) => {
                told.note(problem.code, &problem.detail);
                return told;
            }
        };
        let mut reader = RowReader::new(&page.format, page.first, &page.bytes);
        let mut count = 0;
        while let Some(item) = reader.next() {
            count += 1;
            match &item.fault {
                Some(fault) => told.note(fault.code, &fault.message),
                None => {
                    told.rows += 1;
                    told.last = item.raw.to_vec();
                }
            }
        }
        assert_eq!(count, page.rows, "the reader finds the rows that were cut");
    }
}

/// The same within 256 MB and 10 s; the next file is read as if nothing had been. The time is that of the
/// processor if that is less, since other tests run beside this one. The memory is the highest of the process:
/// under nextest that is this test alone.
async fn bounded(reader: ByteReader, format: &str, options: &str) -> Told {
    let (start, before) = (Instant::now(), processor_time());
    let told = read(reader, format, options).await;
    let elapsed = match (before, processor_time()) {
        (Some(before), Some(after)) => start.elapsed().min(after - before),
        _ => start.elapsed(),
    };
    assert!(elapsed < Duration::from_secs(10), "{elapsed:?}");
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let kilobytes = line.unwrap().split_whitespace().nth(1).unwrap();
        let kilobytes: u64 = kilobytes.parse().unwrap();
        assert!(kilobytes < 256 << 10, "{kilobytes} kB");
    }
    let next = read(pieces(b"a;b\n1;2\n", 3, Then::End), "csv", PLAIN).await;
    assert!(
        next.complete && next.rows == 1 && next.last == b"1;2",
        "the next file: {next:?}"
    );
    told
}

/// What this process has used, where the system tells: decoders have threads of their own.
fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, numbers) = text.rsplit_once(") ")?;
    let ticks = numbers.split(' ').skip(11).take(2).map(str::parse::<u64>);
    let ticks = ticks.sum::<Result<u64, _>>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}

async fn csv(reader: ByteReader, codes: &[ErrorCode]) -> Told {
    let told = bounded(reader, "csv", PLAIN).await;
    assert_eq!(told.codes, codes, "{told:?}");
    told
}

async fn ndjson(reader: ByteReader, codes: &[ErrorCode]) -> Told {
    let told = bounded(reader, "ndjson", PLAIN).await;
    assert_eq!(told.codes, codes, "{told:?}");
    told
}

#[tokio::test]
async fn one_line_of_a_gigabyte() {
    let told = csv(
        lazy(b"a;b\n1;2\n", b"x;", GIGABYTE, b"\n3;4\n"),
        &[RowTooLarge],
    )
    .await;
    assert!(
        told.complete && told.rows == 2 && told.last == b"3;4",
        "{told:?}"
    );
    let told = ndjson(lazy(b"1\n\"", b"x", GIGABYTE, b"\"\n3\n"), &[RowTooLarge]).await;
    assert!(
        told.complete && told.rows == 2 && told.last == b"3",
        "{told:?}"
    );
}

#[tokio::test]
async fn headers_that_hurt() {
    csv(lazy(b"a;", b"x;", GIGABYTE, b""), &[RowTooLarge]).await;
    let header: String = (0..1_000_000).map(|number| format!("c{number};")).collect();
    let told = csv(pieces(header.as_bytes(), 1 << 16, Then::End), &[CsvHeader]).await;
    assert!(told.message.contains("16384"), "{}", told.message);
}

#[tokio::test]
async fn quotes_that_are_never_closed() {
    let row = format!("x;{}\n", "x".repeat(125));
    let told = csv(
        lazy(b"a;b\n1;\"2\n", row.as_bytes(), 64 << 20, b"\n3;4\n"),
        &[RowTooLarge],
    )
    .await;
    assert!(
        told.message.contains("a quote that is not closed"),
        "{told:?}"
    );
    assert!(
        told.complete && told.rows > 300_000 && told.last == b"3;4",
        "{told:?}"
    );
    let line = format!("x;{}\n", "y".repeat(65_000));
    let told = csv(
        lazy(b"a;b\n1;\"2\n", line.as_bytes(), GIGABYTE, b"\n3;4\n"),
        &[RowTooLarge],
    )
    .await;
    assert!(told.complete && told.rows > 10_000, "{told:?}");
    let told = csv(lazy(b"a;b\n1;2\n\"", b"x;", GIGABYTE, b""), &[RowTooLarge]).await;
    assert!(told.complete && told.rows == 1, "{told:?}");
    let told = csv(lazy(b"a;b\n1;2\n", b"\"", GIGABYTE, b"\n"), &[RowTooLarge]).await;
    assert!(told.complete && told.rows == 1, "{told:?}");
}

#[tokio::test]
async fn rows_of_one_sign() {
    let told = csv(
        lazy(b"a;b\n1;2\n", b"\r", GIGABYTE, b"\n3;4\n"),
        &[RowTooLarge],
    )
    .await;
    assert!(told.complete && told.rows == 2, "{told:?}");
    let told = csv(lazy(b"a\n", b"\0", 100 << 20, b"\n2"), &[RowTooLarge]).await;
    assert!(told.complete && told.rows == 1, "{told:?}");
    let told = csv(lazy(b"a;b\n", b"\n", 100 << 20, b"1;2"), &[]).await;
    assert!(told.complete && told.rows == 1, "{told:?}");
    let told = csv(lazy(b"", b"\r\n\n", 100 << 20, b"a;b\n1;2"), &[]).await;
    assert!(told.complete && told.rows == 1, "{told:?}");
    let text = format!("a;b\n1;2\n{}\n3;4\n", "x;".repeat(1_000_000));
    let told = csv(pieces(text.as_bytes(), 1 << 16, Then::End), &[CsvColumns]).await;
    assert!(told.complete && told.rows == 2, "{told:?}");
}

#[tokio::test]
async fn a_file_of_nothing_but_rows_that_are_too_long() {
    let row = [&vec![b'x'; 9 << 20][..], b"\n"].concat();
    let told = csv(lazy(b"a\n1\n", &row, 256 << 20, b"2\n"), &[RowTooLarge]).await;
    assert!(told.complete && told.rows == 2, "{told:?}");
}

#[tokio::test]
async fn deep_json_on_one_line() {
    for (open, close, depth) in [("[", "]", 100_000), ("{\"a\":", "}", 1 << 20)] {
        let text = format!("1\n{}1{}\n2\n", open.repeat(depth), close.repeat(depth));
        let told = ndjson(pieces(text.as_bytes(), 1 << 16, Then::End), &[JsonInvalid]).await;
        assert!(told.complete && told.rows == 2, "{told:?}");
    }
}

#[tokio::test]
async fn strings_that_are_no_text() {
    for (row, code) in [
        (&b"\"\xC0\xAF\""[..], EncodingInvalid),
        (b"\"\xED\xA0\x80\"", EncodingInvalid),
        (b"\"\xF4\x90\x80\x80\"", EncodingInvalid),
        (b"\"\x01\"", JsonInvalid),
        (b"\"\\u00\"", JsonInvalid),
    ] {
        let text = [b"1\n", row, b"\n2\n"].concat();
        let told = ndjson(pieces(&text, 1, Then::End), &[code]).await;
        assert!(told.complete && told.rows == 2, "{told:?}");
    }
}

#[tokio::test]
async fn bytes_of_no_encoding() {
    for (encoding, row) in [
        ("utf-8", &b"1,\xC0\xAF"[..]),
        ("utf-8", b"1,\xED\xA0\x80\xED\xB0\x80"),
        ("utf-8", b"1,\xFF\xFE"),
        ("windows-1252", b"1,\x81"),
        ("shift_jis", b"1,\x81"),
        ("gb18030", b"1,\xFF\xFF\xFF\xFF"),
        ("euc-kr", b"1,\xFE\xFE"),
    ] {
        let options = format!(r#"{{"source":"f","encoding":"{encoding}"}}"#);
        let text = [b"a,b\n1,2\n", row, b"\n3,4\n"].concat();
        let told = bounded(pieces(&text, 2, Then::End), "csv", &options).await;
        assert_eq!(told.codes, [EncodingInvalid], "{encoding}: {told:?}");
        assert!(told.complete && told.rows == 2, "{encoding}: {told:?}");
    }
    for (encoding, code) in [
        ("utf-7", ConfigInvalid),
        ("utf-32", ConfigInvalid),
        ("", ConfigInvalid),
        ("replacement", EncodingInvalid),
        ("hz-gb-2312", EncodingInvalid),
    ] {
        let options = format!(r#"{{"source":"f","encoding":"{encoding}"}}"#);
        let told = bounded(pieces(b"a;b\n1;2\n", 2, Then::End), "csv", &options).await;
        assert_eq!(told.codes, [code], "{encoding}: {told:?}");
    }
}

#[tokio::test]
async fn utf_16_that_is_none() {
    let utf_16 = |text: &str| {
        let units = text.encode_utf16();
        units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>()
    };
    let options = r#"{"source":"f","encoding":"utf-16le"}"#;
    for damage in [&b"\x00\xD8x\0"[..], b"\x00\xDCx\0", b"x"] {
        let text = [&utf_16("a;b\n1;2\n")[..], damage].concat();
        let told = bounded(pieces(&text, 3, Then::End), "csv", options).await;
        assert_eq!(told.codes, [EncodingInvalid], "{damage:?}: {told:?}");
        assert!(!told.complete && told.rows == 1, "{damage:?}: {told:?}");
    }
    let unmarked = utf_16("a;b\n1;2\n3;4\n");
    csv(pieces(&unmarked, 3, Then::End), &[CsvColumns]).await;
    let options = r#"{"source":"f","encoding":"utf-16be"}"#;
    let told = bounded(
        lazy(b"\0a\0\n", b"\0x", GIGABYTE, b"\0\n\0b"),
        "csv",
        options,
    )
    .await;
    assert_eq!(told.codes, [RowTooLarge], "{told:?}");
    assert!(told.complete && told.last == b"b", "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_grow() {
    let options = |compression: &str| {
        format!(r#"{{"source":"f","packed":{{"compression":"{compression}"}}}}"#)
    };
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    for filling in [b'\n', b'x'] {
        let bomb = gzip(&[&b"a;b\n1;2\n"[..], &vec![filling; 32 << 20]].concat()).repeat(16);
        let told = bounded(pieces(&bomb, 1 << 16, Then::End), "csv", &options("gzip")).await;
        assert_eq!(told.codes, [InputTooLarge], "{told:?}");
        assert!(
            told.message.contains("max_ratio") && !told.complete,
            "{told:?}"
        );
        assert_eq!(told.rows, 1, "what stands before is given");
    }
    let endless = std::io::repeat(b'\n').take(GIGABYTE);
    let packed = zstd::stream::encode_all(endless, 1).unwrap();
    let told = bounded(pieces(&packed, 1 << 16, Then::End), "csv", &options("zstd")).await;
    assert_eq!(told.codes, [InputTooLarge], "{told:?}");

    let nested = gzip(&gzip(b"a;b\n1;2\n"));
    let told = bounded(pieces(&nested, 100, Then::End), "ndjson", &options("gzip")).await;
    assert!(told.rows == 0 && !told.codes.is_empty(), "{told:?}");

    let mut encoder = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(27).unwrap();
    let rows = b"1;2\n".repeat(1 << 20);
    std::io::copy(&mut Cursor::new(rows), &mut encoder).unwrap();
    let wide = encoder.finish().unwrap();
    let told = bounded(pieces(&wide, 1 << 16, Then::End), "csv", &options("zstd")).await;
    assert_eq!(told.codes, [ArchiveInvalid], "{told:?}");
}
