//! The cells of a sheet, row by row, out of the stream.
//!
//! Invariant: one row is in memory, and of it only the cells that are there; rows and columns that
//! are left out cost nothing.

use std::io::Read;

use tributary_model::error_code::ErrorCode;
use tributary_model::rows::RowPosition;

use super::cell::{
    Kind, MAX_COLUMNS, MAX_ROWS, column_letters, date_text, number_text, parse_reference,
};
use super::strings::{SharedTexts, TextRun, unescape};
use super::workbook::in_part;
use crate::fault::RowFault;
use crate::records::Trouble;
use crate::xml::{Event, Pull, Tag, XmlFault};

/// The value of a cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    /// as JSON number
    Number(String),
    Boolean(bool),
}

/// What must be known to make values of cells.
#[derive(Debug, Default)]
pub(super) struct Meanings {
    pub(super) texts: SharedTexts,
    pub(super) styles: Vec<Kind>,
    pub(super) date1904: bool,
}

/// A row of the sheet.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// from 1
    pub(super) number: u32,
    /// where it starts in the sheet's part, unpacked
    pub(super) offset: u64,
    /// column from 0, ascending
    pub(super) cells: Vec<(u32, Value)>,
    /// bytes of the texts in `cells`
    bytes: usize,
    /// the first thing wrong with it
    pub(super) fault: Option<(ErrorCode, String, String)>,
}

/// Reads the rows of a sheet.
pub(super) struct Rows<R: Read> {
    pull: Pull<R>,
    part: String,
    meanings: Meanings,
    max_row_bytes: usize,
    in_data: bool,
    /// number of the last row
    last: u32,
    pub(super) row: Row,
}

/// A cell while it is read.
#[derive(Debug, Default)]
struct Cell {
    column: u32,
    kind: String,
    style: usize,
    value: String,
    inline: String,
    has_value: bool,
    has_inline: bool,
}

impl<R: Read> Rows<R> {
    pub(super) fn new(pull: Pull<R>, part: &str, meanings: Meanings, max_row_bytes: usize) -> Self {
        Self {
            pull,
            part: part.to_owned(),
            meanings,
            max_row_bytes,
            in_data: false,
            last: 0,
            row: Row::default(),
        }
    }

    /// Goes to the next row that has a value or a fault; `false` at the end.
    pub(super) fn advance(&mut self) -> Result<bool, Trouble> {
        loop {
            let found = self.next_row().map_err(|fault| {
                let position = self.position();
                let fault = in_part(&self.part)(fault);
                Trouble::end(RowFault { position, ..fault })
            })?;
            if !found {
                return Ok(false);
            }
            if !self.row.cells.is_empty() || self.row.fault.is_some() {
                return Ok(true);
            }
        }
    }

    /// Where the current row is.
    pub(super) fn position(&self) -> RowPosition {
        RowPosition {
            line: u64::from(self.row.number),
            offset: self.row.offset,
        }
    }

    fn next_row(&mut self) -> Result<bool, XmlFault> {
        loop {
            let offset = self.pull.offset();
            match self.pull.next()? {
                Event::Start(tag) => match tag.local_name() {
                    "sheetData" => self.in_data = true,
                    "row" if self.in_data => {
                        let number = tag.attribute("r")?;
                        self.begin_row(offset, number.as_deref());
                        self.read_row()?;
                        return Ok(true);
                    }
                    _ => {}
                },
                Event::Over => return Ok(false),
                _ => {}
            }
        }
    }

    fn begin_row(&mut self, offset: u64, number: Option<&str>) {
        let expected = self.last.saturating_add(1);
        self.row.cells.clear();
        self.row.bytes = 0;
        self.row.fault = None;
        self.row.offset = offset;
        self.row.number = expected;
        let fault = match number.map(str::parse::<u32>) {
            None if expected <= MAX_ROWS => None,
            Some(Ok(number)) if number >= expected && number <= MAX_ROWS => {
                self.row.number = number;
                None
            }
            None => Some(format!("the sheet has more than {MAX_ROWS} rows")),
            Some(_) => Some(format!(
                "a row has the number {:?}, where one from {expected} to {MAX_ROWS} is expected",
                number.unwrap_or_default()
            )),
        };
        if let Some(message) = fault {
            self.spoil(ErrorCode::WorkbookInvalid, message, "");
        } else {
            self.last = self.row.number;
        }
    }

    fn spoil(&mut self, code: ErrorCode, message: String, value: &str) {
        if self.row.fault.is_none() {
            self.row.fault = Some((code, message, value.to_owned()));
        }
    }

    fn read_row(&mut self) -> Result<(), XmlFault> {
        let mut next_column = 0;
        loop {
            match self.pull.next()? {
                Event::Start(tag) if tag.local_name() == "c" => {
                    let (mut cell, reference) = begin_cell(&tag)?;
                    read_cell(&mut self.pull, &mut cell)?;
                    match self.column(reference.as_deref(), next_column) {
                        Ok(column) => {
                            next_column = column + 1;
                            cell.column = column;
                            self.take(&cell);
                        }
                        Err(message) => self.spoil(ErrorCode::WorkbookInvalid, message, ""),
                    }
                }
                // An extension list; its content is no cell.
                Event::Start(_) => skip(&mut self.pull)?,
                Event::End => return Ok(()),
                _ => {}
            }
        }
    }

    fn column(&self, reference: Option<&str>, next: u32) -> Result<u32, String> {
        let row = self.row.number;
        let Some(reference) = reference else {
            return if next < MAX_COLUMNS {
                Ok(next)
            } else {
                Err(format!("row {row} has cells behind column XFD"))
            };
        };
        match parse_reference(reference) {
            Some((column, at)) if at == row && column >= next => Ok(column),
            Some(_) => Err(format!("the cell {reference} is out of order in row {row}")),
            None => Err(format!(
                "a cell of row {row} has the place {:?}, which is not on a sheet (A1 to XFD1048576)",
                crate::fault::excerpt(reference.as_bytes())
            )),
        }
    }

    fn take(&mut self, cell: &Cell) {
        let place = || format!("{}{}", column_letters(cell.column), self.row.number);
        match value_of(cell, &self.meanings) {
            Ok(None) => {}
            Ok(Some(value)) => {
                if let Value::Text(text) | Value::Number(text) = &value {
                    self.row.bytes += text.len();
                }
                if self.row.bytes > self.max_row_bytes {
                    let (row, most) = (self.row.number, self.max_row_bytes);
                    let message = format!("row {row} is longer than {most} bytes");
                    self.row.cells.clear();
                    self.row.bytes = 0;
                    self.spoil(ErrorCode::RowTooLarge, message, "");
                }
                if self.row.fault.is_none() {
                    self.row.cells.push((cell.column, value));
                }
            }
            Err(what) => {
                let message = format!("cell {} {what}", place());
                self.spoil(ErrorCode::ValueInvalid, message, &cell.value);
            }
        }
    }
}

fn begin_cell(tag: &Tag<'_>) -> Result<(Cell, Option<String>), XmlFault> {
    let mut cell = Cell::default();
    let mut reference = None;
    for (name, value) in tag.attributes()? {
        match name {
            "r" => reference = Some(value.into_owned()),
            "t" => cell.kind = value.into_owned(),
            "s" => cell.style = value.parse().unwrap_or(0),
            _ => {}
        }
    }
    Ok((cell, reference))
}

/// Reads on to the end of the cell whose start tag was read.
fn read_cell<R: Read>(pull: &mut Pull<R>, cell: &mut Cell) -> Result<(), XmlFault> {
    let mut depth = 1_usize;
    let mut in_value = false;
    let mut run = TextRun::default();
    loop {
        match pull.next()? {
            Event::Start(tag) => {
                depth += 1;
                in_value = depth == 2 && tag.local_name() == "v";
                cell.has_value |= in_value;
                cell.has_inline |= depth == 2 && tag.local_name() == "is";
                run.start(tag.local_name());
            }
            Event::Text(text) if in_value => cell.value.push_str(&text),
            Event::Text(text) if run.wanted() => cell.inline.push_str(&text),
            Event::End => {
                depth -= 1;
                in_value = false;
                run.end();
                if depth == 0 {
                    return Ok(());
                }
            }
            _ => {}
        }
    }
}

/// Passes the element whose start tag was read.
fn skip<R: Read>(pull: &mut Pull<R>) -> Result<(), XmlFault> {
    let mut depth = 1_usize;
    while depth > 0 {
        match pull.next()? {
            Event::Start(_) => depth += 1,
            Event::End => depth -= 1,
            _ => {}
        }
    }
    Ok(())
}

/// The value of a cell (ECMA-376 18.18.11); `None` when it is empty. The error goes behind the
/// name of the cell.
fn value_of(cell: &Cell, meanings: &Meanings) -> Result<Option<Value>, String> {
    if cell.kind == "inlineStr" || (cell.has_inline && !cell.has_value) {
        let text = unescape(&cell.inline).into_owned();
        return Ok(cell.has_inline.then_some(Value::Text(text)));
    }
    if !cell.has_value {
        return Ok(None);
    }
    let text = cell.value.as_str();
    match cell.kind.as_str() {
        "s" => {
            let number = text.trim().parse().ok();
            let found = number.and_then(|number| meanings.texts.get(number));
            match found {
                Some(text) => Ok(Some(Value::Text(text.to_owned()))),
                None => Err(format!(
                    "refers to the shared text {text:?}, which does not exist"
                )),
            }
        }
        "str" => Ok(Some(Value::Text(unescape(text).into_owned()))),
        "b" => match text.trim() {
            "1" | "true" => Ok(Some(Value::Boolean(true))),
            "0" | "false" => Ok(Some(Value::Boolean(false))),
            _ => Err(format!("holds {text:?}, which is not a boolean")),
        },
        "e" => Err(format!("holds the error {text}")),
        "d" => Ok(Some(Value::Text(text.trim().to_owned()))),
        "" | "n" => number_value(cell, meanings),
        kind => Err(format!("has the type {kind:?}, which is not known")),
    }
}

fn number_value(cell: &Cell, meanings: &Meanings) -> Result<Option<Value>, String> {
    let text = cell.value.trim();
    if text.is_empty() {
        return Ok(None);
    }
    // `parse` takes words such as `inf` too.
    let plain = text
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    let number: Option<f64> = if plain { text.parse().ok() } else { None };
    let Some(number) = number.filter(|number| number.is_finite()) else {
        return Err(format!("holds {text:?}, which is not a number"));
    };
    let kind = meanings
        .styles
        .get(cell.style)
        .copied()
        .unwrap_or(Kind::Number);
    if kind == Kind::Number {
        return Ok(Some(Value::Number(number_text(number))));
    }
    match date_text(number, kind, meanings.date1904) {
        Some(date) => Ok(Some(Value::Text(date))),
        None => Err(format!(
            "is shown as a date, but {text} is not one of the calendar"
        )),
    }
}
