//! The rows of delimited text and of plain lines, out of a stream, one at a time.
//!
//! Invariants: memory is bounded by the longest row allowed, half as much again and a chunk,
//! however long the rows are; a row that is longer is one fault, and reading goes on behind the
//! next line end; the size of the chunks that the stream gives does not change the rows.

use std::io::Read;

use memchr::{memchr, memchr_iter};
use tributary_model::error_code::ErrorCode;
use tributary_model::rows::RowPosition;

use super::Trouble;
use super::window::Window;
use crate::csv::{Scanner, without_line_end};
use crate::fault::{EXCERPT_CHARS, ReadFault, RowFault};

pub(super) struct Lines<'a> {
    window: Window<'a>,
    scanner: Scanner,
    max_row_bytes: usize,
    /// where the next row starts in the source
    line: u64,
    /// the last row found, its length with line end; it lies before the window's mark
    row_bytes: usize,
    position: RowPosition,
}

impl<'a> Lines<'a> {
    /// Rows of `input`, whose first byte stands at `offset` in its source.
    pub(super) fn new(
        input: Box<dyn Read + Send + 'a>,
        offset: u64,
        delimiter: u8,
        quote: Option<u8>,
        max_row_bytes: usize,
    ) -> Self {
        Self {
            window: Window::new(input, offset),
            scanner: Scanner::new(delimiter, quote),
            max_row_bytes,
            line: 1,
            row_bytes: 0,
            position: RowPosition { line: 1, offset },
        }
    }

    /// The row that [`Self::advance`] found, without its line end.
    pub(super) fn row(&self) -> &[u8] {
        without_line_end(self.window.before(self.row_bytes))
    }

    /// Where it starts.
    pub(super) fn position(&self) -> RowPosition {
        self.position
    }

    /// Goes to the next row that is not empty; `false` at the end.
    pub(super) fn advance(&mut self) -> Result<bool, Trouble> {
        while self.advance_line()? {
            if !self.row().is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn advance_line(&mut self) -> Result<bool, Trouble> {
        // Runs of empty lines without looking at each: a file may be nothing else.
        let held = self.window.held();
        let empty = held.iter().take_while(|byte| **byte == b'\n').count();
        self.line += empty as u64;
        self.window.consume(empty);
        self.scanner.begin_row();
        self.row_bytes = 0;
        self.position = RowPosition {
            line: self.line,
            offset: self.window.offset,
        };
        let mut scanned = 0;
        loop {
            let held = self.window.held();
            let end = self.scanner.row_end(held, scanned);
            scanned = held.len();
            if end.unwrap_or(scanned) > self.max_row_bytes {
                return Err(self.pass_over());
            }
            if let Some(end) = end {
                self.complete(end);
                return Ok(true);
            }
            if self.window.ended {
                self.complete(scanned);
                return Ok(scanned > 0);
            }
            self.fill()?;
        }
    }

    fn complete(&mut self, length: usize) {
        self.row_bytes = length;
        self.line += self.scanner.lines;
        self.window.consume(length);
    }

    fn fill(&mut self) -> Result<(), Trouble> {
        let result = self.window.fill();
        result.map_err(|error| Trouble::end(ReadFault::of(&error).at(self.position)))
    }

    /// The row in progress is too long: goes behind a line end without keeping it. That is the
    /// next line end of any kind, since the usual cause is a quote that is never closed.
    fn pass_over(&mut self) -> Trouble {
        let held = self.window.held();
        let excerpt = held.get(..EXCERPT_CHARS * 4 + 4).unwrap_or(held).to_vec();
        let cause = if self.scanner.open_quote() {
            "; a quote that is not closed makes the lines after it part of the row"
        } else {
            ""
        };
        let mut from = self.max_row_bytes;
        loop {
            let held = self.window.held();
            let rest = held.get(from..).unwrap_or_default();
            let end = memchr(b'\n', rest).map(|end| from + end + 1);
            let passed = held.get(..end.unwrap_or(held.len())).unwrap_or_default();
            self.line += memchr_iter(b'\n', passed).count() as u64;
            let length = passed.len();
            self.window.consume(length);
            if end.is_some() || self.window.ended {
                break;
            }
            if let Err(trouble) = self.fill() {
                return trouble;
            }
            from = 0;
        }
        self.scanner.start_over();
        let message = format!(
            "the row that starts in line {} is longer than {} bytes{cause}; reading goes on in line {}",
            self.position.line, self.max_row_bytes, self.line
        );
        let fault = RowFault::new(ErrorCode::RowTooLarge, self.position, message, &excerpt);
        Trouble::row(fault)
    }
}
