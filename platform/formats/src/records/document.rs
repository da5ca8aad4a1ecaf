//! The elements of an array in a JSON document, out of a stream, one at a time.
//!
//! Unlike [`crate::json::records`] the document is not in memory: an element's end is found by its
//! brackets and quotes, then the element alone is checked. So a bad element is a fault on its row,
//! and as long as the brackets are right the rest goes on. Memory is bounded by the longest element
//! allowed. What surrounds the array is checked too, except for values longer than the limit.

use std::io::Read;

use memchr::memchr2;
use tributary_model::error_code::ErrorCode;
use tributary_model::rows::RowPosition;

use super::text::Text;
use super::window::Window;
use super::{Record, Trouble};
use crate::fault::{EXCERPT_CHARS, ReadFault, RowFault};
use crate::json;

pub(super) struct DocumentRecords<'a> {
    window: Window<'a>,
    max_record_bytes: usize,
    /// containers around the array, `true` for an object
    around: Vec<bool>,
    /// elements met so far
    number: u64,
    over: bool,
}

/// A value that was passed.
enum Passed {
    /// its length; it lies before the window's mark
    Held(usize),
    /// longer than the limit
    TooLong { excerpt: Vec<u8> },
}

/// Opens a document and goes to the array at `pointer` (RFC 6901).
pub(super) fn open<'a>(
    pointer: &str,
    input: Box<dyn Read + Send + 'a>,
    max_record_bytes: usize,
) -> Result<DocumentRecords<'a>, RowFault> {
    let text = Text::open(input, None)?;
    let mut records = DocumentRecords {
        window: Window::new(text.reader, text.offset),
        max_record_bytes,
        around: Vec::new(),
        number: 0,
        over: false,
    };
    let found = records.locate(pointer).map_err(|trouble| trouble.fault)?;
    if !found {
        let message = format!("an array of records is expected at {pointer:?}, but there is none");
        let position = records.position();
        return Err(RowFault::new(
            ErrorCode::SourceProtocol,
            position,
            message,
            b"",
        ));
    }
    Ok(records)
}

impl DocumentRecords<'_> {
    pub(super) fn next_record(&mut self) -> Result<Option<Record<'_>>, Trouble> {
        if self.over {
            return Ok(None);
        }
        let byte = self.peek()?;
        match byte {
            Some(b']') => {
                self.over = true;
                self.window.consume(1);
                self.finish()?;
                return Ok(None);
            }
            Some(b',') if self.number > 0 => {
                self.window.consume(1);
                self.peek()?;
            }
            _ if self.number == 0 => {}
            _ => return Err(self.expected("a comma or ]")),
        }
        self.number += 1;
        let position = self.position();
        match self.value()? {
            Passed::Held(length) => {
                let bytes = self.window.before(length);
                if let Err(fault) = json::check(bytes, position) {
                    let fault = RowFault {
                        value: crate::fault::excerpt(bytes),
                        ..fault
                    };
                    return Err(if self.window.ended && self.window.held().is_empty() {
                        Trouble::end(fault)
                    } else {
                        Trouble::row(fault)
                    });
                }
                Ok(Some(Record {
                    position,
                    bytes: bytes.into(),
                }))
            }
            Passed::TooLong { excerpt } => {
                let message = format!(
                    "element {} of the array is longer than {} bytes",
                    self.number, self.max_record_bytes
                );
                let code = ErrorCode::RowTooLarge;
                Err(Trouble::row(RowFault::new(
                    code, position, message, &excerpt,
                )))
            }
        }
    }

    fn position(&self) -> RowPosition {
        RowPosition {
            line: self.number.max(1),
            offset: self.window.offset,
        }
    }

    fn expected(&self, what: &str) -> Trouble {
        let place = self.window.offset + 1;
        let held = self.window.held();
        let message = if held.is_empty() {
            format!("the text ends at byte {place}, where {what} is expected")
        } else {
            format!("{what} is expected at byte {place}")
        };
        let found = held.get(..24).unwrap_or(held);
        Trouble::end(RowFault::new(
            ErrorCode::JsonInvalid,
            self.position(),
            message,
            found,
        ))
    }

    fn fill(&mut self) -> Result<(), Trouble> {
        let result = self.window.fill();
        result.map_err(|error| Trouble::end(ReadFault::of(&error).at(self.position())))
    }

    /// Passes white space and answers the byte behind it, which stays.
    fn peek(&mut self) -> Result<Option<u8>, Trouble> {
        loop {
            let held = self.window.held();
            let space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\t' | b'\r');
            let length = held.iter().take_while(|byte| space(byte)).count();
            let found = held.get(length).copied();
            self.window.consume(length);
            if found.is_some() || self.window.ended {
                return Ok(found);
            }
            self.fill()?;
        }
    }

    fn expect(&mut self, byte: u8, what: &str) -> Result<(), Trouble> {
        if self.peek()? != Some(byte) {
            return Err(self.expected(what));
        }
        self.window.consume(1);
        Ok(())
    }

    /// Passes a value, which starts here.
    fn value(&mut self) -> Result<Passed, Trouble> {
        let mut finder = Finder::default();
        let mut excerpt = None;
        let mut looked = 0;
        loop {
            let held = self.window.held();
            let fresh = held.get(looked..).unwrap_or_default();
            let end = finder.end(fresh).map(|end| looked + end);
            looked = end.unwrap_or(held.len());
            if looked > self.max_record_bytes && excerpt.is_none() {
                let head = held.get(..EXCERPT_CHARS * 4 + 4).unwrap_or(held);
                excerpt = Some(head.to_vec());
            }
            if end.is_some() || self.window.ended {
                self.window.consume(looked);
                return match excerpt {
                    Some(excerpt) => Ok(Passed::TooLong { excerpt }),
                    None if looked == 0 => Err(self.expected("a value")),
                    None => Ok(Passed::Held(looked)),
                };
            }
            if excerpt.is_some() {
                self.window.consume(looked);
                looked = 0;
            }
            self.fill()?;
        }
    }

    /// Passes a value outside of the array.
    fn skip(&mut self) -> Result<(), Trouble> {
        self.peek()?;
        let position = self.position();
        match self.value()? {
            Passed::Held(length) => {
                json::check(self.window.before(length), position).map_err(Trouble::end)
            }
            Passed::TooLong { .. } => Ok(()),
        }
    }

    /// Passes a key and its colon.
    fn key(&mut self) -> Result<String, Trouble> {
        if self.peek()? != Some(b'"') {
            return Err(self.expected("a key in quotes"));
        }
        let key = match self.value()? {
            Passed::Held(length) => serde_json::from_slice(self.window.before(length)).ok(),
            Passed::TooLong { .. } => None,
        };
        let Some(key) = key else {
            return Err(self.expected("a colon behind a key that can be read"));
        };
        self.expect(b':', "a colon")?;
        Ok(key)
    }

    fn locate(&mut self, pointer: &str) -> Result<bool, Trouble> {
        for token in pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            let object = match self.peek()? {
                Some(b'{') => true,
                Some(b'[') => false,
                _ => return Ok(false),
            };
            self.window.consume(1);
            self.around.push(object);
            let mut index = 0_u64;
            loop {
                if matches!(self.peek()?, Some(b'}' | b']')) {
                    return Ok(false);
                }
                let here = if object {
                    self.key()? == token
                } else {
                    token.parse() == Ok(index)
                };
                if here {
                    break;
                }
                self.skip()?;
                index += 1;
                match self.peek()? {
                    Some(b',') => self.window.consume(1),
                    Some(b'}' | b']') => {}
                    _ => return Err(self.expected("a comma")),
                }
            }
        }
        if self.peek()? != Some(b'[') {
            return Ok(false);
        }
        self.window.consume(1);
        Ok(true)
    }

    /// Passes what follows the array.
    fn finish(&mut self) -> Result<(), Trouble> {
        while let Some(object) = self.around.pop() {
            loop {
                match self.peek()? {
                    Some(b',') => self.window.consume(1),
                    Some(b'}') if object => break,
                    Some(b']') if !object => break,
                    _ if object => return Err(self.expected("a comma or }")),
                    _ => return Err(self.expected("a comma or ]")),
                }
                if object {
                    self.key()?;
                }
                self.skip()?;
            }
            self.window.consume(1);
        }
        if self.peek()?.is_some() {
            return Err(self.expected("the end of the document"));
        }
        Ok(())
    }
}

/// Finds the end of a value by brackets and quotes alone. Feed it every byte once.
#[derive(Default)]
struct Finder {
    depth: u64,
    text: bool,
    escaped: bool,
    /// inside of a number or word outside of all brackets
    word: bool,
}

impl Finder {
    /// `Some(end)`: the value ends before index `end` of `bytes`.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            if self.escaped {
                self.escaped = false;
                at += 1;
                continue;
            }
            if self.text {
                let rest = bytes.get(at..).unwrap_or_default();
                at += memchr2(b'"', b'\\', rest)?;
                self.escaped = bytes.get(at) == Some(&b'\\');
                self.text = self.escaped;
                at += 1;
                if !self.text && self.depth == 0 {
                    return Some(at);
                }
                continue;
            }
            match byte {
                b',' | b':' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 => {
                    return Some(at);
                }
                _ if self.word => {}
                b'"' => self.text = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => self.word = self.depth == 0,
            }
            at += 1;
        }
        None
    }
}
