//! Records that are lines: CSV, NDJSON, fixed width.

use std::io::Read;

use tributary_model::error_code::ErrorCode;
use tributary_model::rows::{CsvFormat, RowFormat};

use super::lines::Lines;
use super::text::Text;
use super::{CsvOptions, Record, Trouble};
use crate::csv;
use crate::encoding::Decoding;
use crate::fault::RowFault;
use crate::fixed::{Columns, FixedOptions};
use crate::rows::RowDecoder;

pub(super) struct LineRecords<'a> {
    lines: Lines<'a>,
    kind: Kind,
}

enum Kind {
    /// CSV and NDJSON: the row itself, as UTF-8
    Rows(RowDecoder),
    Fixed(Box<Fixed>),
}

struct Fixed {
    /// bytes that a record may have
    most: usize,
    columns: Columns,
    decoding: Decoding,
    encoding: String,
    out: Vec<u8>,
}

/// Opens delimited text: finds out what the options leave open, reads the header line.
pub(super) fn open_csv<'a>(
    options: &CsvOptions,
    input: Box<dyn Read + Send + 'a>,
    max_row_bytes: usize,
) -> Result<(LineRecords<'a>, CsvFormat), RowFault> {
    let text = Text::open(input, options.encoding.as_deref())?;
    let detected = csv::detect(&text.head, options.quote);
    let mut format = CsvFormat {
        delimiter: options.delimiter.unwrap_or(detected.delimiter),
        quote: options.quote,
        encoding: text.label(options.encoding.as_deref(), &detected.encoding),
        columns: options.columns.clone(),
    };
    csv::check(&format).map_err(super::fault_of)?;
    let (delimiter, quote) = csv::dialect(&format);
    let mut lines = Lines::new(text.reader, text.offset, delimiter, quote, max_row_bytes);
    if options.header {
        if !lines.advance().map_err(|trouble| trouble.fault)? {
            let message = "the text is empty, where a header line is expected";
            let position = lines.position();
            return Err(RowFault::new(ErrorCode::CsvHeader, position, message, b""));
        }
        let names = csv::header(lines.row(), &format).map_err(|fault| RowFault {
            position: lines.position(),
            ..fault
        })?;
        if format.columns.is_empty() {
            format.columns = names;
        }
    } else if format.columns.is_empty() {
        let message = "without a header line the names of the columns must be given (columns)";
        let position = lines.position();
        return Err(RowFault::new(
            ErrorCode::ConfigInvalid,
            position,
            message,
            b"",
        ));
    }
    let decoder = RowDecoder::new(&RowFormat::Csv(format.clone())).at_most(max_row_bytes);
    let kind = Kind::Rows(decoder);
    Ok((LineRecords { lines, kind }, format))
}

pub(super) fn open_ndjson(
    input: Box<dyn Read + Send + '_>,
    max_row_bytes: usize,
) -> Result<LineRecords<'_>, RowFault> {
    let text = Text::open(input, None)?;
    Ok(LineRecords {
        lines: Lines::new(text.reader, text.offset, 0, None, max_row_bytes),
        kind: Kind::Rows(RowDecoder::new(&RowFormat::Ndjson).at_most(max_row_bytes)),
    })
}

pub(super) fn open_fixed<'a>(
    options: &FixedOptions,
    input: Box<dyn Read + Send + 'a>,
    max_row_bytes: usize,
) -> Result<LineRecords<'a>, RowFault> {
    let text = Text::open(input, options.encoding.as_deref())?;
    let columns = Columns::new(options).map_err(super::fault_of)?;
    let guess = csv::encoding_of(&text.head);
    let encoding = text.label(options.encoding.as_deref(), guess);
    let Some(decoding) = Decoding::for_label(&encoding) else {
        return Err(super::config_fault(format!(
            "{encoding:?} is not an encoding that lines of text can have"
        )));
    };
    let mut lines = Lines::new(text.reader, text.offset, 0, None, max_row_bytes);
    for _ in 0..options.skip_lines {
        lines.advance().map_err(|trouble| trouble.fault)?;
    }
    let fixed = Fixed {
        most: max_row_bytes,
        columns,
        decoding,
        encoding,
        out: Vec::new(),
    };
    Ok(LineRecords {
        lines,
        kind: Kind::Fixed(Box::new(fixed)),
    })
}

impl LineRecords<'_> {
    pub(super) fn next_record(&mut self) -> Result<Option<Record<'_>>, Trouble> {
        if !self.lines.advance()? {
            return Ok(None);
        }
        let position = self.lines.position();
        let raw = self.lines.row();
        let record = match &mut self.kind {
            Kind::Rows(decoder) => {
                let item = decoder.decode(position, raw);
                if let Some(fault) = item.fault {
                    return Err(Trouble::row(fault));
                }
                Record {
                    position,
                    bytes: item.text,
                }
            }
            Kind::Fixed(fixed) => {
                let row_fault = |code, message: String| {
                    Trouble::row(RowFault::new(code, position, message, raw))
                };
                let text = fixed.decoding.decode(raw).map_err(|invalid| {
                    row_fault(ErrorCode::EncodingInvalid, invalid.message(&fixed.encoding))
                })?;
                let text = std::str::from_utf8(text).unwrap_or_default();
                fixed
                    .columns
                    .write(text, &mut fixed.out)
                    .map_err(|message| row_fault(ErrorCode::ValueMissing, message))?;
                // the names of the columns and escapes make a record longer than its line
                if fixed.out.len() > fixed.most {
                    let most = fixed.most;
                    let message = format!("the row takes more than {most} bytes as JSON");
                    return Err(row_fault(ErrorCode::RowTooLarge, message));
                }
                Record {
                    position,
                    bytes: fixed.out.as_slice().into(),
                }
            }
        };
        Ok(Some(record))
    }
}
