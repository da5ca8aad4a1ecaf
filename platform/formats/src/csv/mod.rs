//! Delimited text as RFC 4180 describes it, with a free delimiter, quote and encoding.
//!
//! The dialect, held by the scanner, the splitter, the reader and [`Fields`] alike:
//! - A row ends with `\n`; a `\r` before it belongs to the line end. A lone `\r` is data.
//! - A quote opens a quoted field only as the first byte of a field; elsewhere it is text. Inside,
//!   a doubled quote is one quote, and line ends are data. What follows the closing quote up to the
//!   delimiter is appended (`"a"b` is `ab`), as the `csv` crate does.
//! - An empty line is no row. A byte order mark (UTF-8) at offset 0 is not part of the first field.
//! - Lines are counted physically, so a row with a line end in quotes moves the count by two.
//!
//! Only encodings that contain ASCII as it is can be split before decoding; [`check`] refuses others.

mod detect;
pub mod fields;
mod scanner;
pub mod splitter;

pub(crate) use scanner::Scanner;

use std::collections::HashSet;

use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::rows::{CsvFormat, RowPosition};

use crate::encoding::Decoding;
use crate::fault::RowFault;
pub use detect::{Detected, detect, encoding_of};
pub use fields::{Fields, field_count};
pub use splitter::{Rows, Splitter};

/// Most columns of a header line, as many as a sheet of a workbook has.
const MAX_COLUMNS: usize = 16_384;
/// The UTF-8 byte order mark.
pub(crate) const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Checks what serde cannot: delimiter and quote are different ASCII characters, the encoding is
/// known and holds ASCII as it is.
///
/// # Errors
/// [`ErrorCode::ConfigInvalid`], naming the field.
pub fn check(format: &CsvFormat) -> Result<(), Problem> {
    let delimiter = delimiter_byte(format)?;
    let quote = quote_byte(format)?;
    let label = &format.encoding;
    let Some(decoding) = Decoding::for_label(label) else {
        return Err(Problem::new(
            ErrorCode::ConfigInvalid,
            format!("{label:?} is not an encoding that delimited text can have"),
        )
        .hint(
            "use a WHATWG label such as utf-8, windows-1252 or iso-8859-15; convert UTF-16 first",
        ));
    };
    if ![delimiter, quote.unwrap_or(0)]
        .iter()
        .all(|byte| decoding.ascii_is_ascii(*byte))
    {
        return Err(Problem::new(
            ErrorCode::ConfigInvalid,
            format!("in {label:?} the delimiter or quote may be a part of another character"),
        )
        .hint("use a delimiter such as comma or tab, or UTF-8"));
    }
    Ok(())
}

fn delimiter_byte(format: &CsvFormat) -> Result<u8, Problem> {
    ascii(format.delimiter).ok_or_else(|| {
        Problem::new(
            ErrorCode::ConfigInvalid,
            format!(
                "the delimiter {:?} is not one ASCII character",
                format.delimiter
            ),
        )
    })
}

fn quote_byte(format: &CsvFormat) -> Result<Option<u8>, Problem> {
    let Some(quote) = format.quote else {
        return Ok(None);
    };
    match ascii(quote) {
        Some(byte) if quote != format.delimiter => Ok(Some(byte)),
        _ => Err(Problem::new(
            ErrorCode::ConfigInvalid,
            format!("the quote {quote:?} is not an ASCII character other than the delimiter"),
        )),
    }
}

fn ascii(character: char) -> Option<u8> {
    let byte = u8::try_from(character).ok()?;
    (byte.is_ascii() && byte != b'\n' && byte != b'\r' && byte != 0).then_some(byte)
}

/// `format`'s delimiter and quote as bytes; what [`check`] would refuse falls back to RFC 4180.
pub(crate) fn dialect(format: &CsvFormat) -> (u8, Option<u8>) {
    let delimiter = delimiter_byte(format).unwrap_or(b',');
    let quote = quote_byte(format).unwrap_or(Some(b'"'));
    (delimiter, quote)
}

/// `row` without its line end.
#[must_use]
pub fn without_line_end(row: &[u8]) -> &[u8] {
    let row = row.strip_suffix(b"\n").unwrap_or(row);
    row.strip_suffix(b"\r").unwrap_or(row)
}

/// The column names of a header line, decoded and trimmed. `line` may still have its byte order
/// mark and line end; `format.columns` is not looked at.
///
/// # Errors
/// A [`RowFault`] at line 1 when the bytes do not fit the encoding, or a name is empty or there twice.
pub fn header(line: &[u8], format: &CsvFormat) -> Result<Vec<String>, RowFault> {
    let position = RowPosition { line: 1, offset: 0 };
    let (delimiter, quote) = dialect(format);
    let line = without_line_end(line.strip_prefix(BOM).unwrap_or(line));
    let mut decoding = Decoding::for_label(&format.encoding).unwrap_or_default();
    let text = decoding.decode(line).map_err(|invalid| {
        RowFault::new(
            ErrorCode::EncodingInvalid,
            position,
            invalid.message(&format.encoding),
            line,
        )
    })?;
    let mut names: Vec<String> = Vec::new();
    let mut seen = HashSet::new();
    for field in Fields::new(text, delimiter, quote) {
        let name = String::from_utf8_lossy(&field).trim().to_owned();
        let number = names.len() + 1;
        if number > MAX_COLUMNS {
            return Err(RowFault::new(
                ErrorCode::CsvHeader,
                position,
                format!("the header line has more than {MAX_COLUMNS} columns"),
                text,
            ));
        }
        if name.is_empty() {
            return Err(RowFault::new(
                ErrorCode::CsvHeader,
                position,
                format!("column {number} of the header line has no name"),
                text,
            ));
        }
        if !seen.insert(name.clone()) {
            return Err(RowFault::new(
                ErrorCode::CsvHeader,
                position,
                format!("column {name:?} is in the header line twice"),
                text,
            ));
        }
        names.push(name);
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(encoding: &str) -> CsvFormat {
        CsvFormat {
            delimiter: ';',
            quote: Some('"'),
            encoding: encoding.to_owned(),
            columns: Vec::new(),
        }
    }

    #[test]
    fn header_is_decoded_trimmed_and_free_of_the_mark() {
        let names = header(
            b"\xEF\xBB\xBF\"auftrag_nr\"; stra\xC3\x9Fe ;b\r\n",
            &format("utf-8"),
        );
        assert_eq!(names.unwrap(), ["auftrag_nr", "straße", "b"]);
        let names = header(b"a;stra\xDFe\n", &format("windows-1252"));
        assert_eq!(names.unwrap(), ["a", "straße"]);
    }

    #[test]
    fn header_refuses_empty_and_repeated_names() {
        for (line, word) in [
            (&b"a;;b"[..], "column 2"),
            (b"a;b;a", "\"a\""),
            (b"", "column 1"),
        ] {
            let fault = header(line, &format("utf-8")).unwrap_err();
            assert_eq!(fault.code, ErrorCode::CsvHeader);
            assert!(fault.message.contains(word), "{}", fault.message);
        }
        let fault = header(b"a;\xFF", &format("utf-8")).unwrap_err();
        assert_eq!(fault.code, ErrorCode::EncodingInvalid);
    }

    #[test]
    fn check_names_what_cannot_work() {
        assert!(check(&format("windows-1252")).is_ok());
        for bad in ["utf-16le", "iso-2022-jp", "klingon"] {
            assert!(check(&format(bad)).is_err(), "{bad}");
        }
        let mut same = format("utf-8");
        same.quote = Some(';');
        assert!(check(&same).is_err());
        same.quote = None;
        same.delimiter = '§';
        assert!(check(&same).is_err());
        let mut pipe = format("shift_jis");
        pipe.delimiter = '|';
        assert!(check(&pipe).is_err());
        pipe.delimiter = ',';
        assert!(check(&pipe).is_ok());
    }
}
