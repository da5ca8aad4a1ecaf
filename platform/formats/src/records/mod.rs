//! One way to read the records of a file, whatever its format.
//!
//! [`open`] takes a [`Config`] and the bytes, [`RecordReader::next_record`] gives the records one
//! after the other, each as UTF-8 text that the mapping reads: CSV rows as they are, everything
//! else as one JSON value. gzip and zstd are unpacked on the way.
//!
//! Invariants: memory is bounded by [`Limits`], not by the file; a bad record is a fault in its
//! place and the rest goes on; a fault that ends the reading is followed by `None`, and
//! [`RecordReader::complete`] tells the difference; how the bytes come in does not change what
//! comes out. Deliberately absent: opening files, members of zip files (see
//! [`crate::compression::Archive`]), pages (see [`crate::rows`]).

mod detect;
mod document;
mod lines;
mod rows;
mod text;
mod window;

use std::borrow::Cow;
use std::io::{Cursor, Read, Seek};

use serde::{Deserialize, Serialize};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::rows::{RowFormat, RowPosition};

use crate::compression::{self, Compression, UnpackLimits};
use crate::fault::RowFault;
use crate::fixed::{Columns, FixedOptions};
use crate::parquet::{self, ParquetOptions, ParquetRecords};
use crate::transcode::read_head;
use crate::xlsx::{self, SheetRecords, XlsxOptions};
use crate::xml::{self, XmlOptions, XmlRecords};
pub use detect::{Detected, detect};
use document::DocumentRecords;
use rows::LineRecords;
pub use text::HEAD_BYTES;

/// How to read a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub format: Format,
    #[serde(default)]
    pub limits: Limits,
}

impl Config {
    /// `format` within the default limits.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self {
            format,
            limits: Limits::default(),
        }
    }
}

/// The format of a file, with what must be known to read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Format {
    Csv(CsvOptions),
    /// one JSON value per line
    Ndjson,
    /// one JSON document
    Json {
        /// JSON Pointer (RFC 6901) to the array of records, `""` for the document
        #[serde(default)]
        records: String,
    },
    Xml(XmlOptions),
    Xlsx(XlsxOptions),
    /// lines of fixed width
    Fixed(FixedOptions),
    Parquet(ParquetOptions),
}

impl Format {
    /// Whether it is read from its end, so that a stream will not do.
    #[must_use]
    pub fn needs_file(&self) -> bool {
        matches!(self, Self::Xlsx(_) | Self::Parquet(_))
    }
}

/// How to read delimited text. What is left out is guessed from the first 64 KiB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CsvOptions {
    pub delimiter: Option<char>,
    /// `"` unless given; `null` reads quotes as text
    pub quote: Option<char>,
    /// WHATWG label; UTF-16 is allowed here
    pub encoding: Option<String>,
    /// the first row that is not empty has the names of the columns
    pub header: bool,
    /// names that are used instead of the header line's; needed when there is none
    pub columns: Vec<String>,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self {
            delimiter: None,
            quote: Some('"'),
            encoding: None,
            header: true,
            columns: Vec::new(),
        }
    }
}

/// How much memory and work a file may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// bytes of one record, as received and as given
    pub max_record_bytes: usize,
    /// bytes of the text that the cells of a workbook share, which is held in memory
    pub max_shared_text_bytes: usize,
    /// bytes of the pages and dictionaries of a Parquet file that are held in memory at a time
    pub max_held_bytes: usize,
    /// for compressed files, the parts of a workbook and the pages of a Parquet file
    pub unpack: UnpackLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_record_bytes: 16 << 20,
            max_shared_text_bytes: 96 << 20,
            max_held_bytes: 128 << 20,
            unpack: UnpackLimits::default(),
        }
    }
}

/// Bytes that can be read from any place; a name for what a workbook needs.
pub trait ReadSeek: Read + Seek + Send {}

impl<T: Read + Seek + Send> ReadSeek for T {}

/// The bytes of a file.
pub enum Input<'a> {
    /// from front to end only: a pipe, a member of a zip file
    Stream(Box<dyn Read + Send + 'a>),
    /// from any place
    File(Box<dyn ReadSeek + 'a>),
}

impl<'a> Input<'a> {
    fn stream(self) -> Box<dyn Read + Send + 'a> {
        match self {
            Self::Stream(stream) => stream,
            Self::File(file) => Box::new(file),
        }
    }
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'r> {
    /// where it starts; what `line` counts depends on the format: physical lines, elements of a
    /// JSON array, or the rows of a sheet
    pub position: RowPosition,
    /// UTF-8: one CSV row without its line end, or one JSON value
    pub bytes: Cow<'r, [u8]>,
}

/// A fault, and whether it is the end.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) fault: RowFault,
    over: bool,
}

impl Trouble {
    /// One record is bad; reading goes on.
    pub(crate) fn row(fault: RowFault) -> Self {
        Self { fault, over: false }
    }

    /// Nothing more can be read.
    pub(crate) fn end(fault: RowFault) -> Self {
        Self { fault, over: true }
    }
}

/// Reads records. See [`open`].
pub struct RecordReader<'a> {
    kind: Kind<'a>,
    format: RowFormat,
    columns: Vec<String>,
    state: State,
}

enum Kind<'a> {
    Lines(Box<LineRecords<'a>>),
    Document(Box<DocumentRecords<'a>>),
    Xml(Box<XmlRecords<'a>>),
    Xlsx(Box<SheetRecords<'a>>),
    Parquet(Box<ParquetRecords<'a>>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    Complete,
    Broken,
}

/// Opens a file: reads its front (header line, sheet list, way to the array) and finds out what
/// the configuration leaves open.
///
/// # Errors
/// A [`RowFault`] that concerns the whole file: a configuration that cannot be, a header line that
/// is missing or has a name twice, no such sheet or array, or bytes that are of another format.
pub fn open<'a>(config: &Config, input: Input<'a>) -> Result<RecordReader<'a>, RowFault> {
    let limits = &config.limits;
    let max = limits.max_record_bytes;
    if config.format.needs_file() {
        return open_file(config, input);
    }
    let stream = unpacked(input.stream(), limits.unpack)?;
    let mut columns = Vec::new();
    let mut format = RowFormat::Ndjson;
    let kind = match &config.format {
        Format::Csv(options) => {
            let (records, csv) = rows::open_csv(options, stream, max)?;
            columns.clone_from(&csv.columns);
            format = RowFormat::Csv(csv);
            Kind::Lines(Box::new(records))
        }
        Format::Ndjson => Kind::Lines(Box::new(rows::open_ndjson(stream, max)?)),
        Format::Fixed(options) => {
            columns = Columns::new(options).map_err(fault_of)?.names();
            Kind::Lines(Box::new(rows::open_fixed(options, stream, max)?))
        }
        Format::Json { records } => Kind::Document(Box::new(document::open(records, stream, max)?)),
        Format::Xml(options) => Kind::Xml(Box::new(xml::open(options, stream, max)?)),
        Format::Xlsx(_) | Format::Parquet(_) => return Err(no_stream()),
    };
    Ok(RecordReader {
        kind,
        format,
        columns,
        state: State::Reading,
    })
}

/// Opens what is read from its end.
fn open_file<'a>(config: &Config, input: Input<'a>) -> Result<RecordReader<'a>, RowFault> {
    let Input::File(file) = input else {
        return Err(no_stream());
    };
    let (columns, kind) = match &config.format {
        Format::Xlsx(options) => {
            let records = xlsx::open(options, file, &config.limits)?;
            (records.columns(), Kind::Xlsx(Box::new(records)))
        }
        Format::Parquet(options) => {
            let records = parquet::open(options, file, &config.limits)?;
            (records.columns(), Kind::Parquet(Box::new(records)))
        }
        _ => return Err(no_stream()),
    };
    Ok(RecordReader {
        kind,
        format: RowFormat::Ndjson,
        columns,
        state: State::Reading,
    })
}

fn no_stream() -> RowFault {
    config_fault(
        "an XLSX workbook or Parquet file is read from its end, so it must be a file, not a stream"
            .to_owned(),
    )
}

impl RecordReader<'_> {
    /// The next record; `None` at the end.
    ///
    /// # Errors
    /// What is wrong with the record that stands here. Ask again for the one after it; `None` comes
    /// at once if nothing more can be read.
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>, RowFault> {
        if self.state != State::Reading {
            return Ok(None);
        }
        let next = match &mut self.kind {
            Kind::Lines(records) => records.next_record(),
            Kind::Document(records) => records.next_record(),
            Kind::Xml(records) => records.next_record(),
            Kind::Xlsx(records) => records.next_record(),
            Kind::Parquet(records) => records.next_record(),
        };
        match next {
            Ok(Some(record)) => Ok(Some(record)),
            Ok(None) => {
                self.state = State::Complete;
                Ok(None)
            }
            Err(trouble) => {
                if trouble.over {
                    self.state = State::Broken;
                }
                Err(trouble.fault)
            }
        }
    }

    /// How the mapping must read the records: as CSV with these columns, or as JSON
    /// ([`RowFormat::Ndjson`]). The encoding is the one of the file; records are UTF-8.
    #[must_use]
    pub fn format(&self) -> &RowFormat {
        &self.format
    }

    /// The names of the columns, where the format has any.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whether a fault ended the reading, so that nothing follows.
    #[must_use]
    pub fn broken(&self) -> bool {
        self.state == State::Broken
    }

    /// Whether the file was read to its end; `false` before, and when a fault ended the reading.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.state == State::Complete
    }
}

/// Looks for gzip and zstd at the front and unpacks them.
fn unpacked<'a>(
    mut stream: Box<dyn Read + Send + 'a>,
    limits: UnpackLimits,
) -> Result<Box<dyn Read + Send + 'a>, RowFault> {
    let head = read_head(&mut stream, 4).map_err(|error| text::at_start(&error))?;
    let compression = compression::detect(&head);
    let whole = Box::new(Cursor::new(head).chain(stream));
    match compression {
        Some(packed @ (Compression::Gzip | Compression::Zstd)) => {
            let start = RowPosition { line: 1, offset: 0 };
            compression::unpack(packed, whole, limits).map_err(|fault| fault.at(start))
        }
        Some(Compression::Zip) => Err(RowFault::new(
            ErrorCode::ArchiveInvalid,
            RowPosition { line: 1, offset: 0 },
            "this is a zip file (or an XLSX workbook); read its members one by one, or as xlsx",
            b"",
        )),
        None => Ok(whole),
    }
}

/// A problem with the configuration, as a fault of the file.
pub(crate) fn fault_of(problem: Problem) -> RowFault {
    let position = RowPosition { line: 1, offset: 0 };
    let message = format!("{}; {}", problem.detail, problem.hint);
    RowFault::new(problem.code, position, message, b"")
}

pub(crate) fn config_fault(message: String) -> RowFault {
    let position = RowPosition { line: 1, offset: 0 };
    RowFault::new(ErrorCode::ConfigInvalid, position, message, b"")
}
