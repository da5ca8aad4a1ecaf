//! Finds the rows in a stream of chunks, so that pages can be cut at row ends without holding the
//! file. It copies nothing: the caller keeps the bytes, the splitter says how many belong together.

use tributary_model::error_code::ErrorCode;
use tributary_model::rows::RowPosition;

use super::{BOM, Scanner};
use crate::fault::RowFault;

/// The complete rows since the last [`Splitter::cut`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    /// rows, empty lines not counted
    pub count: u64,
    /// their length in bytes, from the first byte after the last cut
    pub bytes: u64,
    /// where the row after them starts
    pub next: RowPosition,
}

/// An incremental finder of row ends. See [`crate::csv`] for the dialect.
///
/// Give it each chunk once ([`Self::feed`]); when [`Rows`] is as large as a page should be, take
/// [`Rows::bytes`] bytes from the front of your buffer and say so with [`Self::cut`].
#[derive(Debug, Clone)]
pub struct Splitter {
    scanner: Scanner,
    max_row_bytes: usize,
    rows: Rows,
    /// where the row in progress starts
    row: RowPosition,
    /// bytes of the row in progress, without a byte order mark
    row_bytes: u64,
    /// bytes of the mark that matched; 3 when it is over with
    mark: usize,
    mark_bytes: u64,
    last_byte: u8,
}

impl Splitter {
    /// A splitter for text that starts at `start`; a byte order mark is looked for at offset 0
    /// only. A row longer than `max_row_bytes` is an error, which bounds the caller's buffer.
    #[must_use]
    pub fn new(delimiter: u8, quote: Option<u8>, start: RowPosition, max_row_bytes: usize) -> Self {
        Self {
            scanner: Scanner::new(delimiter, quote),
            max_row_bytes,
            rows: Rows {
                count: 0,
                bytes: 0,
                next: start,
            },
            row: start,
            row_bytes: 0,
            mark: if start.offset == 0 { 0 } else { BOM.len() },
            mark_bytes: 0,
            last_byte: 0,
        }
    }

    /// Takes the next chunk of the stream and answers the complete rows since the last cut.
    ///
    /// # Errors
    /// [`ErrorCode::RowTooLarge`] when a row is longer than `max_row_bytes`; the usual cause is a
    /// quote that is never closed. The splitter is of no further use then, but for [`Self::complete`].
    pub fn feed(&mut self, chunk: &[u8]) -> Result<Rows, RowFault> {
        self.feed_rows(chunk, u64::MAX).map(|(rows, _)| rows)
    }

    /// As [`Self::feed`], but stops behind the `max_rows`-th row since the last cut. Answers also
    /// how many bytes of `chunk` were looked at; feed the others again later.
    ///
    /// # Errors
    /// As [`Self::feed`].
    pub fn feed_rows(&mut self, chunk: &[u8], max_rows: u64) -> Result<(Rows, usize), RowFault> {
        let mut at = self.skip_mark(chunk);
        while at < chunk.len() && self.rows.count < max_rows {
            let end = self.scanner.row_end(chunk, at);
            let part = chunk
                .get(at..end.unwrap_or(chunk.len()))
                .unwrap_or_default();
            self.row_bytes += part.len() as u64;
            let before_last = match part.len() {
                0 | 1 => self.last_byte,
                length => part.get(length - 2).copied().unwrap_or(0),
            };
            self.last_byte = part.last().copied().unwrap_or(self.last_byte);
            if self.row_bytes > self.max_row_bytes as u64 {
                return Err(self.too_large(part));
            }
            let Some(end) = end else {
                at = chunk.len();
                break;
            };
            let blank = self.row_bytes == 1 || (self.row_bytes == 2 && before_last == b'\r');
            self.complete_row(blank);
            at = end;
        }
        Ok((self.rows, at))
    }

    /// The complete rows since the last cut; after an error those before the row that it is about.
    #[must_use]
    pub fn complete(&self) -> Rows {
        self.rows
    }

    /// The caller has taken [`Rows::bytes`] bytes away: counting starts again at 0.
    pub fn cut(&mut self) {
        self.rows.count = 0;
        self.rows.bytes = 0;
    }

    /// The stream is over. A last line without a line end is complete now and counted in the
    /// answer; everything since the last cut belongs to it.
    ///
    /// # Errors
    /// [`ErrorCode::CsvQuote`] when the text ends inside a quoted field: the file was cut off or a
    /// quote is missing. [`Self::unfinished`] still tells the rows, that one included.
    pub fn finish(&mut self) -> Result<Rows, RowFault> {
        if self.scanner.open_quote() {
            return Err(RowFault::new(
                ErrorCode::CsvQuote,
                self.row,
                format!(
                    "the quoted field that starts in line {} is not closed at the end of the text",
                    self.row.line
                ),
                b"",
            ));
        }
        Ok(self.unfinished())
    }

    /// All rows since the last cut when the stream is over, the last one complete or not.
    #[must_use]
    pub fn unfinished(&mut self) -> Rows {
        if self.mark > 0 && self.mark < BOM.len() {
            // One or two bytes of a mark and nothing behind them are data.
            self.row_bytes += self.mark as u64;
            self.mark = BOM.len();
        }
        if self.row_bytes > 0 || self.mark_bytes > 0 {
            let blank = self.row_bytes == 0 || (self.row_bytes == 1 && self.last_byte == b'\r');
            self.complete_row(blank);
        }
        self.rows
    }

    fn complete_row(&mut self, blank: bool) {
        let bytes = self.row_bytes + self.mark_bytes;
        self.row.offset += bytes;
        self.row.line += self.scanner.lines;
        self.rows.bytes += bytes;
        self.rows.count += u64::from(!blank);
        self.rows.next = self.row;
        self.row_bytes = 0;
        self.mark_bytes = 0;
        self.last_byte = 0;
        self.scanner.begin_row();
    }

    fn skip_mark(&mut self, chunk: &[u8]) -> usize {
        let mut at = 0;
        while self.mark < BOM.len() {
            match (chunk.get(at), BOM.get(self.mark)) {
                (None, _) => break,
                (Some(byte), Some(mark)) if byte == mark => {
                    self.mark += 1;
                    at += 1;
                    if self.mark == BOM.len() {
                        self.mark_bytes = BOM.len() as u64;
                    }
                }
                _ => {
                    // No mark after all: what matched so far is the start of the first field.
                    if self.mark > 0 {
                        self.scanner.inside_field();
                        self.row_bytes += self.mark as u64;
                    }
                    self.mark = BOM.len();
                }
            }
        }
        at
    }

    fn too_large(&self, part: &[u8]) -> RowFault {
        let cause = if self.scanner.open_quote() {
            "; a quote that is not closed makes the lines after it part of the row"
        } else {
            ""
        };
        RowFault::new(
            ErrorCode::RowTooLarge,
            self.row,
            format!(
                "the row that starts in line {} is longer than {} bytes{cause}",
                self.row.line, self.max_row_bytes
            ),
            part,
        )
    }
}
