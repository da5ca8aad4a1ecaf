//! The bytes under the XML parser: decoded, counted, and never more than a budget for one event.
//!
//! The parser keeps a whole event (a tag, a piece of text) before it gives it out, so the budget is
//! what bounds its memory.

use std::io::{self, BufRead, Read};

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use tributary_model::error_code::ErrorCode;

use crate::fault::ReadFault;
use crate::transcode::{Transcoder, byte_order_mark};

/// A place in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// from 1
    pub(crate) line: u64,
    /// characters, from 1
    pub(crate) column: u64,
    /// bytes of the document as UTF-8, byte order mark included, from 0
    pub(crate) offset: u64,
}

pub(super) struct Source<R> {
    text: Transcoder<R>,
    /// of the next byte
    place: Place,
    limit: usize,
    left: usize,
}

impl<R: Read> Source<R> {
    pub(super) fn new(text: Transcoder<R>, offset: u64, limit: usize) -> Self {
        Self {
            text,
            place: Place {
                line: 1,
                column: 1,
                offset,
            },
            limit,
            left: limit,
        }
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// A new event starts.
    pub(super) fn renew(&mut self) {
        self.left = self.limit;
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let mut ready = self.fill_buf()?;
        let count = ready.read(room)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for Source<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let ready = self.text.fill_buf()?;
        if self.left == 0 && !ready.is_empty() {
            return Err(ReadFault::error(
                ErrorCode::RowTooLarge,
                format!(
                    "a tag, comment or piece of text is longer than {} bytes",
                    self.limit
                ),
            ));
        }
        Ok(ready.get(..self.left.min(ready.len())).unwrap_or(ready))
    }

    fn consume(&mut self, amount: usize) {
        let passed = self.text.ready().get(..amount).unwrap_or_default();
        let tail = match memchr::memrchr(b'\n', passed) {
            Some(last) => {
                self.place.line += memchr::memchr_iter(b'\n', passed).count() as u64;
                self.place.column = 1;
                passed.get(last + 1..).unwrap_or_default()
            }
            None => passed,
        };
        let characters = if tail.is_ascii() {
            tail.len()
        } else {
            tail.iter().filter(|byte| (**byte & 0xC0) != 0x80).count()
        };
        self.place.column += characters as u64;
        self.place.offset += amount as u64;
        self.left = self.left.saturating_sub(amount);
        self.text.consume(amount);
    }
}

/// The encoding of a document that starts with `head`, and the length of its byte order mark:
/// by the mark, else as a UTF-16 `<` looks, else what the declaration says (XML 1.0 appendix F).
///
/// # Errors
/// A text for a person when the declaration names an encoding that does not exist.
pub(crate) fn encoding_of(head: &[u8]) -> Result<(&'static Encoding, usize), String> {
    if let Some(found) = byte_order_mark(head) {
        return Ok(found);
    }
    if head.starts_with(b"<\0") {
        return Ok((UTF_16LE, 0));
    }
    if head.starts_with(b"\0<") {
        return Ok((UTF_16BE, 0));
    }
    let Some(label) = declared(head) else {
        return Ok((UTF_8, 0));
    };
    match Encoding::for_label_no_replacement(label) {
        // It could not have been read so far if it were UTF-16.
        Some(encoding) if encoding.is_ascii_compatible() => Ok((encoding, 0)),
        Some(_) => Ok((UTF_8, 0)),
        None => Err(format!(
            "the XML declaration names the encoding {:?}, which is not known",
            String::from_utf8_lossy(label)
        )),
    }
}

fn declared(head: &[u8]) -> Option<&[u8]> {
    let declaration = head.strip_prefix(b"<?xml")?;
    let end = memchr::memmem::find(declaration, b"?>")?;
    let declaration = declaration.get(..end)?;
    let at = memchr::memmem::find(declaration, b"encoding")?;
    let value = declaration
        .get(at + b"encoding".len()..)?
        .trim_ascii_start();
    let value = value.strip_prefix(b"=")?.trim_ascii_start();
    let (quote, value) = value.split_first()?;
    let end = memchr::memchr(*quote, value)?;
    value.get(..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_found() {
        for (head, name, mark) in [
            (&b"<a/>"[..], "UTF-8", 0),
            (
                b"\xEF\xBB\xBF<?xml version='1.0' encoding='latin1'?>",
                "UTF-8",
                3,
            ),
            (
                b"<?xml version='1.0' encoding = \"ISO-8859-1\"?>",
                "windows-1252",
                0,
            ),
            (b"<?xml version='1.0' encoding='utf-16'?>", "UTF-8", 0),
            (b"<\0?\0", "UTF-16LE", 0),
            (b"\0<\0?", "UTF-16BE", 0),
            (b"\xFF\xFE<\0", "UTF-16LE", 2),
            (b"<?xml version='1.0'?><a encoding='x'/>", "UTF-8", 0),
            (b"", "UTF-8", 0),
        ] {
            let (encoding, length) = encoding_of(head).unwrap();
            assert_eq!((encoding.name(), length), (name, mark), "{head:?}");
        }
        assert!(encoding_of(b"<?xml encoding='klingon'?>").is_err());
    }
}
