//! Delimited text and NDJSON: rows are lines (CSV rows may hold line ends in quotes).

use bytes::{Bytes, BytesMut};
use serde_json::json;
use tributary_formats::csv::{self, Splitter};
use tributary_formats::fault::RowFault;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::rows::{CsvFormat, RowFormat, RowPosition};

use super::{ByteReader, Cut, MAX_ROW_BYTES, PAGE_BYTES};

pub(crate) struct LineRows {
    source: String,
    reader: ByteReader,
    format: RowFormat,
    header: Header,
    splitter: Splitter,
    /// bytes from the last cut on
    buffer: BytesMut,
    /// how many of them the splitter has seen
    fed: usize,
    position: RowPosition,
    reader_ended: bool,
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
        source: String,
        reader: ByteReader,
        format: RowFormat,
        header: Header,
        start: RowPosition,
    ) -> Self {
        let splitter = splitter(&format, start);
        Self {
            source,
            reader,
            format,
            header,
            splitter,
            buffer: BytesMut::new(),
            fed: 0,
            position: start,
            reader_ended: false,
        }
    }

    pub(crate) fn position(&self) -> RowPosition {
        self.position
    }

    pub(crate) async fn digest(&mut self) -> Option<String> {
        self.reader.digest().await
    }

    pub(crate) async fn schema(&mut self) -> Result<serde_json::Value, Problem> {
        self.read_header().await?;
        Ok(match &self.format {
            RowFormat::Csv(csv) => json!({ "columns": csv.columns }),
            _ => json!({}),
        })
    }

    pub(crate) async fn next_page(&mut self) -> Result<Option<Cut>, Problem> {
        self.read_header().await?;
        loop {
            self.fill(PAGE_BYTES).await?;
            let within = self.buffer.len().min(PAGE_BYTES.max(self.fed));
            let mut rows = self.feed(within, u64::MAX)?;
            while rows.bytes == 0 && !(self.reader_ended && self.fed == self.buffer.len()) {
                // One row is longer than a page: the page grows to that row's end.
                let more = self.fed + PAGE_BYTES;
                self.fill(more).await?;
                rows = self.feed(self.buffer.len().min(more), 1)?;
            }
            if self.reader_ended && self.fed == self.buffer.len() {
                // An open quote at the end is the last row's fault; its reader reports it there.
                rows = self.splitter.unfinished();
            }
            if rows.bytes == 0 {
                return Ok(None);
            }
            let first = self.position;
            let bytes = self.take(rows.bytes, rows.next);
            if rows.count > 0 {
                return Ok(Some(Cut {
                    source: self.source.clone(),
                    format: self.format.clone(),
                    first,
                    rows: u32::try_from(rows.count).unwrap_or(u32::MAX),
                    bytes,
                }));
            }
        }
    }

    /// Reads until the buffer has `wanted` bytes or the source ends.
    async fn fill(&mut self, wanted: usize) -> Result<(), Problem> {
        while self.buffer.len() < wanted && !self.reader_ended {
            match self.reader.next().await? {
                Some(chunk) => self.buffer.extend_from_slice(&chunk),
                None => self.reader_ended = true,
            }
        }
        Ok(())
    }

    /// Shows the splitter the bytes up to `end` of the buffer, or up to the `max_rows`-th row.
    fn feed(&mut self, end: usize, max_rows: u64) -> Result<csv::Rows, Problem> {
        let chunk = self.buffer.get(self.fed..end).unwrap_or_default();
        let (rows, used) = self
            .splitter
            .feed_rows(chunk, max_rows)
            .map_err(|fault| row_problem(&self.source, &fault))?;
        self.fed += used;
        Ok(rows)
    }

    fn take(&mut self, bytes: u64, next: RowPosition) -> Bytes {
        let length = usize::try_from(bytes)
            .unwrap_or(usize::MAX)
            .min(self.buffer.len());
        self.splitter.cut();
        self.fed = self.fed.saturating_sub(length);
        self.position = next;
        self.buffer.split_to(length).freeze()
    }

    async fn read_header(&mut self) -> Result<(), Problem> {
        if !self.header.pending {
            return Ok(());
        }
        let mut seen = 0;
        let rows = loop {
            self.fill(seen + 64 * 1024).await?;
            let chunk = self.buffer.get(seen..).unwrap_or_default();
            let (rows, used) = self
                .splitter
                .feed_rows(chunk, 1)
                .map_err(|fault| row_problem(&self.source, &fault))?;
            seen += used;
            if rows.count > 0 {
                break rows;
            }
            if self.reader_ended && seen == self.buffer.len() {
                break self.splitter.unfinished();
            }
        };
        self.header.pending = false;
        let length = usize::try_from(rows.bytes)
            .unwrap_or(usize::MAX)
            .min(self.buffer.len());
        let line = self.buffer.split_to(length);
        self.position = rows.next;
        // The header may be shorter than what was shown to this splitter: start afresh behind it.
        self.splitter = splitter(&self.format, rows.next);
        self.fed = 0;
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
        let names = csv::header(line, csv).map_err(|fault| row_problem(&self.source, &fault))?;
        if self.header.named {
            if names.len() == csv.columns.len() {
                return Ok(());
            }
            let detail = format!(
                "{}: the header line has {} columns, the configuration names {}",
                self.source,
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
                self.source,
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
    Splitter::new(delimiter, quote, start, MAX_ROW_BYTES)
}

fn ascii(character: char) -> Option<u8> {
    u8::try_from(character).ok().filter(u8::is_ascii)
}

/// Blank lines before the header belong to its cut; the mark may stand before them.
fn without_leading_line_ends(line: &[u8]) -> &[u8] {
    let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
    let start = line
        .iter()
        .position(|byte| !matches!(byte, b'\r' | b'\n'))
        .unwrap_or(line.len());
    line.get(start..).unwrap_or_default()
}

/// A row that can't be cut stops the read: behind it nothing is certain.
fn row_problem(source: &str, fault: &RowFault) -> Problem {
    let detail = format!("{source}, line {}: {}", fault.position.line, fault.message);
    Problem::new(fault.code, detail)
}

#[cfg(test)]
mod tests;
