//! A stream of text in any WHATWG encoding as a stream of UTF-8, for the formats that must be
//! decoded before they are split (XML, UTF-16).
//!
//! Invariant: what comes out is valid UTF-8; at the first byte that does not fit the reader gives
//! everything before it and then the fault. Fixed memory. Deliberately absent: replacement
//! characters, and the stricter single-byte tables of [`crate::encoding`], which rows have.

use std::io::{self, BufRead, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use tributary_model::error_code::ErrorCode;

use crate::csv::BOM;
use crate::fault::ReadFault;

const INPUT_BYTES: usize = 32 << 10;
const OUTPUT_BYTES: usize = 64 << 10;

/// See the module.
pub struct Transcoder<R> {
    inner: R,
    decoder: Decoder,
    input: Vec<u8>,
    /// the part of `input` not decoded yet
    from: usize,
    until: usize,
    /// bytes decoded so far, plus where the stream starts in its source
    offset: u64,
    input_ended: bool,
    output: Vec<u8>,
    taken: usize,
    filled: usize,
    state: State,
}

enum State {
    Decoding,
    Failed(ReadFault),
    Over,
}

impl<R: Read> Transcoder<R> {
    /// Decodes `inner`, whose first byte stands at `offset` in its source. A byte order mark is
    /// not looked for.
    pub fn new(inner: R, encoding: &'static Encoding, offset: u64) -> Self {
        Self {
            inner,
            decoder: encoding.new_decoder_without_bom_handling(),
            input: vec![0; INPUT_BYTES],
            from: 0,
            until: 0,
            offset,
            input_ended: false,
            output: vec![0; OUTPUT_BYTES],
            taken: 0,
            filled: 0,
            state: State::Decoding,
        }
    }

    /// What is decoded and not consumed yet.
    pub(crate) fn ready(&self) -> &[u8] {
        self.output.get(self.taken..self.filled).unwrap_or_default()
    }

    fn decode(&mut self) -> io::Result<()> {
        if self.from == self.until && !self.input_ended {
            self.until = read_some(&mut self.inner, &mut self.input)?;
            self.from = 0;
            self.input_ended = self.until == 0;
        }
        let source = self.input.get(self.from..self.until).unwrap_or_default();
        let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(
            source,
            &mut self.output,
            self.input_ended,
        );
        self.from += read;
        self.offset += read as u64;
        self.taken = 0;
        self.filled = written;
        match result {
            DecoderResult::InputEmpty if self.input_ended => self.state = State::Over,
            DecoderResult::InputEmpty | DecoderResult::OutputFull => {}
            DecoderResult::Malformed(length, behind) => {
                let fault = malformed(&self.decoder, self.offset, (length, behind));
                self.state = State::Failed(fault);
            }
        }
        Ok(())
    }
}

impl<R: Read> BufRead for Transcoder<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.taken >= self.filled {
            match &self.state {
                State::Decoding => self.decode()?,
                State::Failed(fault) => {
                    return Err(ReadFault::error(fault.code, fault.message.clone()));
                }
                State::Over => return Ok(&[]),
            }
        }
        Ok(self.ready())
    }

    fn consume(&mut self, amount: usize) {
        self.taken = (self.taken + amount).min(self.filled);
    }
}

impl<R: Read> Read for Transcoder<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let mut ready = self.fill_buf()?;
        let count = ready.read(room)?;
        self.consume(count);
        Ok(count)
    }
}

/// As [`Transcoder`], for a caller that is given chunks instead of asking for them.
pub struct ChunkTranscoder {
    decoder: Decoder,
    /// bytes decoded so far, plus where the first chunk starts in its source
    offset: u64,
}

impl ChunkTranscoder {
    /// For chunks of which the first byte stands at `offset` in its source. A byte order mark is not
    /// looked for.
    #[must_use]
    pub fn new(encoding: &'static Encoding, offset: u64) -> Self {
        Self {
            decoder: encoding.new_decoder_without_bom_handling(),
            offset,
        }
    }

    /// Adds the text of `chunk` to `out`. `last`: nothing follows, so that a part of a character is a fault.
    ///
    /// # Errors
    /// The first byte that does not fit; what stands before it is in `out`. Give no more chunks then.
    pub fn decode(&mut self, chunk: &[u8], last: bool, out: &mut Vec<u8>) -> Result<(), ReadFault> {
        let mut rest = chunk;
        loop {
            let room = self
                .decoder
                .max_utf8_buffer_length_without_replacement(rest.len())
                .unwrap_or(OUTPUT_BYTES);
            let at = out.len();
            out.resize(at + room, 0);
            let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(
                rest,
                out.get_mut(at..).unwrap_or_default(),
                last,
            );
            out.truncate(at + written);
            self.offset += read as u64;
            rest = rest.get(read..).unwrap_or_default();
            match result {
                DecoderResult::InputEmpty => return Ok(()),
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(length, behind) => {
                    return Err(malformed(&self.decoder, self.offset, (length, behind)));
                }
            }
        }
    }
}

/// The bytes before `offset` do not fit: `length` of them, `behind` bytes before the decoder's place.
fn malformed(decoder: &Decoder, offset: u64, (length, behind): (u8, u8)) -> ReadFault {
    let place = offset.saturating_sub(u64::from(length) + u64::from(behind)) + 1;
    let name = decoder.encoding().name();
    ReadFault {
        code: ErrorCode::EncodingInvalid,
        message: format!("byte {place} of the file is not valid {name}"),
    }
}

/// Reads what there is, at least one byte unless the end is reached.
pub(crate) fn read_some(reader: &mut impl Read, room: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(room) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Reads up to `limit` bytes from the front of `reader`, less only at its end.
pub(crate) fn read_head(reader: &mut impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut head = vec![0; limit];
    let mut length = 0;
    while let Some(room) = head.get_mut(length..).filter(|room| !room.is_empty()) {
        match read_some(reader, room)? {
            0 => break,
            count => length += count,
        }
    }
    head.truncate(length);
    Ok(head)
}

/// The encoding that a byte order mark at the front of `head` stands for, and its length.
#[must_use]
pub fn byte_order_mark(head: &[u8]) -> Option<(&'static Encoding, usize)> {
    if head.starts_with(BOM) {
        Some((UTF_8, BOM.len()))
    } else if head.starts_with(b"\xFF\xFE") {
        Some((UTF_16LE, 2))
    } else if head.starts_with(b"\xFE\xFF") {
        Some((UTF_16BE, 2))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes in pieces of `size`.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(room.len());
            (&mut self.0).take(count as u64).read(room)
        }
    }

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn any_pieces_give_the_same_text() {
        let text = "Straße 5 € 日本 🚚".repeat(9000);
        let latin: Vec<u8> = "Stra\u{DF}e".chars().map(|c| c as u8).collect();
        for size in [1, 3, 1000, 100_000] {
            let mut out = String::new();
            let bytes = utf16(&text);
            Transcoder::new(Pieces(&bytes, size), UTF_16LE, 0)
                .read_to_string(&mut out)
                .unwrap();
            assert_eq!(out, text);
            let mut out = String::new();
            Transcoder::new(Pieces(text.as_bytes(), size), UTF_8, 0)
                .read_to_string(&mut out)
                .unwrap();
            assert_eq!(out, text);
            let mut out = String::new();
            Transcoder::new(Pieces(&latin, size), encoding_rs::WINDOWS_1252, 0)
                .read_to_string(&mut out)
                .unwrap();
            assert_eq!(out, "Straße");
        }
    }

    #[test]
    fn chunks_give_the_same_text_and_the_same_fault() {
        let text = "Straße 5 € 日本 🚚".repeat(90);
        for size in [1, 3, 1000] {
            let mut chunks = ChunkTranscoder::new(UTF_16LE, 2);
            let mut out = Vec::new();
            for chunk in utf16(&text).chunks(size) {
                chunks.decode(chunk, false, &mut out).unwrap();
            }
            chunks.decode(b"", true, &mut out).unwrap();
            assert_eq!(out, text.as_bytes());
        }
        let mut chunks = ChunkTranscoder::new(UTF_16LE, 2);
        let mut out = Vec::new();
        let fault = chunks
            .decode(b"a\0\x00\xDCb\0", false, &mut out)
            .unwrap_err();
        assert_eq!(out, b"a");
        assert_eq!(fault.message, "byte 5 of the file is not valid UTF-16LE");
        let mut cut = ChunkTranscoder::new(UTF_16LE, 0);
        cut.decode(b"a\0b", false, &mut out).unwrap();
        assert!(cut.decode(b"", true, &mut out).is_err(), "half a character");
    }

    #[test]
    fn the_text_before_a_bad_byte_comes_first() {
        for size in [1, 2, 100] {
            let mut reader = Transcoder::new(Pieces(b"ab\xC3\xA4\xC3(x", size), UTF_8, 3);
            let mut out = Vec::new();
            let error = reader.read_to_end(&mut out).unwrap_err();
            assert_eq!(out, "abä".as_bytes());
            let fault = ReadFault::of(&error);
            assert_eq!(fault.code, ErrorCode::EncodingInvalid);
            assert_eq!(fault.message, "byte 8 of the file is not valid UTF-8");
            assert!(reader.read(&mut [0; 8]).is_err(), "it stays failed");
        }
        let mut cut = Transcoder::new(&b"a\0b"[..], UTF_16LE, 0);
        assert!(cut.read_to_end(&mut Vec::new()).is_err());
    }
}
