//! Finds where rows end. The one place that knows quotes from text; the splitter runs it over a
//! stream in chunks, the reader over a page.

use memchr::{memchr, memchr_iter, memchr2};

/// Where the scanner stands between two bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// outside of quotes
    Text,
    Quoted,
    /// behind a quote inside a quoted field: its end, or the first half of a doubled quote
    QuoteSeen,
}

/// An incremental search for row ends. Feed it every byte once, in order.
#[derive(Debug, Clone)]
pub(crate) struct Scanner {
    delimiter: u8,
    quote: Option<u8>,
    state: State,
    /// the next byte is the first of a field
    field_start: bool,
    /// a quoted field was met since [`Self::begin_row`]
    pub(crate) quotes: bool,
    /// `\n` seen since [`Self::begin_row`], the row's own included
    pub(crate) lines: u64,
}

impl Scanner {
    pub(crate) fn new(delimiter: u8, quote: Option<u8>) -> Self {
        Self {
            delimiter,
            quote,
            state: State::Text,
            field_start: true,
            quotes: false,
            lines: 0,
        }
    }

    /// Forgets what was counted for the row before.
    pub(crate) fn begin_row(&mut self) {
        self.quotes = false;
        self.lines = 0;
    }

    /// Starts over at the beginning of a row, whatever came before.
    pub(crate) fn start_over(&mut self) {
        self.state = State::Text;
        self.field_start = true;
        self.begin_row();
    }

    /// Tells that bytes of a field went by which the scanner was not shown.
    pub(crate) fn inside_field(&mut self) {
        self.field_start = false;
    }

    /// Whether the input, if it ended here, would end inside a quoted field.
    pub(crate) fn open_quote(&self) -> bool {
        self.state == State::Quoted
    }

    /// Looks at `bytes` from index `at` on. `Some(end)`: a row ends there, just behind its `\n`.
    /// `None`: all bytes are consumed and the row goes on.
    pub(crate) fn row_end(&mut self, bytes: &[u8], mut at: usize) -> Option<usize> {
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let last = rest.last()?;
            match (self.state, self.quote) {
                (State::Text, None) => {
                    let found = memchr(b'\n', rest)?;
                    self.lines += 1;
                    return Some(at + found + 1);
                }
                (State::Text, Some(quote)) => {
                    let Some(found) = memchr2(b'\n', quote, rest) else {
                        self.field_start = *last == self.delimiter;
                        return None;
                    };
                    if rest.get(found) == Some(&b'\n') {
                        self.field_start = true;
                        self.lines += 1;
                        return Some(at + found + 1);
                    }
                    let opening = match found.checked_sub(1) {
                        None => self.field_start,
                        Some(before) => rest.get(before) == Some(&self.delimiter),
                    };
                    if opening {
                        self.state = State::Quoted;
                        self.quotes = true;
                    }
                    self.field_start = false;
                    at += found + 1;
                }
                (State::Quoted, quote) => {
                    let found = quote.and_then(|quote| memchr(quote, rest));
                    let inside = rest.get(..found.unwrap_or(rest.len())).unwrap_or_default();
                    self.lines += memchr_iter(b'\n', inside).count() as u64;
                    at += found? + 1;
                    self.state = State::QuoteSeen;
                }
                (State::QuoteSeen, quote) => {
                    if rest.first().copied() == quote {
                        at += 1;
                        self.state = State::Quoted;
                    } else {
                        self.state = State::Text;
                    }
                }
            }
        }
    }
}
