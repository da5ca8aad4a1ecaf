//! Files whose records are told as lines of JSON: JSON documents, XML, workbooks, lines of fixed width, Parquet.
//!
//! A record that cannot be told (a cell with an error, text that is no UTF-8) stands in its page as a line that
//! says why and is no JSON, so that it is counted, and quarantined in its place. The line of a record is that of
//! its file (docs/formats.md): lines without a record are empty in the page; where several records share a line,
//! they are counted on from it.
//!
//! Invariants: a file that is read from its end has at most [`MAX_FILE_BYTES`], and what a decoder holds is in the
//! guest's account; decoding runs on a thread of its own, a page at a time, so that a file meant to hurt keeps no
//! other call waiting. Deliberately absent: larger files that are read from their end, which would need reads
//! from any place of the other side; going on inside a file without decoding what stands before.

use std::io::Cursor;

use bytes::Bytes;
use tributary_formats::fault::RowFault;
use tributary_formats::records::{self, Config, Format, Input, Limits, RecordReader};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::rows::{RowFormat, RowPosition};

use super::feed::{Feed, feed, on_its_thread};
use super::{ByteReader, Cut, MAX_FILE_BYTES, MAX_ROW_BYTES, PAGE_BYTES, broken_off};

/// What a decoder holds of a file that is read from its end: shared texts, pages.
const MAX_HELD_BYTES: usize = 48 << 20;
/// What a decoder holds of a file that is read from its front: a record in its forms.
const STREAM_BYTES: usize = 3 * MAX_ROW_BYTES;

/// See the module.
pub(crate) struct RecordRows {
    source: String,
    format: Format,
    expected: Vec<String>,
    reader: ByteReader,
    /// of a file that is read from its front
    feed: Option<Feed>,
    next: Place,
    /// of a file that is read from its end, as received
    size: u64,
    decoder: Option<RecordReader<'static>>,
    columns: Vec<String>,
    /// the same, until a page has told them
    untold: Vec<String>,
    /// a line that is for the next page
    pending: Option<Line>,
    /// what ended the decoding, to be told behind the rows before it
    broken: Option<RowFault>,
    state: State,
    /// that there are no more rows
    end_told: bool,
}

/// Where the next page begins.
#[derive(Debug, Clone, Copy)]
struct Place {
    line: u64,
    /// records before it, good and bad
    records: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Fresh,
    /// or given up while it was opened
    Opening,
    Open,
    Over,
}

/// A record as it stands in a page, with the line of the file that it is on.
struct Line {
    number: u64,
    bytes: Vec<u8>,
}

/// What a step of the decoder gave.
struct Decoded {
    decoder: RecordReader<'static>,
    lines: Lines,
    pending: Option<Line>,
    over: bool,
    /// nothing more can be read
    broken: Option<RowFault>,
}

impl RecordRows {
    /// The rows from `start` on, which is a position that was given out for this file, or its beginning; the
    /// reader stands at the first byte. The file must have the columns `expected`.
    pub(crate) fn new(
        source: String,
        reader: ByteReader,
        format: Format,
        expected: Vec<String>,
        start: RowPosition,
    ) -> Self {
        Self {
            source,
            format,
            expected,
            reader,
            feed: None,
            next: Place {
                line: start.line.max(1),
                records: start.offset,
            },
            size: 0,
            decoder: None,
            columns: Vec::new(),
            untold: Vec::new(),
            pending: None,
            broken: None,
            state: State::Fresh,
            end_told: false,
        }
    }

    /// Where to go on, with the number of records before in place of an offset. Once the end was told it is the
    /// file's size, which is no place to go on from: a packed column has more records than bytes.
    pub(crate) fn position(&self) -> RowPosition {
        let offset = match self.end_told {
            true => self.size,
            false => self.next.records,
        };
        RowPosition {
            line: self.next.line,
            offset,
        }
    }

    /// Whether all records were given.
    pub(crate) fn over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    pub(crate) async fn digest(&mut self) -> Option<String> {
        self.reader.digest().await
    }

    pub(crate) async fn schema(&mut self) -> Result<serde_json::Value, Problem> {
        self.open().await?;
        Ok(serde_json::json!({ "columns": self.columns }))
    }

    pub(crate) async fn next_page(&mut self) -> Result<Option<Cut>, Problem> {
        let cut = self.cut().await?;
        self.end_told = cut.is_none();
        Ok(cut)
    }

    async fn cut(&mut self) -> Result<Option<Cut>, Problem> {
        self.open().await?;
        if let Some(fault) = &self.broken {
            return Err(self.problem(fault));
        }
        let Some(decoder) = self.decoder.take() else {
            return match self.state {
                State::Over => Ok(None),
                _ => Err(broken_off(&self.source)),
            };
        };
        let (line, pending) = (self.next.line, self.pending.take());
        let decoded = self.run(move || page(decoder, pending, line)).await?;
        let lines = decoded.lines;
        self.next.line = lines.next;
        self.next.records += u64::from(lines.rows);
        self.pending = decoded.pending;
        match decoded.broken {
            Some(fault) => {
                let problem = self.problem(&fault);
                self.broken = Some(fault);
                if lines.rows == 0 {
                    return Err(problem);
                }
            }
            None if decoded.over => self.end().await?,
            None => self.decoder = Some(decoded.decoder),
        }
        if lines.rows == 0 {
            return Ok(None);
        }
        let first = RowPosition {
            line: lines.first,
            offset: 0,
        };
        Ok(Some(Cut {
            source: self.source.clone(),
            format: RowFormat::Ndjson,
            first,
            rows: lines.rows,
            bytes: Bytes::from(lines.bytes),
            columns: std::mem::take(&mut self.untold),
        }))
    }

    /// Opens the file and passes the records that were read before.
    async fn open(&mut self) -> Result<(), Problem> {
        match self.state {
            State::Fresh => {}
            // the reader does not stand at the first byte any more
            State::Opening => return Err(broken_off(&self.source)),
            State::Open | State::Over => return Ok(()),
        }
        self.state = State::Opening;
        let input = self.input().await?;
        let config = Config {
            format: self.format.clone(),
            limits: Limits {
                max_record_bytes: MAX_ROW_BYTES,
                max_held_bytes: MAX_HELD_BYTES,
                max_shared_text_bytes: MAX_HELD_BYTES,
                ..Limits::default()
            },
        };
        let passed = self.next.records;
        let opened = self.run(move || -> Result<_, RowFault> {
            let mut decoder = records::open(&config, input)?;
            for _ in 0..passed {
                if let Ok(None) = decoder.next_record() {
                    break;
                }
            }
            Ok(decoder)
        });
        let decoder = opened.await?.map_err(|fault| self.problem(&fault))?;
        self.columns = decoder.columns().to_vec();
        self.untold.clone_from(&self.columns);
        let missing: Vec<&str> = self
            .expected
            .iter()
            .filter(|name| !self.columns.contains(name))
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            let (missing, there) = (missing.join(", "), self.columns.join(", "));
            let detail = format!("{}: the file lacks {missing}; it has {there}", self.source);
            return Err(Problem::new(ErrorCode::CsvHeader, detail));
        }
        self.decoder = Some(decoder);
        self.state = State::Open;
        Ok(())
    }

    async fn input(&mut self) -> Result<Input<'static>, Problem> {
        if self.format.needs_file() {
            let whole = self.reader.whole(&self.source, MAX_FILE_BYTES).await?;
            self.size = whole.len() as u64;
            self.reader.keep(MAX_HELD_BYTES)?;
            return Ok(Input::File(Box::new(Cursor::new(whole))));
        }
        self.reader.keep(STREAM_BYTES)?;
        let (feed, chunks) = feed();
        self.feed = Some(feed);
        Ok(Input::Stream(Box::new(chunks)))
    }

    async fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        match &mut self.feed {
            Some(feed) => feed.run(&mut self.reader, work).await,
            None => on_its_thread(work).await,
        }
    }

    async fn end(&mut self) -> Result<(), Problem> {
        if let Some(feed) = &mut self.feed {
            feed.drain(&mut self.reader).await?;
            self.size = feed.received();
        }
        self.state = State::Over;
        Ok(())
    }

    fn problem(&self, fault: &RowFault) -> Problem {
        let detail = format!(
            "{}, row {}: {}",
            self.source, fault.position.line, fault.message
        );
        Problem::new(fault.code, detail)
    }
}

/// Lines of a page.
struct Lines {
    /// of the file, where the first one stands
    first: u64,
    /// the line behind the last one
    next: u64,
    rows: u32,
    bytes: Vec<u8>,
}

impl Lines {
    fn new(line: u64) -> Self {
        Self {
            first: line,
            next: line,
            rows: 0,
            bytes: Vec::new(),
        }
    }

    /// Adds a line, unless the page is full with what stands before it.
    fn add(&mut self, line: Line) -> Result<(), Line> {
        if self.rows == 0 {
            self.first = self.first.max(line.number);
            self.next = self.first;
        }
        let gap = line.number.saturating_sub(self.next);
        let room = PAGE_BYTES.saturating_sub(self.bytes.len());
        if self.rows > 0 && gap >= room as u64 {
            return Err(line);
        }
        self.bytes.extend((0..gap).map(|_| b'\n'));
        self.bytes.extend_from_slice(&line.bytes);
        self.bytes.push(b'\n');
        self.next += gap + 1;
        self.rows += 1;
        Ok(())
    }
}

/// A page of lines from `line` on, unless one record is longer.
fn page(mut decoder: RecordReader<'static>, pending: Option<Line>, line: u64) -> Decoded {
    let mut lines = Lines::new(line);
    let mut next = pending;
    loop {
        let line = match next.take() {
            Some(line) => line,
            None => match record(&mut decoder) {
                Ok(Some(line)) => line,
                end => {
                    return Decoded {
                        decoder,
                        lines,
                        pending: None,
                        over: true,
                        broken: end.err(),
                    };
                }
            },
        };
        let pending = lines.add(line).err();
        if pending.is_some() || lines.bytes.len() >= PAGE_BYTES {
            return Decoded {
                decoder,
                lines,
                pending,
                over: false,
                broken: None,
            };
        }
    }
}

/// The next record, or what stands for one that cannot be told. An error ends the file.
fn record(decoder: &mut RecordReader<'static>) -> Result<Option<Line>, RowFault> {
    let fault = match decoder.next_record() {
        Ok(None) => return Ok(None),
        Ok(Some(record)) => {
            let mut bytes = record.bytes.into_owned();
            // JSON's white space; in its texts line ends are written `\n`
            for byte in &mut bytes {
                if matches!(byte, b'\n' | b'\r') {
                    *byte = b' ';
                }
            }
            return Ok(Some(Line {
                number: record.position.line,
                bytes,
            }));
        }
        Err(fault) => fault,
    };
    // A fault of one record is followed by others, or by an end that is complete.
    if decoder.broken() {
        return Err(fault);
    }
    let message = fault.message.replace(char::is_control, " ");
    Ok(Some(Line {
        number: fault.position.line,
        bytes: format!("!{message}").into_bytes(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: u64, text: &str) -> Line {
        Line {
            number,
            bytes: text.as_bytes().to_vec(),
        }
    }

    #[test]
    fn a_record_keeps_the_line_that_it_has_in_its_file() {
        let mut lines = Lines::new(1);
        for (number, text) in [(3, "a"), (4, "b"), (7, "c"), (7, "d"), (8, "e")] {
            assert!(lines.add(line(number, text)).is_ok());
        }
        assert_eq!((lines.first, lines.next, lines.rows), (3, 10, 5));
        assert_eq!(lines.bytes, b"a\nb\n\n\nc\nd\ne\n");
    }

    #[test]
    fn a_gap_that_does_not_fit_begins_another_page() {
        let mut lines = Lines::new(1);
        assert!(lines.add(line(1, "a")).is_ok());
        let left = lines.add(line(5_000_000, "b")).unwrap_err();
        let mut next = Lines::new(lines.next);
        assert!(next.add(left).is_ok());
        assert_eq!(
            (next.first, next.bytes.as_slice()),
            (5_000_000, &b"b\n"[..])
        );
    }
}
