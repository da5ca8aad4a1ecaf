//! The rows of a page, one after the other.
//!
//! The reader is total: every row that the splitter counted comes out, good or with a fault, in
//! order. Only JSON that breaks in the middle of a document ends early: its last item is the fault
//! and carries the rest of the bytes.

use std::borrow::Cow;

use memchr::memchr;
use tributary_model::error_code::ErrorCode;
use tributary_model::rows::{CsvFormat, RowFormat, RowPosition};

use crate::csv::{self, BOM, Scanner, field_count, without_line_end};
use crate::encoding::{Decoding, Form};
use crate::fault::{RowFault, excerpt};
use crate::json::{self, Records};

/// Most bytes of a line of a page, its line end not counted. A longer one is a fault and not looked into: who
/// makes pages may cut it off behind one byte more.
pub const MAX_ROW_BYTES: usize = 8 << 20;

/// One row.
#[derive(Debug)]
pub struct RowItem<'row, 'page> {
    pub position: RowPosition,
    /// as received, without line end and byte order mark
    pub raw: &'page [u8],
    /// the same as UTF-8; with a fault as far as it can be read
    pub text: Cow<'row, [u8]>,
    pub fault: Option<RowFault>,
}

/// Reads rows from the bytes of a page.
#[derive(Debug)]
pub struct RowReader<'page> {
    bytes: &'page [u8],
    at: usize,
    position: RowPosition,
    kind: Kind<'page>,
}

#[derive(Debug)]
enum Kind<'page> {
    Csv(Box<CsvReader>),
    Ndjson,
    Json {
        records: Records<'page>,
        first: RowPosition,
        number: u64,
    },
}

#[derive(Debug)]
struct CsvReader {
    scanner: Scanner,
    decoding: Decoding,
    delimiter: u8,
    quote: Option<u8>,
    columns: usize,
    encoding: String,
}

impl<'page> RowReader<'page> {
    /// A reader of `bytes`, whose first byte stands at `first` in the source. A byte order mark is
    /// passed over at offset 0. Check the format with [`csv::check`] when it comes from outside.
    #[must_use]
    pub fn new(format: &RowFormat, first: RowPosition, bytes: &'page [u8]) -> Self {
        let mut at = 0;
        let mut position = first;
        let kind = match format {
            RowFormat::Csv(csv) => Kind::Csv(Box::new(CsvReader::new(csv))),
            RowFormat::Ndjson => Kind::Ndjson,
            RowFormat::Json { records } => Kind::Json {
                records: json::records(bytes, records),
                first,
                number: 0,
            },
        };
        if first.offset == 0 && bytes.starts_with(BOM) {
            at = BOM.len();
            position.offset += BOM.len() as u64;
        }
        Self {
            bytes,
            at,
            position,
            kind,
        }
    }

    /// The next row.
    #[expect(
        clippy::should_implement_trait,
        reason = "the item borrows the reader's buffer, which an Iterator cannot"
    )]
    pub fn next(&mut self) -> Option<RowItem<'_, 'page>> {
        loop {
            if let Kind::Json { .. } = self.kind {
                return self.next_json();
            }
            let (row, open_quote) = self.next_line()?;
            let position = self.advance(row);
            let raw = without_line_end(row);
            if raw.is_empty() {
                continue;
            }
            // The borrow checker does not let a loop hand out what borrows `self` in one arm only,
            // so the row is read outside of it.
            return Some(self.read(position, raw, open_quote));
        }
    }

    fn read<'row>(
        &'row mut self,
        position: RowPosition,
        raw: &'page [u8],
        open_quote: bool,
    ) -> RowItem<'row, 'page> {
        match &mut self.kind {
            Kind::Csv(reader) => reader.read(position, raw, open_quote, MAX_ROW_BYTES),
            _ if raw.len() > MAX_ROW_BYTES => too_long(position, raw, MAX_ROW_BYTES),
            _ => RowItem {
                position,
                raw,
                text: Cow::Borrowed(raw),
                fault: json::check(raw, position).err(),
            },
        }
    }

    /// The next line with its end, and whether it ends in an open quote.
    fn next_line(&mut self) -> Option<(&'page [u8], bool)> {
        let rest = self.bytes.get(self.at..)?;
        if rest.is_empty() {
            return None;
        }
        let (end, open_quote) = match &mut self.kind {
            Kind::Csv(reader) => {
                reader.scanner.begin_row();
                let end = reader.scanner.row_end(self.bytes, self.at);
                let open_quote = end.is_none() && reader.scanner.open_quote();
                (end.map(|end| end - self.at), open_quote)
            }
            _ => (memchr(b'\n', rest).map(|end| end + 1), false),
        };
        Some((rest.get(..end.unwrap_or(rest.len()))?, open_quote))
    }

    /// Moves behind `row` and answers where it started.
    fn advance(&mut self, row: &[u8]) -> RowPosition {
        let position = self.position;
        self.at += row.len();
        self.position.offset += row.len() as u64;
        self.position.line += match &self.kind {
            Kind::Csv(reader) => reader.scanner.lines,
            _ => 1,
        };
        position
    }

    fn next_json(&mut self) -> Option<RowItem<'_, 'page>> {
        let Kind::Json {
            records,
            first,
            number,
        } = &mut self.kind
        else {
            return None;
        };
        let line = first.line + *number;
        *number += 1;
        match records.next()? {
            Ok(range) => {
                let raw = self.bytes.get(range.clone()).unwrap_or_default();
                self.at = range.end;
                Some(RowItem {
                    position: RowPosition {
                        line,
                        offset: first.offset + range.start as u64,
                    },
                    raw,
                    text: Cow::Borrowed(raw),
                    fault: None,
                })
            }
            Err(mut fault) => {
                let raw = self.bytes.get(self.at..).unwrap_or_default();
                let position = RowPosition {
                    line,
                    offset: first.offset + self.at as u64,
                };
                fault.position = position;
                Some(RowItem {
                    position,
                    raw,
                    text: Cow::Borrowed(raw),
                    fault: Some(fault),
                })
            }
        }
    }
}

impl CsvReader {
    fn new(format: &CsvFormat) -> Self {
        let (delimiter, quote) = csv::dialect(format);
        Self {
            scanner: Scanner::new(delimiter, quote),
            decoding: Decoding::for_label(&format.encoding).unwrap_or_default(),
            delimiter,
            quote,
            columns: format.columns.len(),
            encoding: format.encoding.clone(),
        }
    }

    fn read<'row, 'page: 'row>(
        &'row mut self,
        position: RowPosition,
        raw: &'page [u8],
        open_quote: bool,
        most: usize,
    ) -> RowItem<'row, 'page> {
        if raw.len() > most {
            let mut item = too_long(position, raw, most);
            if let Some(fault) = item.fault.as_mut().filter(|_| open_quote) {
                fault.message +=
                    "; a quote that is not closed makes the lines after it part of the row";
            }
            return item;
        }
        // Fields are counted in the raw bytes: the delimiter is ASCII, and ASCII stays as it is.
        let quote = self.quote.filter(|_| self.scanner.quotes);
        let fields = field_count(raw, self.delimiter, quote);
        let mut fault = None;
        if open_quote {
            let message = format!(
                "the quoted field that starts in line {} is not closed",
                position.line
            );
            fault = Some(RowFault::new(ErrorCode::CsvQuote, position, message, &[]));
        } else if fields != self.columns {
            let message = format!("{fields} fields, but {} columns", self.columns);
            fault = Some(RowFault::new(ErrorCode::CsvColumns, position, message, &[]));
        }
        let converted = self.decoding.convert(raw);
        let fault = match (fault, converted) {
            (None, Ok(form)) => {
                let text = match form {
                    Form::AsItIs => Cow::Borrowed(raw),
                    Form::InBuffer => Cow::Borrowed(self.decoding.buffer()),
                };
                return RowItem {
                    position,
                    raw,
                    text,
                    fault: None,
                };
            }
            (Some(fault), _) => fault,
            (None, Err(invalid)) => {
                let message = invalid.message(&self.encoding);
                RowFault::new(ErrorCode::EncodingInvalid, position, message, &[])
            }
        };
        let text = self.decoding.decode_lossy(raw);
        RowItem {
            position,
            raw,
            fault: Some(RowFault {
                value: excerpt(&text),
                ..fault
            }),
            text: Cow::Owned(text),
        }
    }
}

/// What stands for a row that is longer than `most` bytes.
fn too_long(position: RowPosition, raw: &[u8], most: usize) -> RowItem<'_, '_> {
    let line = position.line;
    let message = format!("the row that starts in line {line} is longer than {most} bytes");
    let fault = RowFault::new(ErrorCode::RowTooLarge, position, message, raw);
    RowItem {
        position,
        raw,
        text: String::from_utf8_lossy(raw)
            .into_owned()
            .into_bytes()
            .into(),
        fault: Some(fault),
    }
}

/// Reads single rows that were taken out of their page, for example those of a
/// [`crate::pack`] container: the same checks as [`RowReader`], one row at a time.
#[derive(Debug)]
pub struct RowDecoder {
    /// `None` for JSON, whose rows are UTF-8 already
    csv: Option<Box<CsvReader>>,
    most: usize,
}

impl RowDecoder {
    /// For rows of `format`.
    #[must_use]
    pub fn new(format: &RowFormat) -> Self {
        Self {
            csv: match format {
                RowFormat::Csv(csv) => Some(Box::new(CsvReader::new(csv))),
                RowFormat::Ndjson | RowFormat::Json { .. } => None,
            },
            most: match format {
                RowFormat::Csv(_) | RowFormat::Ndjson => MAX_ROW_BYTES,
                // an element is as long as its document lets it be
                RowFormat::Json { .. } => usize::MAX,
            },
        }
    }

    /// With another limit than [`MAX_ROW_BYTES`].
    #[must_use]
    pub fn at_most(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// The row `raw` (without line end), which stands at `position` in its source.
    pub fn decode<'row, 'page: 'row>(
        &'row mut self,
        position: RowPosition,
        raw: &'page [u8],
    ) -> RowItem<'row, 'page> {
        let most = self.most;
        let Some(reader) = &mut self.csv else {
            if raw.len() > most {
                return too_long(position, raw, most);
            }
            return RowItem {
                position,
                raw,
                text: Cow::Borrowed(raw),
                fault: json::check(raw, position).err(),
            };
        };
        // A row stands alone here: an open quote in one must not reach into the next.
        reader.scanner.start_over();
        let end = reader.scanner.row_end(raw, 0);
        let open_quote = end.is_none() && reader.scanner.open_quote();
        reader.read(position, raw, open_quote, most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_quote_in_one_row_does_not_reach_into_the_next() {
        let format = RowFormat::Csv(CsvFormat {
            delimiter: ';',
            quote: Some('"'),
            encoding: "utf-8".to_owned(),
            columns: vec!["a".to_owned(), "b".to_owned()],
        });
        let mut decoder = RowDecoder::new(&format);
        let faults: Vec<Option<ErrorCode>> = [
            &b"1;\"closed\""[..],
            b"1;\"open",
            b"2;fine",
            b"3;\"x;y\"",
            b"4;5;6",
        ]
        .into_iter()
        .map(|raw| {
            let item = decoder.decode(RowPosition::default(), raw);
            item.fault.map(|fault| fault.code)
        })
        .collect();
        let expected = [
            None,
            Some(ErrorCode::CsvQuote),
            None,
            None,
            Some(ErrorCode::CsvColumns),
        ];
        assert_eq!(faults, expected);
    }

    #[test]
    fn a_row_that_is_too_long_is_told_as_that_and_not_looked_into() {
        let format = RowFormat::Csv(CsvFormat {
            delimiter: ';',
            quote: Some('"'),
            encoding: "utf-8".to_owned(),
            columns: vec!["a".to_owned(), "b".to_owned()],
        });
        let start = RowPosition {
            line: 7,
            offset: 90,
        };
        for (front, quoted) in [("1;\"", true), ("1;", false), ("x", false)] {
            let row = [front.as_bytes(), &vec![b'x'; MAX_ROW_BYTES]].concat();
            let mut reader = RowReader::new(&format, start, &row);
            let fault = reader.next().unwrap().fault.unwrap();
            assert_eq!(
                (fault.code, fault.position),
                (ErrorCode::RowTooLarge, start)
            );
            assert!(
                fault
                    .message
                    .contains("line 7 is longer than 8388608 bytes"),
                "{fault}"
            );
            assert_eq!(fault.message.contains("a quote that is not closed"), quoted);
            assert!(reader.next().is_none());
            let mut decoder = RowDecoder::new(&format);
            let fault = decoder.decode(start, &row).fault.unwrap();
            assert_eq!(fault.code, ErrorCode::RowTooLarge);
        }
        let fits = [b"1;", &vec![b'x'; MAX_ROW_BYTES - 2][..], b"\r\n"].concat();
        assert!(
            RowReader::new(&format, start, &fits)
                .next()
                .unwrap()
                .fault
                .is_none()
        );
        let line = format!("\"{}\"", "x".repeat(MAX_ROW_BYTES));
        let mut reader = RowReader::new(&RowFormat::Ndjson, start, line.as_bytes());
        assert_eq!(
            reader.next().unwrap().fault.unwrap().code,
            ErrorCode::RowTooLarge
        );
        let mut decoder = RowDecoder::new(&RowFormat::Ndjson).at_most(usize::MAX);
        assert!(decoder.decode(start, line.as_bytes()).fault.is_none());
    }
}
