//! Files that are meant to hurt: each one is told in a fault, in bounded memory and time, and what
//! stands before it (and behind it, where that can be found) is read all the same.
//!
//! The large ones exist only while they are read.

mod columns;
mod packed;
mod sheets;
mod texts;

use std::fmt::Write as _;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::time::{Duration, Instant};

use tributary_formats::compression::{Archive, UnpackLimits};
use tributary_formats::fault::RowFault;
use tributary_formats::records::{Input, open};
use tributary_model::error_code::ErrorCode;

use super::compressed::{gzip, zipped};
use super::pieces::lazy;
use super::workbooks::workbook_around;
use super::{Outcome, config, drain, read_file, read_pieces};

const GIGABYTE: u64 = 1 << 30;

/// Runs `test` and holds it to 256 MB and 10 s; the next file is read as if nothing had been. The time is that of the processor, since other
/// tests run beside this one. The memory is the highest of the process: under nextest that is this
/// test alone, otherwise of all tests so far, which must hold too.
fn bounded<T>(test: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let before = processor_time();
    let result = test();
    let elapsed = match (before, processor_time()) {
        (Some(before), Some(after)) => after - before,
        _ => start.elapsed(),
    };
    assert!(elapsed < Duration::from_secs(10), "{elapsed:?}");
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let kilobytes = line.unwrap().split_whitespace().nth(1).unwrap();
        let kilobytes: u64 = kilobytes.parse().unwrap();
        assert!(kilobytes < 256 << 10, "{kilobytes} kB");
    }
    let next = read_pieces(&config(r#"{"kind":"csv"}"#), b"a;b\n1;2\n", 3).unwrap();
    assert!(next.complete && next.rows() == ["1;2"], "the next file");
    result
}

/// What a bomb came to, without its rows.
#[derive(Debug)]
struct Told {
    rows: u64,
    /// each kind once, in the order in which they came
    codes: Vec<ErrorCode>,
    message: String,
    complete: bool,
}

/// Reads to the end and keeps nothing but what is told.
fn told(options: &str, input: Input<'_>) -> Told {
    bounded(|| {
        let mut told = Told {
            rows: 0,
            codes: Vec::new(),
            message: String::new(),
            complete: false,
        };
        let mut note = |fault: RowFault| {
            assert!(!fault.message.is_empty() && fault.message.len() < 2_000);
            if !told.codes.contains(&fault.code) {
                told.codes.push(fault.code);
                told.message += &fault.message;
            }
        };
        let mut reader = match open(&config(options), input) {
            Ok(reader) => reader,
            Err(fault) => {
                note(fault);
                return told;
            }
        };
        loop {
            match reader.next_record() {
                Ok(Some(_)) => told.rows += 1,
                Ok(None) => break,
                Err(fault) => note(fault),
            }
        }
        told.complete = reader.complete();
        told
    })
}

/// A stream that must be told as `codes`.
fn stream(options: &str, stream: impl Read + Send, codes: &[ErrorCode]) -> Told {
    let told = told(options, Input::Stream(Box::new(stream)));
    assert_eq!(told.codes, codes, "{options}: {told:?}");
    told
}

/// A workbook that must be told as `codes`.
fn workbook(bytes: &[u8], codes: &[ErrorCode]) -> Told {
    let options = r#"{"kind":"xlsx","header_row":0}"#;
    let told = told(options, Input::File(Box::new(Cursor::new(bytes))));
    assert_eq!(told.codes, codes, "{told:?}");
    told
}

/// What this thread has used, where the system tells.
fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

fn streamed(options: &str, stream: impl Read + Send) -> Result<Outcome, RowFault> {
    bounded(|| {
        Ok(drain(&mut open(
            &config(options),
            Input::Stream(Box::new(stream)),
        )?))
    })
}

fn codes(outcome: &Outcome) -> Vec<ErrorCode> {
    outcome.faults().into_iter().map(|(code, _)| code).collect()
}

#[test]
fn one_line_of_a_gigabyte() {
    let csv = r#"{"kind":"csv"}"#;
    let outcome = streamed(csv, lazy(b"a;b\n1;2\n", b"x;", GIGABYTE, b"\n3;4\n")).unwrap();
    assert_eq!(outcome.rows(), ["1;2", "3;4"]);
    assert_eq!(codes(&outcome), [ErrorCode::RowTooLarge]);
    assert!(outcome.complete);
    let outcome = streamed(
        r#"{"kind":"ndjson"}"#,
        lazy(b"1\n\"", b"x", GIGABYTE, b"\"\n3\n"),
    )
    .unwrap();
    assert_eq!(outcome.rows(), ["1", "3"]);
    let fixed = r#"{"kind":"fixed","columns":[{"name":"a","start":1,"width":2}]}"#;
    let outcome = streamed(fixed, lazy(b"1\n", b"x", GIGABYTE, b"\n3\n")).unwrap();
    assert_eq!(outcome.rows(), [r#"{"a":"1"}"#, r#"{"a":"3"}"#]);
}

#[test]
fn a_header_line_of_a_gigabyte() {
    let fault = streamed(r#"{"kind":"csv"}"#, lazy(b"a;", b"x;", GIGABYTE, b"")).unwrap_err();
    assert_eq!(fault.code, ErrorCode::RowTooLarge);
}

#[test]
fn a_stray_quote_in_a_gigabyte_of_rows() {
    let row = format!("x;{}\n", "x".repeat(125));
    let rows = lazy(b"a;b\n1;\"2\n", row.as_bytes(), 64 << 20, b"3;4\n");
    let outcome = streamed(r#"{"kind":"csv"}"#, rows).unwrap();
    assert_eq!(codes(&outcome), [ErrorCode::RowTooLarge]);
    assert_eq!(
        outcome.rows().last(),
        Some(&"3;4"),
        "reading goes on behind the limit"
    );
    assert!(outcome.rows().len() > 300_000);
}

#[test]
fn one_json_string_of_a_gigabyte() {
    let json = r#"{"kind":"json"}"#;
    let outcome = streamed(json, lazy(b"[1,\"", b"x", GIGABYTE, b"\",3]")).unwrap();
    assert_eq!(outcome.rows(), ["1", "3"]);
    assert_eq!(codes(&outcome), [ErrorCode::RowTooLarge]);
    let skipped = r#"{"kind":"json","records":"/b"}"#;
    let outcome = streamed(
        skipped,
        lazy(b"{\"a\":[", b"[0],", 1 << 28, b"0],\"b\":[2]}"),
    )
    .unwrap();
    assert_eq!(outcome.rows(), ["2"]);
}

#[test]
fn deep_json() {
    let json = r#"{"kind":"json"}"#;
    let deep = format!("[1,{}{},3]", "[".repeat(10_000), "]".repeat(10_000));
    let outcome = bounded(|| read_pieces(&config(json), deep.as_bytes(), 1000).unwrap());
    assert_eq!(outcome.rows(), ["1", "3"]);
    assert_eq!(codes(&outcome), [ErrorCode::JsonInvalid]);
    let outcome = streamed(json, lazy(b"[", b"[{\"a\":", 100 << 20, b"")).unwrap();
    // The element, and then the document, which ends while it is open.
    assert_eq!(
        codes(&outcome),
        [ErrorCode::RowTooLarge, ErrorCode::JsonInvalid]
    );
    assert!(outcome.rows().is_empty() && !outcome.complete);
    let line = format!("1\n{}\n3\n", "[".repeat(100_000));
    let outcome =
        bounded(|| read_pieces(&config(r#"{"kind":"ndjson"}"#), line.as_bytes(), 1000).unwrap());
    assert_eq!(outcome.rows(), ["1", "3"]);
}

#[test]
fn xml_that_never_ends() {
    let xml = r#"{"kind":"xml","record":"/a/b"}"#;
    for (front, pattern, code) in [
        (&b"<a><b>1</b>"[..], &b"<a>"[..], ErrorCode::XmlInvalid),
        (b"<a><b>1</b><b x=\"", b"y", ErrorCode::RowTooLarge),
        (b"<a><b>1</b><b ", b"x='1' ", ErrorCode::RowTooLarge),
        (b"<a><b>1</b><b>", b"text ", ErrorCode::RowTooLarge),
        (b"<a><b>1</b><b><![CDATA[", b"text ", ErrorCode::RowTooLarge),
        (b"<a><b>1</b><!-- ", b"text ", ErrorCode::RowTooLarge),
        (b"<a><b>1</b><", b"name", ErrorCode::RowTooLarge),
        (b"<a><b>1</b>&", b"name", ErrorCode::RowTooLarge),
        (b"<a><b>1</b><?", b"name", ErrorCode::RowTooLarge),
        (b"<a><b>1</b><b><c/>", b"&amp;", ErrorCode::FileTruncated),
        (b"<a><b>1</b><b>", b"<c/>", ErrorCode::FileTruncated),
    ] {
        let length = if code == ErrorCode::FileTruncated {
            40 << 20
        } else {
            GIGABYTE
        };
        let outcome = streamed(xml, lazy(front, pattern, length, b"")).unwrap();
        let name = String::from_utf8_lossy(front).into_owned();
        assert_eq!(outcome.rows(), [r##"{"#text":"1"}"##], "{name}");
        assert_eq!(
            codes(&outcome).last(),
            Some(&code),
            "{name}: {:?}",
            outcome.faults()
        );
        assert!(!outcome.complete);
    }
    let fault = streamed(xml, lazy(b"", b"<!DOCTYPE x [", GIGABYTE, b"")).unwrap();
    assert_eq!(codes(&fault), [ErrorCode::RowTooLarge]);
}

#[test]
fn xml_records_that_cost_more_than_they_weigh() {
    let xml = r#"{"kind":"xml","record":"/a/b"}"#;
    let outcome = streamed(xml, lazy(b"<a><b>", b"<c/>", 15 << 20, b"</b><b>2</b></a>")).unwrap();
    assert_eq!(outcome.rows().len(), 2, "{:?}", outcome.faults());
    let mut names = String::from("<a><b>");
    for number in 0..100_000 {
        write!(names, "<c{number}/>").unwrap();
    }
    names.push_str("</b><b>2</b></a>");
    let outcome = bounded(|| read_pieces(&config(xml), names.as_bytes(), 10_000).unwrap());
    assert_eq!(outcome.rows(), [r##"{"#text":"2"}"##]);
    assert!(
        outcome.faults()[0].1.contains("4096"),
        "{:?}",
        outcome.faults()
    );
    let deep = format!(
        "{}{}{}",
        "<a>".repeat(60),
        "<b>x</b>".repeat(1 << 20),
        "</a>".repeat(60)
    );
    let outcome = bounded(|| {
        read_pieces(
            &config(r#"{"kind":"xml","record":"/a"}"#),
            deep.as_bytes(),
            1 << 20,
        )
        .unwrap()
    });
    assert_eq!(outcome.rows().len(), 1);
    let mut attributes = String::from("<a><b>1</b><b");
    for number in 0..300 {
        write!(attributes, " x{number}=''").unwrap();
    }
    attributes.push_str("/></a>");
    let outcome = read_pieces(&config(xml), attributes.as_bytes(), 1000).unwrap();
    assert!(
        outcome.faults()[0].1.contains("256 attributes"),
        "{:?}",
        outcome.faults()
    );
}

#[test]
fn many_references_in_one_attribute_are_fine() {
    let xml = format!("<a><b x=\"{}\"/></a>", "&amp;".repeat(100_000));
    let outcome = bounded(|| {
        read_pieces(
            &config(r#"{"kind":"xml","record":"/a/b"}"#),
            xml.as_bytes(),
            1000,
        )
        .unwrap()
    });
    assert_eq!(
        outcome.rows()[0].len(),
        100_000 + r#"{"@x":""}"#.len(),
        "{:?}",
        outcome.faults()
    );
}

#[test]
fn streams_that_grow() {
    let csv = r#"{"kind":"csv"}"#;
    let bomb = gzip(&[&b"a;b\n"[..], &vec![b'\n'; 64 << 20]].concat());
    let bomb = bomb.repeat(16);
    let outcome = streamed(csv, Cursor::new(bomb)).unwrap();
    assert_eq!(codes(&outcome), [ErrorCode::InputTooLarge]);
    assert!(
        outcome.faults()[0].1.contains("max_ratio"),
        "{:?}",
        outcome.faults()
    );
    assert!(!outcome.complete);

    let zeros = io::repeat(b'\n').take(GIGABYTE);
    let packed = bounded(|| zstd::stream::encode_all(zeros, 1).unwrap());
    assert!(packed.len() < 1 << 20);
    let fault = streamed(csv, Cursor::new(packed)).unwrap_err();
    assert_eq!(fault.code, ErrorCode::InputTooLarge);

    // Unpacked once, never again: what is inside is no text.
    let nested = gzip(&gzip(b"a;b\n1;2\n"));
    let outcome = read_pieces(&config(r#"{"kind":"ndjson"}"#), &nested, 100).unwrap();
    assert!(outcome.rows().is_empty() && !outcome.items.is_empty());
}

#[test]
fn a_zstd_window_of_128_megabytes() {
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(27).unwrap();
    io::copy(&mut lazy(b"a;b\n", b"1;2\n", 1 << 20, b""), &mut encoder).unwrap();
    let packed = encoder.finish().unwrap();
    let fault = streamed(r#"{"kind":"csv"}"#, Cursor::new(packed)).unwrap_err();
    assert_eq!(fault.code, ErrorCode::ArchiveInvalid, "{}", fault.message);
}

#[test]
fn workbooks_that_grow() {
    let row = "<row><c><v>1</v></c></row>";
    let spaces = format!("<worksheet><sheetData>{row}{}", " ".repeat(64 << 20));
    let bomb = workbook_around(&spaces, &[], false);
    assert!(bomb.len() < 1 << 20);
    let letters = r#"{"kind":"xlsx","header_row":0}"#;
    let fault = bounded(|| read_file(&config(letters), &bomb).unwrap_err());
    assert_eq!(fault.code, ErrorCode::InputTooLarge);
    assert!(fault.message.contains("max_ratio"), "{}", fault.message);

    let text = format!("<t>{}</t>", "x".repeat(32_767));
    let bomb = workbook_around("<a/>", &[text.as_str(); 3200], false);
    let mut options = config(letters);
    options.limits.unpack.max_ratio = 10_000;
    let fault = bounded(|| read_file(&options, &bomb).unwrap_err());
    assert_eq!(fault.code, ErrorCode::InputTooLarge);
    assert!(
        fault.message.contains("max_shared_text_bytes"),
        "{}",
        fault.message
    );
}

#[test]
fn a_row_of_16384_long_shared_texts() {
    let text = format!("<t>{}</t>", "x".repeat(32_767));
    let cells = "<c t=\"s\"><v>0</v></c>".repeat(16_384);
    let xml = format!(
        "<worksheet><sheetData><row>{cells}</row><row><c><v>1</v></c></row></sheetData></worksheet>"
    );
    let bomb = workbook_around(&xml, &[&text], false);
    let letters = r#"{"kind":"xlsx","header_row":0}"#;
    let outcome = bounded(|| read_file(&config(letters), &bomb).unwrap());
    assert_eq!(codes(&outcome), [ErrorCode::RowTooLarge]);
    assert_eq!(outcome.rows(), [r#"{"A":1}"#]);
}

#[test]
fn sparse_sheets_cost_what_is_there() {
    let xml = r#"<worksheet><dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>2</v></c></row><row r="1048576"><c r="XFD1048576"><v>3</v></c></row></sheetData></worksheet>"#;
    let letters = r#"{"kind":"xlsx","header_row":0}"#;
    let bytes = workbook_around(xml, &[], false);
    let start = Instant::now();
    let outcome = bounded(|| read_file(&config(letters), &bytes).unwrap());
    assert_eq!(outcome.rows(), [r#"{"A":1,"XFD":2}"#, r#"{"XFD":3}"#]);
    assert!(start.elapsed() < Duration::from_secs(1));
}

/// Zeros as far as one likes, without holding any.
#[derive(Debug)]
struct Zeros {
    length: u64,
    at: u64,
    back: Vec<u8>,
}

impl Read for Zeros {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let front = self.length - self.back.len() as u64;
        if self.at < front {
            let count = (front - self.at).min(room.len() as u64);
            room[..usize::try_from(count).unwrap()].fill(0);
            self.at += count;
            return Ok(usize::try_from(count).unwrap());
        }
        let mut rest = &self.back[usize::try_from(self.at - front)
            .unwrap()
            .min(self.back.len())..];
        let count = rest.read(room)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Zeros {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[test]
fn zip_directories_that_lie() {
    let zeros = Zeros {
        length: 100 * GIGABYTE,
        at: 0,
        back: Vec::new(),
    };
    let fault = bounded(|| Archive::open(zeros, UnpackLimits::default()).unwrap_err());
    assert!(
        matches!(
            fault.code,
            ErrorCode::InputTooLarge | ErrorCode::ArchiveInvalid
        ),
        "{}",
        fault.message
    );

    // Zip64: 2^40 members in a directory of 2^50 bytes, somewhere in 100 GB of nothing.
    for (members, size, start) in [
        (1_u64 << 40, 1_u64 << 50, 50 * GIGABYTE),
        (1 << 30, 90 * GIGABYTE, 9 * GIGABYTE),
        (u64::MAX, u64::MAX, u64::MAX),
        (1 << 24, 46 << 24, 50 * GIGABYTE),
    ] {
        let length = 100 * GIGABYTE;
        let mut back = b"PK\x06\x06".to_vec();
        back.extend(44_u64.to_le_bytes());
        back.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for number in [members, members, size, start] {
            back.extend(number.to_le_bytes());
        }
        back.extend(b"PK\x06\x07\0\0\0\0");
        back.extend((length - 56 - 20 - 22).to_le_bytes());
        back.extend(1_u32.to_le_bytes());
        back.extend(b"PK\x05\x06\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0");
        let file = Zeros {
            length,
            at: 0,
            back,
        };
        let fault = bounded(|| Archive::open(file, UnpackLimits::default()).unwrap_err());
        assert!(
            matches!(
                fault.code,
                ErrorCode::ArchiveInvalid | ErrorCode::InputTooLarge
            ),
            "{members}: {}",
            fault.message
        );
    }
}

#[test]
fn zip_members_that_grow() {
    let zeros = vec![0; 64 << 20];
    let bytes = zipped(&[("a", &zeros), ("b", b"fine")]);
    drop(zeros);
    let mut archive = Archive::open(Cursor::new(&bytes), UnpackLimits::default()).unwrap();
    let fault = archive.part(0).unwrap_err();
    assert_eq!(fault.code, ErrorCode::InputTooLarge);
    assert!(fault.message.contains("max_ratio"), "{}", fault.message);
    let mut out = String::new();
    archive.part(1).unwrap().read_to_string(&mut out).unwrap();
    assert_eq!(out, "fine", "the next one is unaffected");
}
