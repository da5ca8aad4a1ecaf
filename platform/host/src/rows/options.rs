//! The options of `codec.decode`. They come from a guest, so everything is checked.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tributary_formats::csv;
use tributary_formats::records::Format;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::rows::{CsvFormat, RowFormat, RowPosition};

use super::lines::{Given, Header, Text};
use super::members::MemberRows;
use super::unpack::Packed;
use super::{ByteReader, DocumentRows, LineRows, RecordRows, RowSource};

/// Most columns that a connector may name, as many as a header line may have.
const MAX_COLUMNS: usize = 16_384;

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CsvOptions {
    source: String,
    /// left out: as it looks
    #[serde(default)]
    delimiter: Option<char>,
    #[serde(default = "double_quote")]
    quote: Option<char>,
    /// left out: as it looks
    #[serde(default)]
    encoding: Option<String>,
    #[serde(default = "yes")]
    header: bool,
    #[serde(default)]
    columns: Vec<String>,
    #[serde(default)]
    expected_columns: Vec<String>,
    #[serde(default = "beginning")]
    start: RowPosition,
    #[serde(default)]
    packed: Option<Packed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonOptions {
    source: String,
    #[serde(default)]
    records: String,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NdjsonOptions {
    source: String,
    /// `utf-8`, or what has to be decoded before its lines are found; left out: as a byte order mark says
    #[serde(default)]
    encoding: Option<String>,
    #[serde(default = "beginning")]
    start: RowPosition,
    #[serde(default)]
    packed: Option<Packed>,
}

/// The reader stands at the first byte, and `start` is a position that was given out for this file.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordOptions {
    source: String,
    format: Format,
    #[serde(default)]
    expected_columns: Vec<String>,
    #[serde(default = "beginning")]
    start: RowPosition,
    #[serde(default)]
    packed: Option<Packed>,
}

#[expect(clippy::unnecessary_wraps, reason = "the default of an optional field")]
fn double_quote() -> Option<char> {
    Some('"')
}
fn yes() -> bool {
    true
}
fn beginning() -> RowPosition {
    RowPosition { line: 1, offset: 0 }
}

/// The options of a format that files are read in.
pub(super) enum Asked {
    Csv(CsvOptions),
    Ndjson(NdjsonOptions),
    Records(RecordOptions),
}

impl Asked {
    pub(super) fn source(&self) -> &str {
        match self {
            Self::Csv(options) => &options.source,
            Self::Ndjson(options) => &options.source,
            Self::Records(options) => &options.source,
        }
    }

    pub(super) fn start(&self) -> RowPosition {
        match self {
            Self::Csv(options) => options.start,
            Self::Ndjson(options) => options.start,
            Self::Records(options) => options.start,
        }
    }

    /// The same for a member of the file, which is not packed any more.
    pub(super) fn of_member(&self, source: &str, start: RowPosition) -> Self {
        let source = source.to_owned();
        match self {
            Self::Csv(options) => Self::Csv(CsvOptions {
                source,
                start,
                packed: None,
                ..options.clone()
            }),
            Self::Ndjson(options) => Self::Ndjson(NdjsonOptions {
                source,
                start,
                packed: None,
                ..options.clone()
            }),
            Self::Records(options) => Self::Records(RecordOptions {
                source,
                start,
                packed: None,
                ..options.clone()
            }),
        }
    }

    /// Whether lines are read from inside on, so that what their front says has to be known.
    pub(super) fn goes_on_inside(&self) -> bool {
        let lines = matches!(self, Self::Csv(_) | Self::Ndjson(_));
        lines && self.start().offset > 0
    }

    /// Takes over what was found at the front ([`RowSource::schema`]); answers how many bytes are passed over
    /// before the first row. Those of text that is decoded first are passed over when it is.
    pub(super) fn as_found(&mut self, found: &Value) -> u64 {
        let start = self.start().offset;
        let text = |name: &str| found.get(name).and_then(Value::as_str);
        let encoding = text("encoding").map(str::to_owned);
        match self {
            Self::Csv(options) => {
                let columns = found.get("columns").and_then(Value::as_array);
                let columns = columns.into_iter().flatten().filter_map(Value::as_str);
                options.columns = columns.map(str::to_owned).collect();
                options.delimiter = text("delimiter").and_then(|text| text.chars().next());
                options.encoding = encoding;
                options.header = false;
                options.expected_columns.clear();
            }
            Self::Ndjson(options) => options.encoding = encoding,
            Self::Records(_) => {}
        }
        match found.get("transcoded") {
            Some(Value::Bool(true)) => 0,
            _ => start,
        }
    }

    /// A decoder over bytes that stand where these options say.
    pub(super) fn open(self, reader: ByteReader) -> Result<RowSource, Problem> {
        match self {
            Self::Csv(options) => csv(reader, options),
            Self::Ndjson(options) => ndjson(reader, options),
            Self::Records(options) => records(reader, options),
        }
    }

    fn packed(&self) -> Option<&Packed> {
        match self {
            Self::Csv(options) => options.packed.as_ref(),
            Self::Ndjson(options) => options.packed.as_ref(),
            Self::Records(options) => options.packed.as_ref(),
        }
    }
}

/// A decoder for `format` with `options` (JSON text).
pub(crate) fn open(reader: ByteReader, format: &str, options: &str) -> Result<RowSource, Problem> {
    let asked = match format {
        "csv" => Asked::Csv(parse(format, options)?),
        "ndjson" => Asked::Ndjson(parse(format, options)?),
        "json" => {
            let options: JsonOptions = parse(format, options)?;
            let document = DocumentRows::new(options.source, reader, options.records);
            return Ok(RowSource::Document(document));
        }
        "records" => Asked::Records(parse(format, options)?),
        other => {
            return Err(Problem::new(
                ErrorCode::ConnectorFailed,
                format!("the format {other:?} is not known here: csv, json, ndjson or records"),
            ));
        }
    };
    let several = match asked.packed() {
        Some(packed) => packed.several()?.map(str::to_owned),
        None => None,
    };
    match several {
        None => asked.open(reader),
        Some(pattern) => {
            let members = MemberRows::new(reader, asked, pattern);
            Ok(RowSource::Members(Box::new(members)))
        }
    }
}

fn csv(reader: ByteReader, options: CsvOptions) -> Result<RowSource, Problem> {
    let given = Given::new(options.delimiter, options.encoding, options.start)?;
    let csv = CsvFormat {
        // what is left out stands here until the file's first bytes were seen
        delimiter: options.delimiter.unwrap_or(','),
        quote: options.quote,
        encoding: given.row_encoding().to_owned(),
        columns: options.columns,
    };
    csv::check(&csv)?;
    if csv.columns.len() > MAX_COLUMNS || options.expected_columns.len() > MAX_COLUMNS {
        let detail = format!("more than {MAX_COLUMNS} columns");
        return Err(Problem::new(ErrorCode::ConfigInvalid, detail));
    }
    if !options.header && csv.columns.is_empty() {
        let detail = "a file without a header line needs the names of its columns";
        return Err(Problem::new(ErrorCode::ConfigInvalid, detail));
    }
    let header = Header {
        pending: options.header,
        named: !csv.columns.is_empty(),
        expected: options.expected_columns,
    };
    let reader = given.reader(reader, &options.source, options.packed, options.start)?;
    let text = Text::new(options.source, reader);
    let format = RowFormat::Csv(csv);
    let lines = LineRows::new(text, given, format, header, options.start);
    Ok(RowSource::Lines(Box::new(lines)))
}

fn ndjson(reader: ByteReader, options: NdjsonOptions) -> Result<RowSource, Problem> {
    let given = Given::new(None, options.encoding, options.start)?;
    if !given.row_encoding().eq_ignore_ascii_case("utf-8") {
        let detail = format!("{:?} is not an encoding of JSON", given.row_encoding());
        return Err(Problem::new(ErrorCode::ConfigInvalid, detail));
    }
    let header = Header {
        pending: false,
        named: false,
        expected: Vec::new(),
    };
    let reader = given.reader(reader, &options.source, options.packed, options.start)?;
    let text = Text::new(options.source, reader);
    let lines = LineRows::new(text, given, RowFormat::Ndjson, header, options.start);
    Ok(RowSource::Lines(Box::new(lines)))
}

fn records(reader: ByteReader, options: RecordOptions) -> Result<RowSource, Problem> {
    if matches!(options.format, Format::Csv(_) | Format::Ndjson) {
        let detail = "csv and ndjson are formats of their own";
        return Err(Problem::new(ErrorCode::ConfigInvalid, detail));
    }
    let reader = reader.unpacked(&options.source, options.packed, 0);
    let records = RecordRows::new(
        options.source,
        reader,
        options.format,
        options.expected_columns,
        options.start,
    );
    Ok(RowSource::Records(Box::new(records)))
}

fn parse<T: DeserializeOwned>(format: &str, options: &str) -> Result<T, Problem> {
    serde_json::from_str(options).map_err(|error| {
        let detail = format!("the options of the {format} decoder do not fit: {error}");
        Problem::new(ErrorCode::ConfigInvalid, detail)
    })
}
