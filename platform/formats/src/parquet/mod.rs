//! Rows of an Apache Parquet file, each as one JSON object.
//!
//! The shape: keys are the names of the columns, groups are objects, lists arrays and maps objects; a
//! null is `null`. Decimals are numbers with all their digits, dates and timestamps ISO texts, UUIDs their
//! usual text, other bytes Base64. A value that cannot be told is a fault of its row; pages that are
//! damaged end the reading.
//!
//! Invariants: of each column one page and one dictionary are held, together at most
//! [`Limits::max_held_bytes`]; nothing is allocated because a header says so; what comes out is bounded by
//! the size of the file. The reader is our own, since a hostile file may neither panic nor cost more than
//! it weighs (decision 0019). Deliberately absent: writing, encryption, statistics and indexes, columns in
//! other files, LZO, LZ4 and Brotli.

mod bits;
mod column;
mod footer;
mod page;
mod record;
mod scalar;
mod schema;
mod thrift;
mod values;

use std::borrow::Cow;
use std::io::SeekFrom;

use serde::{Deserialize, Serialize};
use tributary_model::error_code::ErrorCode;
use tributary_model::rows::RowPosition;

use crate::fault::{ReadFault, RowFault};
use crate::records::{Limits, ReadSeek, Record, Trouble};
use column::{Column, Source};
use footer::{Footer, RowGroup};
use page::Budget;
use record::{Assembly, Out};
use schema::{Leaf, Physical, Schema};

/// What a file may come to, whatever its size, bytes of all records.
const FREE_BYTES: u64 = 64 << 20;

/// How much more a record may weigh than its unpacked values: the names stand in each.
const NAMES_FACTOR: u64 = 5;

/// How to read a Parquet file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ParquetOptions {
    /// bytes that are not marked as text are text all the same, as some older writers mean it
    pub binary_as_text: bool,
}

/// Reads the rows. See [`crate::records::open`].
pub(crate) struct ParquetRecords<'a> {
    source: Source<'a>,
    footer: Footer,
    schema: Schema,
    physicals: Vec<Physical>,
    /// the row group that is read, from 0
    group: usize,
    rows: RowGroup,
    columns: Vec<Column>,
    /// rows of the group, and of the file, that were read
    row: i64,
    read: u64,
    position: RowPosition,
    out: Out,
}

/// Opens a file: reads its footer.
///
/// # Errors
/// The file is no Parquet file, is cut, has a schema that cannot be, or a limit is reached.
pub(crate) fn open<'a>(
    options: &ParquetOptions,
    mut file: Box<dyn ReadSeek + 'a>,
    limits: &Limits,
) -> Result<ParquetRecords<'a>, RowFault> {
    let start = RowPosition { line: 1, offset: 0 };
    let at_start = |fault: ReadFault| fault.at(start);
    let footer = footer::read(file.as_mut()).map_err(at_start)?;
    let schema = schema::build(&footer.schema, options.binary_as_text).map_err(at_start)?;
    let physicals = schema.leaves.iter().map(|leaf| leaf.physical).collect();
    let growth = limits.unpack.max_ratio.saturating_mul(NAMES_FACTOR);
    let most_made = footer.start.saturating_mul(growth).max(FREE_BYTES);
    let budget = Budget::new(limits.max_held_bytes, footer.start, limits.unpack);
    Ok(ParquetRecords {
        source: Source { file, budget },
        footer,
        schema,
        physicals,
        group: 0,
        rows: RowGroup::default(),
        columns: Vec::new(),
        row: 0,
        read: 0,
        position: start,
        out: Out::new(limits.max_record_bytes, most_made),
    })
}

impl ParquetRecords<'_> {
    /// The names at the top of the schema.
    pub(crate) fn columns(&self) -> Vec<String> {
        self.schema.names.clone()
    }

    pub(crate) fn next_record(&mut self) -> Result<Option<Record<'_>>, Trouble> {
        let more = self.advance().map_err(|fault| {
            let RowPosition { offset, .. } = self.position;
            let line = self.read + 1;
            Trouble::end(fault.at(RowPosition { line, offset }))
        })?;
        if !more {
            return Ok(None);
        }
        let place = format!("row {} of row group {}", self.row, self.group + 1);
        if self.out.over {
            let message = format!("{place} is too long");
            let fault = RowFault::new(ErrorCode::RowTooLarge, self.position, message, b"");
            return Err(Trouble::row(fault));
        }
        if let Some(bad) = self.out.bad.take() {
            let message = format!("{place}: {}", bad.message);
            let fault = RowFault::new(bad.code, self.position, message, &bad.value);
            return Err(Trouble::row(fault));
        }
        Ok(Some(Record {
            position: self.position,
            bytes: Cow::Borrowed(&self.out.bytes),
        }))
    }

    /// Makes the next record; `false` at the end.
    fn advance(&mut self) -> Result<bool, ReadFault> {
        while self.columns.is_empty() || self.row == self.rows.rows {
            self.finish_group()?;
            if self.group == self.footer.groups() {
                return self.finish();
            }
            self.open_group()?;
        }
        self.row += 1;
        self.read += 1;
        self.position.line = self.read;
        let mut assembly = Assembly {
            columns: &mut self.columns,
            leaves: &self.schema.leaves,
            source: &mut self.source,
            out: &mut self.out,
        };
        assembly.record(&self.schema.root)?;
        Ok(true)
    }

    /// Opens the row group whose turn it is, or passes it if it has no rows.
    fn open_group(&mut self) -> Result<(), ReadFault> {
        self.rows = self.footer.group(self.group, &self.physicals)?;
        self.row = 0;
        if self.rows.rows == 0 {
            self.group += 1;
            return Ok(());
        }
        let starts = self.rows.chunks.iter().map(|chunk| chunk.start);
        self.position.offset = starts.min().unwrap_or(0);
        for (chunk, leaf) in self.rows.chunks.iter().zip(&self.schema.leaves) {
            let column = Column::open(*chunk, leaf, &mut self.source)?;
            self.columns.push(column);
        }
        Ok(())
    }

    /// Nothing may be left of a row group's columns.
    fn finish_group(&mut self) -> Result<(), ReadFault> {
        if self.columns.is_empty() {
            return Ok(());
        }
        for (column, leaf) in self.columns.drain(..).zip(&self.schema.leaves) {
            if column.entry().is_some() {
                let (rows, group) = (self.rows.rows, self.group + 1);
                let more = format!("it goes on behind the {rows} rows of row group {group}");
                return Err(in_column(leaf, invalid(more)));
            }
            column.close(&mut self.source);
        }
        self.group += 1;
        Ok(())
    }

    fn finish(&mut self) -> Result<bool, ReadFault> {
        if u64::try_from(self.footer.rows) == Ok(self.read) {
            return Ok(false);
        }
        Err(invalid(format!(
            "the footer announces {} rows, the row groups have {}",
            self.footer.rows, self.read
        )))
    }
}

/// What is wrong with the file.
fn invalid(message: impl Into<String>) -> ReadFault {
    ReadFault {
        code: ErrorCode::ParquetInvalid,
        message: message.into(),
    }
}

/// The fault of a column, with its name.
fn in_column(leaf: &Leaf, fault: ReadFault) -> ReadFault {
    ReadFault {
        message: format!("column {:?}: {}", leaf.path, fault.message),
        ..fault
    }
}

/// Fills `room` from byte `at` of the file on.
fn read_exact(file: &mut dyn ReadSeek, at: u64, room: &mut [u8]) -> Result<(), ReadFault> {
    let found = file.seek(SeekFrom::Start(at));
    found
        .and_then(|_| file.read_exact(room))
        .map_err(|error| ReadFault::of(&error))
}
