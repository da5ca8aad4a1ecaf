//! What the fuzz targets have in common: choices out of the first bytes of an input, bytes that come
//! in pieces, and what must hold for every file whatever its bytes are.
//!
//! Invariants: nothing here may fail for a reason that lies in the input; what fails is a fault of the
//! formats crate. Deliberately absent: what the right output is. The tests of the crate say that.

use std::io::{Cursor, Read};

use tributary_formats::fault::{EXCERPT_CHARS, RowFault};
use tributary_formats::records::{Config, Format, Input, Limits, RecordReader, open};

pub mod zip;

/// Limits of one input: a bomb is a fault early, so that no input is slow.
#[must_use]
pub fn limits(choice: u8) -> Limits {
    let mut limits = Limits::default();
    limits.max_record_bytes = match choice % 4 {
        0 => 16,
        1 => 200,
        _ => 1 << 20,
    };
    limits.max_shared_text_bytes = 1 << 20;
    limits.unpack.max_bytes = 1 << 20;
    limits.unpack.max_total_bytes = 4 << 20;
    limits
}

/// Takes the first bytes of an input as choices; what is left is the file.
pub struct Choices<'a>(pub &'a [u8]);

impl<'a> Choices<'a> {
    /// The next byte; 0 when there is none.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    /// One of `all`, which has one at least.
    pub fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::from(self.byte()) % all.len()]
    }

    /// The text up to the next zero byte, for names and paths.
    pub fn text(&mut self) -> String {
        let end = self.0.iter().position(|byte| *byte == 0);
        let (text, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest.get(1..).unwrap_or_default();
        String::from_utf8_lossy(text).into_owned()
    }

    /// What is left.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }
}

/// Gives its bytes in pieces of one size.
pub struct Pieces<'a> {
    bytes: &'a [u8],
    size: usize,
}

impl<'a> Pieces<'a> {
    #[must_use]
    pub fn new(bytes: &'a [u8], size: usize) -> Self {
        Self { bytes, size }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        let count = self.size.min(room.len()).min(self.bytes.len());
        let (piece, rest) = self.bytes.split_at(count);
        room[..count].copy_from_slice(piece);
        self.bytes = rest;
        Ok(count)
    }
}

/// What a reader gave.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    pub items: Vec<Result<(u64, u64, String), RowFault>>,
    pub columns: Vec<String>,
    pub complete: bool,
}

/// Reads to the end: records are UTF-8 and within the limit, faults are short, positions never go back,
/// and the end stays the end.
pub fn drain(reader: &mut RecordReader<'_>, most: usize) -> Outcome {
    let mut items = Vec::new();
    let mut last = 0;
    loop {
        match reader.next_record() {
            Ok(Some(record)) => {
                assert!(record.position.line >= last, "positions go forward");
                last = record.position.line;
                assert!(record.bytes.len() <= most, "a record is within its limit");
                let text = String::from_utf8(record.bytes.into_owned()).expect("records are UTF-8");
                items.push(Ok((record.position.line, record.position.offset, text)));
            }
            Ok(None) => break,
            Err(fault) => {
                assert!(
                    fault.value.chars().count() <= EXCERPT_CHARS + 1,
                    "an excerpt is short"
                );
                assert!(!fault.message.is_empty());
                items.push(Err(fault));
            }
        }
    }
    assert!(
        matches!(reader.next_record(), Ok(None)),
        "the end is the end"
    );
    Outcome {
        items,
        columns: reader.columns().to_vec(),
        complete: reader.complete(),
    }
}

/// Reads a file at once and in pieces of `size`: the same must come out.
///
/// # Errors
/// What is wrong with the whole file.
pub fn read(format: Format, limits: Limits, bytes: &[u8], size: u8) -> Result<Outcome, RowFault> {
    let config = Config { format, limits };
    // decoding may make three bytes of one, JSON escapes six
    let most = limits.max_record_bytes.saturating_mul(8).saturating_add(64);
    let whole = Input::Stream(Box::new(Cursor::new(bytes)));
    let whole = open(&config, whole).map(|mut reader| drain(&mut reader, most));
    let pieces = Input::Stream(Box::new(Pieces::new(bytes, usize::from(size).max(1))));
    let pieces = open(&config, pieces).map(|mut reader| drain(&mut reader, most));
    assert_eq!(whole, pieces, "how the bytes come in changes nothing");
    whole
}

/// What was read as records of JSON must be JSON, each an object if `objects`.
pub fn check_json(outcome: &Outcome, objects: bool) {
    for (_, _, text) in outcome.items.iter().flatten() {
        if objects {
            let value: serde_json::Value = serde_json::from_str(text).expect("records are JSON");
            assert!(value.is_object(), "a record is an object");
            continue;
        }
        let parsed: Result<&serde_json::value::RawValue, _> = serde_json::from_str(text);
        assert!(parsed.is_ok(), "records are JSON: {text}");
    }
}
