//! What is found out about a text from its first bytes: what the options leave out.
//!
//! Invariants: what is given holds; the first [`HEAD_BYTES`] of a file decide, once. A read that goes on inside
//! a file does not see them, so it is given what was found (the `schema` of the rows tells it); what is not given
//! there is a comma and UTF-8. Deliberately absent: UTF-16 without a mark, quotes, headers.

use encoding_rs::Encoding;
use tributary_formats::csv;
use tributary_formats::records::HEAD_BYTES;
use tributary_formats::transcode::{ChunkTranscoder, byte_order_mark};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::rows::RowPosition;

use super::super::ByteReader;
use super::super::unpack::Packed;

/// What the options say of a text.
pub(crate) struct Given {
    delimiter: Option<char>,
    encoding: Option<String>,
}

/// What holds for the rows of a text.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    /// WHATWG label of the file's encoding
    pub(super) encoding: String,
    /// the rows are UTF-8, because the file is decoded before they are found
    pub(super) transcoded: bool,
}

impl Given {
    /// Options of text that is read from `start` on.
    ///
    /// # Errors
    /// An encoding that nobody knows.
    pub(crate) fn new(
        delimiter: Option<char>,
        encoding: Option<String>,
        start: RowPosition,
    ) -> Result<Self, Problem> {
        if let Some(label) = &encoding
            && Encoding::for_label(label.as_bytes()).is_none()
        {
            let detail = format!("{label:?} is not an encoding that text can have");
            let problem = Problem::new(ErrorCode::ConfigInvalid, detail);
            return Err(problem.hint("use a WHATWG label such as utf-8, windows-1252 or utf-16le"));
        }
        let inside = start.offset > 0;
        Ok(Self {
            delimiter: delimiter.or(inside.then_some(',')),
            encoding: encoding.or(inside.then(|| "utf-8".to_owned())),
        })
    }

    /// The encoding that rows have in pages, as far as it is known.
    pub(crate) fn row_encoding(&self) -> &str {
        match &self.encoding {
            Some(label) if !transcoded(label) => label,
            _ => "utf-8",
        }
    }

    /// The bytes to begin with: positions in text that is decoded first count its UTF-8, so they lead nowhere in
    /// the file.
    pub(crate) fn reader(
        &self,
        reader: ByteReader,
        source: &str,
        packed: Option<Packed>,
        start: RowPosition,
    ) -> Result<ByteReader, Problem> {
        let transcoded = self.encoding.as_deref().is_some_and(transcoded);
        if transcoded && start.offset > 0 && !reader.at_beginning() {
            let detail = format!(
                "{source}: to go on in text of this encoding, open the file at its first byte"
            );
            return Err(Problem::new(ErrorCode::ConnectorFailed, detail));
        }
        let skip = if transcoded { 0 } else { start.offset };
        Ok(reader.unpacked(source, packed, skip))
    }

    /// How to decode a text that begins with `head`, and the length of the mark to pass over then.
    pub(super) fn encoding(&self, head: &[u8]) -> (Found, Option<(ChunkTranscoder, usize)>) {
        let mark = byte_order_mark(head).filter(|(encoding, _)| !encoding.is_ascii_compatible());
        let given = self.encoding.as_deref();
        let known = given.and_then(|label| Encoding::for_label(label.as_bytes()));
        let (encoding, skip) = match (known, mark) {
            // which of the two is the mark's to say
            (Some(given), Some((marked, length))) if given.name().starts_with("UTF-16") => {
                (Some(marked), length)
            }
            (None, Some((marked, length))) => (Some(marked), length),
            (known, _) => (known, 0),
        };
        match encoding.filter(|encoding| !encoding.is_ascii_compatible()) {
            Some(encoding) => {
                let found = Found {
                    encoding: encoding.name().to_ascii_lowercase(),
                    transcoded: true,
                };
                (
                    found,
                    Some((ChunkTranscoder::new(encoding, skip as u64), skip)),
                )
            }
            None => {
                let found = Found {
                    encoding: given.unwrap_or(csv::encoding_of(head)).to_owned(),
                    transcoded: false,
                };
                (found, None)
            }
        }
    }

    /// The separator of a text whose decoded form begins with `head`.
    pub(super) fn delimiter(&self, head: &[u8], quote: Option<char>) -> char {
        let head = head.get(..HEAD_BYTES).unwrap_or(head);
        match self.delimiter {
            Some(delimiter) => delimiter,
            None => csv::detect(head, quote).delimiter,
        }
    }
}

/// Whether text of this encoding must be decoded before its rows can be found.
fn transcoded(label: &str) -> bool {
    Encoding::for_label(label.as_bytes()).is_some_and(|encoding| !encoding.is_ascii_compatible())
}
