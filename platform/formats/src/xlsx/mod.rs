//! Rows of a sheet of an XLSX workbook (ECMA-376, transitional and strict), each as one JSON object.
//!
//! The shape: keys are the texts of the header row, or the column's letters where it has none;
//! numbers keep their shortest exact text, dates are ISO texts by the cell's number format, formulas
//! are the value that was last computed. An empty cell is absent. A cell that holds an error, or a
//! date that is not on the calendar, is a fault of its row that names the cell.
//!
//! Invariants: the sheet is streamed, only the shared texts are held, up to a limit; every part of
//! the file is unpacked under [`crate::compression::UnpackLimits`]; gaps between rows and columns
//! cost nothing. Deliberately absent: `.xls` and `.xlsb`, passwords, merged cells (the value stands
//! in the first), hidden rows (they are rows), computing formulas.

mod cell;
mod sheet;
mod strings;
mod workbook;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use tributary_model::error_code::ErrorCode;

use crate::compression::{Archive, Part};
use crate::fault::RowFault;
use crate::json::write_text;
use crate::records::{Limits, ReadSeek, Record, Trouble};
use cell::column_letters;
pub(crate) use cell::number_text;
use sheet::{Meanings, Rows, Value};
use strings::SharedTexts;
use workbook::{Whole, invalid, of_part, parse, read_styles, read_workbook};

/// How to read a sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct XlsxOptions {
    /// name of the sheet; the first one when not given
    pub sheet: Option<String>,
    /// number of the row with the names, from 1; rows above it are passed over. 0: there is none,
    /// and the columns are called by their letters
    pub header_row: u32,
}

impl Default for XlsxOptions {
    fn default() -> Self {
        Self {
            sheet: None,
            header_row: 1,
        }
    }
}

/// Reads the rows of a sheet. See [`crate::records::open`].
pub(crate) struct SheetRecords<'a> {
    rows: Rows<Whole<Part<Box<dyn ReadSeek + 'a>>>>,
    /// by column, as JSON text
    header: HashMap<u32, Vec<u8>>,
    names: Vec<String>,
    taken: HashSet<String>,
    max_record_bytes: usize,
    out: Vec<u8>,
}

/// Opens a workbook and reads up to the header row.
///
/// # Errors
/// The file is no workbook, has no such sheet or header row, a name stands there twice, or a limit
/// is reached.
pub(crate) fn open<'a>(
    options: &XlsxOptions,
    file: Box<dyn ReadSeek + 'a>,
    limits: &Limits,
) -> Result<SheetRecords<'a>, RowFault> {
    let mut archive = Archive::open(file, limits.unpack).map_err(of_part)?;
    let book = read_workbook(&mut archive)?;
    let sheet = match &options.sheet {
        None => book.sheets.first(),
        Some(name) => book.sheets.iter().find(|sheet| sheet.name == *name),
    };
    let Some(sheet) = sheet else {
        let names = book.sheets.iter().map(|sheet| format!("{:?}", sheet.name));
        let names: Vec<String> = names.take(20).collect();
        let wanted = options.sheet.as_deref().unwrap_or_default();
        return Err(if names.is_empty() {
            invalid("the workbook has no sheet")
        } else {
            invalid(format!(
                "there is no sheet {wanted:?}; the workbook has {}",
                names.join(", ")
            ))
        });
    };
    let texts = match &book.strings_part {
        Some(part) if archive.find(part).is_some() => {
            SharedTexts::read(&mut archive, part, limits.max_shared_text_bytes)?
        }
        _ => SharedTexts::default(),
    };
    let styles = match &book.styles_part {
        Some(part) if archive.find(part).is_some() => read_styles(&mut archive, part)?,
        _ => Vec::new(),
    };
    let meanings = Meanings {
        texts,
        styles,
        date1904: book.date1904,
    };
    let Some(index) = archive.find(&sheet.part) else {
        return Err(invalid(format!(
            "the workbook has no part {:?}",
            sheet.part
        )));
    };
    let part = archive.into_part(index).map_err(of_part)?;
    let pull = parse(part, limits.max_record_bytes)?;
    let mut records = SheetRecords {
        rows: Rows::new(pull, &sheet.part, meanings, limits.max_record_bytes),
        header: HashMap::new(),
        names: Vec::new(),
        taken: HashSet::new(),
        max_record_bytes: limits.max_record_bytes,
        out: Vec::new(),
    };
    if options.header_row > 0 {
        records.read_header(options.header_row)?;
    }
    Ok(records)
}

impl SheetRecords<'_> {
    /// The names of the header row, in order.
    pub(crate) fn columns(&self) -> Vec<String> {
        self.names.clone()
    }

    fn read_header(&mut self, wanted: u32) -> Result<(), RowFault> {
        loop {
            let more = self.rows.advance().map_err(|trouble| trouble.fault)?;
            if !more || self.rows.row.number > wanted {
                let position = self.rows.position();
                let message =
                    format!("row {wanted}, which should hold the names of the columns, is empty");
                return Err(RowFault::new(ErrorCode::CsvHeader, position, message, b""));
            }
            if self.rows.row.number == wanted {
                break;
            }
        }
        if let Some(fault) = self.take_fault() {
            return Err(fault);
        }
        let position = self.rows.position();
        for (column, value) in &self.rows.row.cells {
            let name = match value {
                Value::Text(text) => text.trim().to_owned(),
                Value::Number(text) => text.clone(),
                Value::Boolean(value) => value.to_string(),
            };
            // Without a name the column is called by its letters, as one without a header cell.
            if name.is_empty() {
                continue;
            }
            if !self.taken.insert(name.clone()) {
                let message = format!(
                    "column {name:?} is in the header row twice, the second time in {}{wanted}",
                    column_letters(*column)
                );
                return Err(RowFault::new(ErrorCode::CsvHeader, position, message, b""));
            }
            let mut key = Vec::new();
            write_text(&mut key, &name);
            self.header.insert(*column, key);
            self.names.push(name);
        }
        if self.names.is_empty() {
            let message =
                format!("row {wanted}, which should hold the names of the columns, is empty");
            return Err(RowFault::new(ErrorCode::CsvHeader, position, message, b""));
        }
        Ok(())
    }

    fn take_fault(&mut self) -> Option<RowFault> {
        let position = self.rows.position();
        let (code, message, value) = self.rows.row.fault.take()?;
        Some(RowFault::new(code, position, message, value.as_bytes()))
    }

    pub(crate) fn next_record(&mut self) -> Result<Option<Record<'_>>, Trouble> {
        if !self.rows.advance()? {
            return Ok(None);
        }
        if let Some(fault) = self.take_fault() {
            return Err(Trouble::row(fault));
        }
        let position = self.rows.position();
        self.out.clear();
        self.out.push(b'{');
        for (column, value) in &self.rows.row.cells {
            if self.out.len() > 1 {
                self.out.push(b',');
            }
            if let Some(key) = self.header.get(column) {
                self.out.extend_from_slice(key);
            } else {
                let letters = column_letters(*column);
                if self.taken.contains(&letters) {
                    let message = format!(
                        "cell {letters}{} has no header, and {letters} is the header of another column",
                        self.rows.row.number
                    );
                    let fault = RowFault::new(ErrorCode::CsvHeader, position, message, b"");
                    return Err(Trouble::row(fault));
                }
                write_text(&mut self.out, &letters);
            }
            self.out.push(b':');
            match value {
                Value::Text(text) => write_text(&mut self.out, text),
                Value::Number(text) => self.out.extend_from_slice(text.as_bytes()),
                Value::Boolean(true) => self.out.extend_from_slice(b"true"),
                Value::Boolean(false) => self.out.extend_from_slice(b"false"),
            }
            if self.out.len() > self.max_record_bytes {
                let (row, most) = (self.rows.row.number, self.max_record_bytes);
                let message = format!("row {row} is longer than {most} bytes");
                let fault = RowFault::new(ErrorCode::RowTooLarge, position, message, b"");
                return Err(Trouble::row(fault));
            }
        }
        self.out.push(b'}');
        Ok(Some(Record {
            position,
            bytes: Cow::Borrowed(&self.out),
        }))
    }
}
