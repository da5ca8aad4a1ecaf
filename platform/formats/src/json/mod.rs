//! JSON documents without a tree: where the rows of a page lie, and single values such as the
//! cursor of the next page.
//!
//! The whole document is checked (RFC 8259, UTF-8, at most [`MAX_DEPTH`] levels), the part behind
//! the rows included. Not checked: pairs of surrogate escapes and repeated keys, where the first
//! counts. Those concern one value, not the structure, and are the reader's of that value.

mod scanner;

use std::borrow::Cow;
use std::ops::Range;

use scanner::{Bad, Scanner};
use tributary_model::error_code::ErrorCode;
use tributary_model::rows::RowPosition;

use crate::csv::BOM;
use crate::fault::RowFault;

/// Arrays and objects inside each other; deeper is an error, as in serde_json.
pub const MAX_DEPTH: u32 = 128;

/// Checks that `text` is one JSON value.
///
/// # Errors
/// A [`RowFault`] with the byte where it stops to be JSON.
pub fn check(text: &[u8], position: RowPosition) -> Result<(), RowFault> {
    utf8(text, position)?;
    let mut scanner = Scanner::new(text, 0);
    let result = scanner.value().and_then(|()| scanner.end());
    result.map_err(|bad| fault(text, &bad, position))
}

/// The elements of the array at `pointer` (RFC 6901, `""` for the document) as byte ranges of
/// `body`. After an error the iterator is over; the elements before it are good.
#[must_use]
pub fn records<'a>(body: &'a [u8], pointer: &str) -> Records<'a> {
    let state = match start(body, pointer) {
        Ok(scanner) => State::First(scanner),
        Err(fault) => State::Failed(Box::new(fault)),
    };
    Records {
        body,
        state,
        number: 0,
    }
}

/// The scalar at `pointer` as text: a string without its quotes and escapes, a number as written,
/// `true`, `false`. `None` when there is no such value or it is `null`.
///
/// # Errors
/// A [`RowFault`] when `body` is not JSON up to there, or the value is an object or array.
pub fn probe<'a>(body: &'a [u8], pointer: &str) -> Result<Option<Cow<'a, str>>, RowFault> {
    let here = RowPosition { line: 1, offset: 0 };
    utf8(body, here)?;
    let mut scanner = Scanner::new(body, mark(body));
    let bad = |bad: Bad| fault(body, &bad, here);
    if !locate(&mut scanner, pointer).map_err(bad)? {
        return Ok(None);
    }
    let from = scanner.at();
    scanner.value().map_err(bad)?;
    let raw = body.get(from..scanner.at()).unwrap_or_default();
    match raw.first() {
        Some(b'n') => Ok(None),
        Some(b'"') => match serde_json::from_slice::<Text<'a>>(raw) {
            Ok(Text(text)) => Ok(Some(text)),
            Err(error) => Err(RowFault::new(
                ErrorCode::JsonInvalid,
                here,
                format!("the text at {pointer:?} cannot be decoded: {error}"),
                raw,
            )),
        },
        Some(b'{' | b'[') => Err(RowFault::new(
            ErrorCode::JsonInvalid,
            here,
            format!("there is an object or array at {pointer:?}, where one value is expected"),
            raw,
        )),
        _ => Ok(Some(String::from_utf8_lossy(raw))),
    }
}

/// Appends `text` as a JSON string.
pub(crate) fn write_text(out: &mut Vec<u8>, text: &str) {
    // Writing to memory cannot fail, and a text always has a JSON form.
    let written = serde_json::to_writer(&mut *out, text);
    debug_assert!(written.is_ok());
}

/// Borrows where the text has no escapes.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// See [`records`].
#[derive(Debug)]
pub struct Records<'a> {
    body: &'a [u8],
    state: State<'a>,
    number: u64,
}

#[derive(Debug)]
enum State<'a> {
    First(Scanner<'a>),
    Next(Scanner<'a>),
    Failed(Box<RowFault>),
    Over,
}

impl Iterator for Records<'_> {
    type Item = Result<Range<usize>, RowFault>;

    fn next(&mut self) -> Option<Self::Item> {
        let (mut scanner, first) = match std::mem::replace(&mut self.state, State::Over) {
            State::First(scanner) => (scanner, true),
            State::Next(scanner) => (scanner, false),
            State::Failed(fault) => return Some(Err(*fault)),
            State::Over => return None,
        };
        self.number += 1;
        let start = scanner.at();
        match scanner.element(first) {
            Ok(Some(range)) => {
                self.state = State::Next(scanner);
                Some(Ok(range))
            }
            Ok(None) => None,
            Err(bad) => {
                let place = RowPosition {
                    line: self.number,
                    offset: start as u64,
                };
                Some(Err(fault(self.body, &bad, place)))
            }
        }
    }
}

/// A scanner that stands behind the `[` of the array at `pointer`.
fn start<'a>(body: &'a [u8], pointer: &str) -> Result<Scanner<'a>, RowFault> {
    let here = RowPosition { line: 1, offset: 0 };
    utf8(body, here)?;
    let mut scanner = Scanner::new(body, mark(body));
    let found = locate(&mut scanner, pointer).map_err(|bad| fault(body, &bad, here))?;
    if !found || !scanner.enter_array() {
        let found = if found { "something else" } else { "nothing" };
        return Err(RowFault::new(
            ErrorCode::SourceProtocol,
            here,
            format!("an array of records is expected at {pointer:?}, but {found} is there"),
            body,
        ));
    }
    Ok(scanner)
}

fn locate(scanner: &mut Scanner<'_>, pointer: &str) -> Result<bool, Bad> {
    scanner.space();
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        if !scanner.descend(&token)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn mark(body: &[u8]) -> usize {
    if body.starts_with(BOM) { BOM.len() } else { 0 }
}

fn utf8(text: &[u8], position: RowPosition) -> Result<(), RowFault> {
    match std::str::from_utf8(text) {
        Ok(_) => Ok(()),
        Err(error) => {
            let bad = Bad {
                at: error.valid_up_to(),
                expected: "UTF-8",
            };
            let mut fault = fault(text, &bad, position);
            fault.code = ErrorCode::EncodingInvalid;
            Err(fault)
        }
    }
}

fn fault(text: &[u8], bad: &Bad, position: RowPosition) -> RowFault {
    let found = text.get(bad.at..).unwrap_or_default();
    let found = found.get(..24).unwrap_or(found);
    let place = bad.at + 1;
    let message = if found.is_empty() {
        format!(
            "the text ends at byte {place}, where {} is expected",
            bad.expected
        )
    } else {
        format!("{} is expected at byte {place}", bad.expected)
    };
    RowFault::new(ErrorCode::JsonInvalid, position, message, found)
}

#[cfg(test)]
mod tests;
