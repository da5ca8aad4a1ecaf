//! Decoding of rows to UTF-8. Single-byte encodings go through a table, so that the good path is a
//! copy; the others through `encoding_rs`.
//!
//! One deliberate difference from WHATWG: there the five bytes that Windows-1252 leaves open (and
//! their like in the other Windows code pages) decode to control characters. No file means those;
//! they are reported as invalid.

use encoding_rs::{DecoderResult, Encoding, UTF_8};

/// The place where bytes do not fit the encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid {
    /// offset in the row, in bytes
    pub offset: usize,
    /// the byte there
    pub byte: u8,
}

impl Invalid {
    /// For a person.
    #[must_use]
    pub fn message(&self, label: &str) -> String {
        format!(
            "byte 0x{:02X} at byte {} of the row is not valid {label}",
            self.byte,
            self.offset + 1
        )
    }
}

/// Where decoded text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// the bytes given are UTF-8 already
    AsItIs,
    /// in [`Decoding::buffer`]
    InBuffer,
}

/// A decoder with its buffers. Rows are decoded on their own: no state goes from one to the next.
#[derive(Debug, Default)]
pub struct Decoding {
    kind: Kind,
    buffer: Vec<u8>,
}

#[derive(Debug, Default)]
enum Kind {
    #[default]
    Utf8,
    SingleByte(Box<Table>),
    MultiByte(&'static Encoding),
}

/// UTF-8 of the bytes 0x80 to 0xFF; length 0 marks a byte without a character.
#[derive(Debug)]
struct Table {
    text: [[u8; 3]; 128],
    length: [u8; 128],
}

impl Decoding {
    /// The decoder for a WHATWG label; `None` when it is unknown or does not hold ASCII as it is
    /// (UTF-16, ISO-2022-JP), since rows are found before they are decoded.
    #[must_use]
    pub fn for_label(label: &str) -> Option<Self> {
        let encoding = Encoding::for_label_no_replacement(label.as_bytes())?;
        if !encoding.is_ascii_compatible() {
            return None;
        }
        let kind = if encoding == UTF_8 {
            Kind::Utf8
        } else if encoding.is_single_byte() {
            Kind::SingleByte(Box::new(table(encoding)))
        } else {
            Kind::MultiByte(encoding)
        };
        Some(Self {
            kind,
            buffer: Vec::new(),
        })
    }

    /// `row` as UTF-8: itself if it is that already, else a view of the decoder's buffer.
    ///
    /// # Errors
    /// The first place that does not fit.
    pub fn decode<'r>(&'r mut self, row: &'r [u8]) -> Result<&'r [u8], Invalid> {
        match self.convert(row)? {
            Form::AsItIs => Ok(row),
            Form::InBuffer => Ok(&self.buffer),
        }
    }

    /// As [`Self::decode`], without borrowing: tells where the text is now.
    pub(crate) fn convert(&mut self, row: &[u8]) -> Result<Form, Invalid> {
        match &self.kind {
            Kind::Utf8 => match std::str::from_utf8(row) {
                Ok(_) => Ok(Form::AsItIs),
                Err(error) => Err(invalid_at(row, error.valid_up_to())),
            },
            _ if row.is_ascii() => Ok(Form::AsItIs),
            Kind::SingleByte(table) => {
                single_byte(table, row, &mut self.buffer)?;
                Ok(Form::InBuffer)
            }
            Kind::MultiByte(encoding) => {
                multi_byte(encoding, row, &mut self.buffer)?;
                Ok(Form::InBuffer)
            }
        }
    }

    /// What the last [`Self::convert`] left.
    pub(crate) fn buffer(&self) -> &[u8] {
        &self.buffer
    }

    /// Whether a byte below 0x80 always stands for itself. In the multi-byte encodings the second
    /// byte of a character may lie from 0x30 on.
    pub(crate) fn ascii_is_ascii(&self, byte: u8) -> bool {
        !matches!(self.kind, Kind::MultiByte(_)) || byte < 0x30
    }

    /// `row` as UTF-8 with U+FFFD where it does not fit, for showing a bad row.
    #[must_use]
    pub fn decode_lossy(&self, row: &[u8]) -> Vec<u8> {
        match &self.kind {
            Kind::Utf8 => String::from_utf8_lossy(row).into_owned().into_bytes(),
            Kind::SingleByte(table) => {
                let mut text = Vec::with_capacity(row.len() + 16);
                for &byte in row {
                    if byte.is_ascii() {
                        text.push(byte);
                        continue;
                    }
                    let utf8 = character(table, byte).unwrap_or("\u{FFFD}".as_bytes());
                    text.extend_from_slice(utf8);
                }
                text
            }
            Kind::MultiByte(encoding) => encoding
                .decode_without_bom_handling(row)
                .0
                .into_owned()
                .into_bytes(),
        }
    }
}

fn invalid_at(row: &[u8], offset: usize) -> Invalid {
    Invalid {
        offset,
        byte: row.get(offset).copied().unwrap_or(0),
    }
}

fn table(encoding: &'static Encoding) -> Table {
    let mut table = Table {
        text: [[0; 3]; 128],
        length: [0; 128],
    };
    let windows = encoding.name().starts_with("windows-");
    for (index, (text, length)) in table.text.iter_mut().zip(&mut table.length).enumerate() {
        let byte = 0x80 + u8::try_from(index).unwrap_or(0);
        let source = [byte];
        let Some(decoded) = encoding.decode_without_bom_handling_and_without_replacement(&source)
        else {
            continue;
        };
        let control = decoded.chars().all(|c| ('\u{80}'..='\u{9F}').contains(&c));
        if control && windows {
            continue;
        }
        // The characters of the single-byte encodings are all below U+FFFF: three bytes do.
        if let Some(room) = text.get_mut(..decoded.len()) {
            room.copy_from_slice(decoded.as_bytes());
            *length = u8::try_from(decoded.len()).unwrap_or(0);
        }
    }
    table
}

/// The UTF-8 of a byte from 0x80 on; `None` if it stands for nothing.
fn character(table: &Table, byte: u8) -> Option<&[u8]> {
    let index = usize::from(byte.checked_sub(0x80)?);
    let length = usize::from(table.length.get(index).copied().unwrap_or(0));
    if length == 0 {
        return None;
    }
    table.text.get(index)?.get(..length)
}

fn single_byte(table: &Table, row: &[u8], out: &mut Vec<u8>) -> Result<(), Invalid> {
    out.clear();
    out.reserve(row.len() * 3);
    let mut rest = row;
    loop {
        let (plain, tail) = rest.split_at(Encoding::ascii_valid_up_to(rest));
        out.extend_from_slice(plain);
        let Some((&byte, after)) = tail.split_first() else {
            return Ok(());
        };
        let Some(text) = character(table, byte) else {
            return Err(invalid_at(row, row.len() - tail.len()));
        };
        out.extend_from_slice(text);
        rest = after;
    }
}

fn multi_byte(encoding: &'static Encoding, row: &[u8], out: &mut Vec<u8>) -> Result<(), Invalid> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let room = decoder
        .max_utf8_buffer_length_without_replacement(row.len())
        .unwrap_or(row.len() * 4);
    out.clear();
    out.resize(room, 0);
    let (result, read, written) = decoder.decode_to_utf8_without_replacement(row, out, true);
    match result {
        DecoderResult::InputEmpty => {
            out.truncate(written);
            Ok(())
        }
        DecoderResult::Malformed(length, behind) => {
            let back = usize::from(length) + usize::from(behind);
            Err(invalid_at(row, read.saturating_sub(back)))
        }
        DecoderResult::OutputFull => Err(invalid_at(row, read)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_1252_decodes_all_but_the_open_bytes() {
        let mut decoding = Decoding::for_label("windows-1252").unwrap();
        let text = decoding.decode(b"Stra\xDFe 5 \x80 \xFC").unwrap();
        assert_eq!(text, "Straße 5 € ü".as_bytes());
        for open in [0x81, 0x8D, 0x8F, 0x90, 0x9D] {
            let invalid = decoding.decode(&[b'a', b'\xE4', open]).unwrap_err();
            assert_eq!((invalid.offset, invalid.byte), (2, open));
        }
        for byte in 0x80..=0xFF_u8 {
            let open = [0x81, 0x8D, 0x8F, 0x90, 0x9D].contains(&byte);
            assert_eq!(decoding.decode(&[byte]).is_err(), open, "{byte:02X}");
        }
        assert_eq!(decoding.decode_lossy(b"a\x81\xE4"), "a\u{FFFD}ä".as_bytes());
    }

    #[test]
    fn single_byte_tables_agree_with_encoding_rs() {
        for label in [
            "iso-8859-15",
            "windows-1250",
            "windows-1251",
            "koi8-r",
            "ibm866",
        ] {
            let mut decoding = Decoding::for_label(label).unwrap();
            let encoding = Encoding::for_label(label.as_bytes()).unwrap();
            for byte in 0..=0xFF_u8 {
                if let Ok(text) = decoding.decode(&[byte]) {
                    let theirs = encoding.decode_without_bom_handling(&[byte]).0.into_owned();
                    assert_eq!(text, theirs.as_bytes(), "{label} {byte:02X}");
                }
            }
        }
    }

    #[test]
    fn multi_byte_and_utf8_report_the_first_bad_place() {
        let mut decoding = Decoding::for_label("shift_jis").unwrap();
        assert_eq!(
            decoding.decode(b"\x93\xFA\x96{").unwrap(),
            "日本".as_bytes()
        );
        assert_eq!(decoding.decode(b"ab\x93").unwrap_err().offset, 2);
        let mut decoding = Decoding::for_label("utf-8").unwrap();
        assert_eq!(decoding.decode(b"ab\xC3\xA4\xFF").unwrap_err().offset, 4);
        assert!(Decoding::for_label("utf-16le").is_none());
    }
}
