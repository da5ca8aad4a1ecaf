//! Delimited text and NDJSON: rows are lines (CSV rows may hold line ends in quotes).
//!
//! Invariants: what the options leave out is decided by the first bytes of the file, once; a row that is longer
//! than [`MAX_ROW_BYTES`] is one row of a page of its own, cut off there, which its reader takes for what it is, and
//! reading goes on behind the next line end; memory is bounded by the longest row.

mod front;
mod text;

use bytes::{Buf as _, Bytes};
use memchr::{memchr, memchr_iter};
use serde_json::json;
use tributary_formats::csv::{self, Splitter};
use tributary_formats::fault::RowFault;
use tributary_formats::records::HEAD_BYTES;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::rows::{CsvFormat, RowFormat, RowPosition};

use super::{Cut, MAX_ROW_BYTES, PAGE_BYTES};
use front::Found;
pub(crate) use front::Given;
pub(crate) use text::Text;

/// The longest line end.
const LINE_END_BYTES: usize = 2;
/// Bytes that are passed over in one step: who waits shall see that something goes on.
const STEP_BYTES: u64 = 16 << 20;
const MARK: &[u8] = b"\xEF\xBB\xBF";

pub(crate) struct LineRows {
    text: Text,
    /// until the first bytes were seen
    given: Option<Given>,
    found: Found,
    format: RowFormat,
    header: Header,
    splitter: Splitter,
    /// how many bytes of the buffer the splitter has seen
    fed: usize,
    /// the row behind those that the splitter has found is too long
    too_long: bool,
    /// a row that is too long and whose end is looked for
    long: Option<Cut>,
    position: RowPosition,
    /// all rows were given
    over: bool,
}

/// What is known about the columns before the first data row.
pub(crate) struct Header {
    /// the first row is a header line that was not read yet
    pub(crate) pending: bool,
    /// the header line is passed over, its names are not used
    pub(crate) named: bool,
    /// columns that must be there
    pub(crate) expected: Vec<String>,
}

impl LineRows {
    pub(crate) fn new(
        text: Text,
        given: Given,
        format: RowFormat,
        header: Header,
        start: RowPosition,
    ) -> Self {
        let splitter = splitter(&format, start);
        Self {
            text,
            given: Some(given),
            found: Found::default(),
            format,
            header,
            splitter,
            fed: 0,
            too_long: false,
            long: None,
            position: start,
            over: false,
        }
    }

    /// Where the next row starts; of text that is decoded first, in its UTF-8. At the end the file's end.
    pub(crate) fn position(&self) -> RowPosition {
        let RowPosition { line, offset } = self.position;
        // while the end of a long row is looked for, its beginning is the place to go on from
        let place = self.long.as_ref().map(|cut| cut.first);
        match self.text.file_bytes().filter(|_| self.over) {
            Some(bytes) => RowPosition {
                line,
                offset: bytes,
            },
            None => place.unwrap_or(RowPosition { line, offset }),
        }
    }

    /// Whether the end was met.
    pub(crate) fn over(&self) -> bool {
        self.over
    }

    pub(crate) async fn digest(&mut self) -> Option<String> {
        self.text.digest().await
    }

    pub(crate) async fn schema(&mut self) -> Result<serde_json::Value, Problem> {
        self.read_header().await?;
        let Found {
            encoding,
            transcoded,
        } = &self.found;
        Ok(match &self.format {
            RowFormat::Csv(csv) => {
                json!({ "columns": csv.columns, "delimiter": csv.delimiter, "encoding": encoding,
                    "transcoded": transcoded })
            }
            _ => json!({ "encoding": encoding, "transcoded": transcoded }),
        })
    }

    pub(crate) async fn next_page(&mut self) -> Result<Option<Cut>, Problem> {
        self.read_header().await?;
        let mut blank = 0;
        while self.long.is_none() {
            let rows = self.find().await?;
            if rows.bytes == 0 && self.too_long {
                self.cut_off();
                break;
            }
            if rows.bytes == 0 {
                return match &self.text.failed {
                    Some(problem) => Err(problem.clone()),
                    None => {
                        self.over = true;
                        Ok(None)
                    }
                };
            }
            let first = self.position;
            let bytes = self.take(rows.bytes, rows.next);
            if rows.count > 0 {
                return Ok(Some(self.page(first, rows.count, bytes)));
            }
            blank += rows.bytes;
            if blank >= STEP_BYTES {
                return Ok(Some(self.page(first, 0, Bytes::new())));
            }
        }
        self.pass_over().await.map(Some)
    }

    fn page(&self, first: RowPosition, rows: u64, bytes: Bytes) -> Cut {
        Cut {
            source: self.text.source.clone(),
            format: self.format.clone(),
            first,
            rows: u32::try_from(rows).unwrap_or(u32::MAX),
            bytes,
            columns: Vec::new(),
        }
    }

    /// The rows of the next page.
    async fn find(&mut self) -> Result<csv::Rows, Problem> {
        self.text.fill(PAGE_BYTES).await?;
        let within = self.text.buffer.len().min(PAGE_BYTES.max(self.fed));
        let mut rows = self.feed(within, u64::MAX);
        while rows.bytes == 0 && !self.too_long && !self.all_fed() {
            // One row is longer than a page: the page grows to that row's end.
            let more = self.fed + PAGE_BYTES;
            self.text.fill(more).await?;
            rows = self.feed(self.text.buffer.len().min(more), 1);
        }
        if self.all_fed() && !self.too_long && self.text.failed.is_none() {
            // An open quote at the end is the last row's fault; its reader reports it there.
            rows = self.splitter.unfinished();
        }
        Ok(rows)
    }

    fn all_fed(&self) -> bool {
        self.text.ended && self.fed == self.text.buffer.len()
    }

    /// Shows the splitter the bytes up to `end` of the buffer, or up to the `max_rows`-th row.
    fn feed(&mut self, end: usize, max_rows: u64) -> csv::Rows {
        let chunk = self.text.buffer.get(self.fed..end).unwrap_or_default();
        match self.splitter.feed_rows(chunk, max_rows) {
            Ok((rows, used)) => {
                self.fed += used;
                rows
            }
            Err(_) => {
                self.too_long = true;
                self.splitter.complete()
            }
        }
    }

    fn take(&mut self, bytes: u64, next: RowPosition) -> Bytes {
        let taken = self.text.cut(bytes);
        self.position = next;
        if self.too_long {
            self.start_over();
        } else {
            self.splitter.cut();
            self.fed = self.fed.saturating_sub(taken.len());
        }
        taken
    }

    /// The front of the buffer is the beginning of a row that the splitter knows nothing of.
    fn start_over(&mut self) {
        self.splitter = splitter(&self.format, self.position);
        self.fed = 0;
        self.too_long = false;
    }

    /// Takes the row at the front of the buffer, which is too long, as far as a page shows it. Its last byte stays
    /// to be looked at, since it may end the row.
    fn cut_off(&mut self) {
        let first = self.position;
        let marked = first.offset == 0 && self.text.buffer.starts_with(MARK);
        let mark = if marked { MARK.len() } else { 0 };
        let length = mark + MAX_ROW_BYTES + LINE_END_BYTES + 1;
        let shown = self.text.buffer.get(..length).unwrap_or(&self.text.buffer);
        let shown = Bytes::copy_from_slice(shown);
        self.long = Some(self.page(first, 1, shown));
        self.pass(length - 1);
    }

    /// Looks for the end of the row that is too long: the next line end of any kind, since the usual cause is a
    /// quote that is never closed. Answers the row's page, or a sign of life.
    async fn pass_over(&mut self) -> Result<Cut, Problem> {
        let from = self.position.offset;
        loop {
            let end = memchr(b'\n', &self.text.buffer);
            self.pass(end.map_or(self.text.buffer.len(), |end| end + 1));
            if end.is_some() || self.text.ended {
                break;
            }
            if self.position.offset - from >= STEP_BYTES {
                return Ok(self.page(self.position, 0, Bytes::new()));
            }
            self.text.fill(1).await?;
        }
        if let Some(problem) = self
            .text
            .failed
            .as_ref()
            .filter(|_| self.text.buffer.is_empty())
        {
            return Err(problem.clone());
        }
        self.start_over();
        let page = self.long.take();
        page.ok_or_else(|| Problem::new(ErrorCode::Internal, "no row is too long"))
    }

    fn pass(&mut self, length: usize) {
        let length = length.min(self.text.buffer.len());
        let passed = self.text.buffer.get(..length).unwrap_or_default();
        self.position.line += memchr_iter(b'\n', passed).count() as u64;
        self.position.offset += length as u64;
        self.text.buffer.advance(length);
    }

    /// Finds out what the options leave out.
    async fn settle(&mut self) -> Result<(), Problem> {
        if self.given.is_none() {
            return Ok(());
        }
        self.text.fill(HEAD_BYTES).await?;
        let Some(given) = self.given.take() else {
            return Ok(());
        };
        let head = self
            .text
            .buffer
            .get(..HEAD_BYTES)
            .unwrap_or(&self.text.buffer);
        let (found, transcoder) = given.encoding(head);
        if let Some((decoder, skip)) = transcoder {
            self.text.transcode(decoder, skip, self.position.offset);
        }
        if let RowFormat::Csv(csv) = &mut self.format {
            csv.delimiter = given.delimiter(&self.text.buffer, csv.quote);
            if !found.transcoded {
                csv.encoding.clone_from(&found.encoding);
            }
            csv::check(csv)?;
        }
        self.found = found;
        self.start_over();
        Ok(())
    }

    async fn read_header(&mut self) -> Result<(), Problem> {
        self.settle().await?;
        if !self.header.pending {
            return Ok(());
        }
        let mut seen = 0;
        let rows = loop {
            self.text.fill(seen + HEAD_BYTES).await?;
            let chunk = self.text.buffer.get(seen..).unwrap_or_default();
            let (rows, used) = self
                .splitter
                .feed_rows(chunk, 1)
                .map_err(|fault| row_problem(&self.text.source, &fault))?;
            seen += used;
            if rows.count > 0 {
                break rows;
            }
            if rows.bytes >= PAGE_BYTES as u64 {
                // lines before the header that hold nothing are not kept
                self.text.cut(rows.bytes);
                self.position = rows.next;
                self.start_over();
                seen = 0;
            } else if self.text.ended && seen == self.text.buffer.len() {
                if let Some(problem) = &self.text.failed {
                    return Err(problem.clone());
                }
                break self.splitter.unfinished();
            }
        };
        self.header.pending = false;
        let line = self.text.cut(rows.bytes);
        self.position = rows.next;
        // The header may be shorter than what was shown to this splitter: start afresh behind it.
        self.start_over();
        if rows.count == 0 {
            return Ok(()); // an empty file has no rows and no header to complain about
        }
        self.take_names(&line)
    }

    fn take_names(&mut self, line: &[u8]) -> Result<(), Problem> {
        let RowFormat::Csv(csv) = &mut self.format else {
            return Ok(());
        };
        let line = without_leading_line_ends(line);
        let names =
            csv::header(line, csv).map_err(|fault| row_problem(&self.text.source, &fault))?;
        if self.header.named {
            if names.len() == csv.columns.len() {
                return Ok(());
            }
            let detail = format!(
                "{}: the header line has {} columns, the configuration names {}",
                self.text.source,
                names.len(),
                csv.columns.len()
            );
            return Err(Problem::new(ErrorCode::CsvHeader, detail));
        }
        let missing: Vec<&str> = self
            .header
            .expected
            .iter()
            .filter(|name| !names.contains(name))
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            let detail = format!(
                "{}: the header line lacks {}; it has {}",
                self.text.source,
                missing.join(", "),
                names.join(", ")
            );
            return Err(Problem::new(ErrorCode::CsvHeader, detail));
        }
        csv.columns = names;
        Ok(())
    }
}

fn splitter(format: &RowFormat, start: RowPosition) -> Splitter {
    let (delimiter, quote) = match format {
        RowFormat::Csv(CsvFormat {
            delimiter, quote, ..
        }) => (ascii(*delimiter).unwrap_or(b','), quote.and_then(ascii)),
        RowFormat::Ndjson | RowFormat::Json { .. } => (b'\n', None),
    };
    Splitter::new(delimiter, quote, start, MAX_ROW_BYTES + LINE_END_BYTES)
}

fn ascii(character: char) -> Option<u8> {
    u8::try_from(character).ok().filter(u8::is_ascii)
}

/// Blank lines before the header belong to its cut; the mark may stand before them.
fn without_leading_line_ends(line: &[u8]) -> &[u8] {
    let line = line.strip_prefix(MARK).unwrap_or(line);
    let start = line
        .iter()
        .position(|byte| !matches!(byte, b'\r' | b'\n'))
        .unwrap_or(line.len());
    line.get(start..).unwrap_or_default()
}

/// Without its header line a file cannot be read.
fn row_problem(source: &str, fault: &RowFault) -> Problem {
    let detail = format!("{source}, line {}: {}", fault.position.line, fault.message);
    Problem::new(fault.code, detail)
}

#[cfg(test)]
mod bombs;
#[cfg(test)]
mod tests;
