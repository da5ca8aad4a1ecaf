//! What dialect a file is probably in, from its first bytes.
//!
//! Pure guessing, always with an answer: a guess that is wrong shows itself in the rows, and every
//! option can be set by hand. Deliberately absent: guessing types, quotes and header lines.

use encoding_rs::{UTF_16BE, UTF_16LE};

use super::{Fields, Scanner, field_count, without_line_end};
use crate::transcode::byte_order_mark;

/// In the order of preference when two fit equally.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Rows that are looked at.
const SAMPLE_ROWS: usize = 500;

/// The guess.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detected {
    /// field separator; a comma when no candidate splits the first row
    pub delimiter: char,
    /// WHATWG label: `utf-8`, `windows-1252`, or `utf-16le`, `utf-16be` when a mark says so
    pub encoding: String,
    /// the text starts with a byte order mark
    pub byte_order_mark: bool,
    /// fields of the first row with that delimiter
    pub columns: usize,
}

/// Guesses from `head`, the first bytes of a file, 64 KiB say. A last row that is cut off does not
/// count unless it is the only one.
#[must_use]
pub fn detect(head: &[u8], quote: Option<char>) -> Detected {
    let mark = byte_order_mark(head);
    let encoding = encoding_of(head);
    let text = head.get(mark.map_or(0, |(_, length)| length)..);
    let mut text = text.unwrap_or_default().to_vec();
    if encoding.starts_with("utf-16") {
        // The separators are ASCII: the other byte of their pair is zero.
        text.retain(|byte| *byte != 0);
    }
    let quote = quote.and_then(|quote| u8::try_from(quote).ok());
    let mut best = (b',', 1, Score::default());
    for delimiter in DELIMITERS {
        let (columns, score) = score(&text, delimiter, quote.filter(|q| *q != delimiter));
        if columns > 1 && score > best.2 {
            best = (delimiter, columns, score);
        }
    }
    Detected {
        delimiter: char::from(best.0),
        encoding: encoding.to_owned(),
        byte_order_mark: mark.is_some(),
        columns: best.1,
    }
}

/// The label of the encoding that `head` is probably in: what a mark says, UTF-8 if it is that (a
/// character cut off at the end is no objection), else Windows-1252.
#[must_use]
pub fn encoding_of(head: &[u8]) -> &'static str {
    match byte_order_mark(head) {
        Some((encoding, _)) if encoding == UTF_16LE => "utf-16le",
        Some((encoding, _)) if encoding == UTF_16BE => "utf-16be",
        Some(_) => "utf-8",
        None => match std::str::from_utf8(head) {
            Err(error) if error.error_len().is_some() => "windows-1252",
            _ => "utf-8",
        },
    }
}

/// How well a delimiter fits: the share of rows with as many fields as the first, in thousandths,
/// then the number of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Score {
    share: usize,
    columns: usize,
}

fn score(text: &[u8], delimiter: u8, quote: Option<u8>) -> (usize, Score) {
    let mut scanner = Scanner::new(delimiter, quote);
    let mut first = 0;
    let (mut rows, mut alike, mut at) = (0, 0, 0);
    while rows < SAMPLE_ROWS && at < text.len() {
        scanner.begin_row();
        let end = scanner.row_end(text, at);
        let row = text.get(at..end.unwrap_or(text.len())).unwrap_or_default();
        at += row.len();
        let row = without_line_end(row);
        if row.is_empty() || (end.is_none() && rows > 0) {
            continue;
        }
        rows += 1;
        let fields = field_count(row, delimiter, quote);
        if rows == 1 {
            first = fields;
            // A header line has no empty names; a title line of a report has hardly any others.
            let empty = Fields::new(row, delimiter, quote).filter(|field| field.is_empty());
            if empty.count() * 2 > fields {
                return (1, Score::default());
            }
        }
        alike += usize::from(fields == first);
    }
    let share = alike * 1000 / rows.max(1);
    let columns = first;
    (first, Score { share, columns })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_and_encodings_are_found() {
        let long = format!("{}ä", "a;b\n1;2\n".repeat(10));
        let cases: [(&str, &[u8], char, &str, usize); 14] = [
            ("plain", b"a,b,c\n1,2,3\n", ',', "utf-8", 3),
            (
                "german decimals",
                b"a;b;c\n1,5;2,5;3,5\n4,0;5,5;6,1\n",
                ';',
                "utf-8",
                3,
            ),
            (
                "commas in the header too",
                b"a, b;c\n1;2\n3;4\n",
                ';',
                "utf-8",
                2,
            ),
            ("tabs", b"a\tb\r\n1,2\t3\r\n", '\t', "utf-8", 2),
            ("pipes", b"a|b|c\n1|2|3", '|', "utf-8", 3),
            ("one column", b"name\nx\ny\n", ',', "utf-8", 1),
            ("empty", b"", ',', "utf-8", 1),
            (
                "quotes hide separators",
                b"a;b\n\"1,2,3\n,,\";2\n",
                ';',
                "utf-8",
                2,
            ),
            (
                "windows-1252",
                b"stra\xDFe;ort\nx;y\n",
                ';',
                "windows-1252",
                2,
            ),
            ("utf-8", "straße;ort\n".as_bytes(), ';', "utf-8", 2),
            ("a mark", b"\xEF\xBB\xBFa;b\n", ';', "utf-8", 2),
            ("utf-16", b"\xFF\xFEa\0\t\0b\0\n\0", '\t', "utf-16le", 2),
            ("big endian", b"\xFE\xFF\0a\0,\0b\0\n", ',', "utf-16be", 2),
            (
                "cut inside a character",
                &long.as_bytes()[..long.len() - 1],
                ';',
                "utf-8",
                2,
            ),
        ];
        for (name, head, delimiter, encoding, columns) in cases {
            let found = detect(head, Some('"'));
            assert_eq!(
                (found.delimiter, found.encoding.as_str(), found.columns),
                (delimiter, encoding, columns),
                "{name}"
            );
            assert_eq!(found.byte_order_mark, byte_order_mark(head).is_some());
        }
    }
}
