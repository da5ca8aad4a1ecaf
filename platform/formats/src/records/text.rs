//! The front of a text: byte order mark, UTF-16, and a first look for what must be guessed.

use std::io::{Cursor, Read};

use encoding_rs::Encoding;
use tributary_model::rows::RowPosition;

use crate::fault::{ReadFault, RowFault};
use crate::transcode::{Transcoder, byte_order_mark, read_head};

/// How much of a file is looked at to find out what it is, in bytes.
pub const HEAD_BYTES: usize = 64 << 10;

/// A text whose rows can be found byte by byte: no mark, not UTF-16.
pub(super) struct Text<'a> {
    /// the first bytes, also given by `reader`
    pub(super) head: Vec<u8>,
    pub(super) reader: Box<dyn Read + Send + 'a>,
    /// length of the mark that was passed over
    pub(super) offset: u64,
    /// what a mark or the transcoding settled
    encoding: Option<&'static str>,
}

impl<'a> Text<'a> {
    /// Looks at the front of `input`. UTF-16 is turned to UTF-8 on the way; offsets count the
    /// bytes of the UTF-8 text then.
    pub(super) fn open(
        mut input: Box<dyn Read + Send + 'a>,
        declared: Option<&str>,
    ) -> Result<Self, RowFault> {
        let head = read_head(&mut input, HEAD_BYTES).map_err(|error| at_start(&error))?;
        let declared = declared.and_then(|label| Encoding::for_label(label.as_bytes()));
        let mark = byte_order_mark(&head);
        let skip = mark.map_or(0, |(_, length)| length);
        let encoding = mark.map(|(encoding, _)| encoding).or(declared);
        let body = head.get(skip..).unwrap_or_default().to_vec();
        let whole = Cursor::new(body.clone()).chain(input);
        match encoding {
            Some(encoding) if !encoding.is_ascii_compatible() => {
                let mut reader = Transcoder::new(whole, encoding, skip as u64);
                let mut head = Vec::new();
                // A fault here comes again, in its place behind the rows before it.
                let _ = (&mut reader).take(HEAD_BYTES as u64).read_to_end(&mut head);
                Ok(Self {
                    reader: Box::new(Cursor::new(head.clone()).chain(reader)),
                    head,
                    offset: 0,
                    encoding: Some("utf-8"),
                })
            }
            _ => Ok(Self {
                head: body,
                reader: Box::new(whole),
                offset: skip as u64,
                encoding: mark.map(|_| "utf-8"),
            }),
        }
    }

    /// The label to decode rows with.
    pub(super) fn label(&self, declared: Option<&str>, guess: &str) -> String {
        self.encoding.or(declared).unwrap_or(guess).to_owned()
    }
}

/// A fault of the caller's reader before the first row.
pub(super) fn at_start(error: &std::io::Error) -> RowFault {
    ReadFault::of(error).at(RowPosition { line: 1, offset: 0 })
}
