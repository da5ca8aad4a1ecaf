//! Writing CSV: for people, as downloads that open well in a spreadsheet, or for another program.
//!
//! Invariants: RFC 4180 (comma or the given delimiter, CRLF, quotes where needed); for a spreadsheet a
//! text that it would run as a formula is made harmless by a leading apostrophe (CSV injection), for a
//! program every text goes out as it is. So do numbers for both, so that `-12.50` stays a number: pass only
//! checked numbers as numbers.

use memchr::memchr3;

use crate::csv::BOM;

/// One cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell<'a> {
    /// free text, made harmless for a spreadsheet
    Text(&'a str),
    /// digits, sign, decimal point; written as it is
    Number(&'a str),
    Empty,
}

/// What reads the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// a person opens it: a byte order mark comes first, since Excel takes UTF-8 for the local code page
    /// without one, and texts that would run as formulas are made harmless
    Spreadsheet,
    /// another program: nothing is added to the data
    Exchange,
}

/// How to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportOptions {
    /// ASCII
    pub delimiter: u8,
    pub purpose: Purpose,
}

impl Default for ExportOptions {
    fn default() -> Self {
        Self {
            delimiter: b',',
            purpose: Purpose::Spreadsheet,
        }
    }
}

/// Writes rows into a buffer that the caller empties as it likes ([`Self::take`]).
#[derive(Debug)]
pub struct CsvWriter {
    out: Vec<u8>,
    options: ExportOptions,
}

impl CsvWriter {
    #[must_use]
    pub fn new(options: ExportOptions) -> Self {
        let mark = match options.purpose {
            Purpose::Spreadsheet => BOM,
            Purpose::Exchange => &[],
        };
        Self {
            out: mark.to_vec(),
            options,
        }
    }

    /// Writes one row. A row of one empty cell is written as `""`, since an empty line is no row.
    pub fn row<'a>(&mut self, cells: impl IntoIterator<Item = Cell<'a>>) {
        let guarded = self.options.purpose == Purpose::Spreadsheet;
        let start = self.out.len();
        let mut first = true;
        for cell in cells {
            if !first {
                self.out.push(self.options.delimiter);
            }
            first = false;
            match cell {
                Cell::Empty => {}
                Cell::Number(text) => self.field(text, false),
                Cell::Text(text) => self.field(text, guarded && runs_as_formula(text)),
            }
        }
        if self.out.len() == start && !first {
            self.out.extend_from_slice(b"\"\"");
        }
        self.out.extend_from_slice(b"\r\n");
    }

    fn field(&mut self, text: &str, neutralise: bool) {
        let bytes = text.as_bytes();
        let quote =
            memchr3(b'"', b'\n', b'\r', bytes).is_some() || bytes.contains(&self.options.delimiter);
        if quote {
            self.out.push(b'"');
        }
        if neutralise {
            self.out.push(b'\'');
        }
        if quote {
            for &byte in bytes {
                if byte == b'"' {
                    self.out.push(b'"');
                }
                self.out.push(byte);
            }
            self.out.push(b'"');
        } else {
            self.out.extend_from_slice(bytes);
        }
    }

    /// What was written since the last call.
    #[must_use]
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }
}

fn runs_as_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What one row becomes, without the mark.
    fn written(purpose: Purpose, cells: &[Cell<'_>]) -> String {
        let mut writer = CsvWriter::new(ExportOptions {
            purpose,
            ..ExportOptions::default()
        });
        writer.row(cells.iter().copied());
        let text = String::from_utf8(writer.take()).unwrap();
        text.trim_start_matches('\u{FEFF}').to_owned()
    }

    const CELLS: [Cell<'_>; 9] = [
        Cell::Text("=1+1"),
        Cell::Text("+49"),
        Cell::Text("-x"),
        Cell::Text("@a"),
        Cell::Text("\t="),
        Cell::Text("\r="),
        Cell::Number("-12.50"),
        Cell::Text("a=b"),
        Cell::Empty,
    ];

    #[test]
    fn formulas_are_harmless_and_numbers_stay() {
        let written = |cells: &[Cell<'_>]| written(Purpose::Spreadsheet, cells);
        assert_eq!(
            written(&CELLS),
            "'=1+1,'+49,'-x,'@a,'\t=,\"'\r=\",-12.50,a=b,\r\n"
        );
        assert_eq!(written(&[Cell::Text("=\"a\",b")]), "\"'=\"\"a\"\",b\"\r\n");
        assert_eq!(written(&[Cell::Empty]), "\"\"\r\n");
    }

    #[test]
    fn a_program_gets_the_texts_as_they_are() {
        assert_eq!(
            written(Purpose::Exchange, &CELLS),
            "=1+1,+49,-x,@a,\t=,\"\r=\",-12.50,a=b,\r\n"
        );
    }

    #[test]
    fn the_mark_comes_once() {
        let mut writer = CsvWriter::new(ExportOptions::default());
        writer.row([Cell::Text("ü")]);
        assert_eq!(writer.take(), "\u{FEFF}ü\r\n".as_bytes());
        writer.row([Cell::Text("x")]);
        assert_eq!(writer.take(), b"x\r\n");
    }

    proptest! {
        #[test]
        fn the_csv_crate_reads_it_back(rows in prop::collection::vec(prop::collection::vec("[a-c=+@,;\"\n\r -]{0,6}", 3), 1..6)) {
            let mut writer = CsvWriter::new(ExportOptions { purpose: Purpose::Exchange, ..ExportOptions::default() });
            for row in &rows {
                writer.row(row.iter().map(|text| Cell::Text(text)));
            }
            let bytes = writer.take();
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes.as_slice());
            let read: Vec<Vec<String>> = reader.records()
                .map(|record| record.unwrap().iter().map(str::to_owned).collect())
                .collect();
            prop_assert_eq!(read, rows);
        }
    }
}
