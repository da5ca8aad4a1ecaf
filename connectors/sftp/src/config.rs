//! The configuration; `connector.json` has its schema.

use serde::{Deserialize, Serialize};
use tributary_sdk::{Error, Position, Result};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// how integrations call the stream of this folder
    #[serde(default = "default_stream")]
    pub stream: String,
    /// absolute path of the folder
    pub folder: String,
    /// file names: `*`, `?`, `[abc]`
    #[serde(default = "every")]
    pub pattern: String,
    #[serde(default)]
    pub csv: Csv,
    /// younger files are left for the next run: their sender may still write
    #[serde(default)]
    pub min_age_s: u64,
    #[serde(default)]
    pub order: Order,
    /// columns that each header must have
    #[serde(default)]
    pub expected_columns: Vec<String>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    #[default]
    Name,
    Modified,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Csv {
    pub delimiter: String,
    /// empty text reads quotes as text
    pub quote: String,
    pub encoding: String,
    pub header: Header,
}

/// `true`: the first line names the columns. A list: there is no such line, these are the names.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Header {
    Line(bool),
    Columns(Vec<String>),
}

impl Default for Csv {
    fn default() -> Self {
        Self {
            delimiter: ",".to_owned(),
            quote: "\"".to_owned(),
            encoding: "utf-8".to_owned(),
            header: Header::Line(true),
        }
    }
}

/// Options of the host's decoder.
#[derive(Debug, Serialize)]
pub struct Options<'a> {
    source: &'a str,
    delimiter: &'a str,
    quote: Option<&'a str>,
    encoding: &'a str,
    header: bool,
    columns: &'a [String],
    expected_columns: &'a [String],
    start: Start,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct Start {
    line: u64,
    offset: u64,
}

impl Config {
    /// There is one stream.
    pub fn check_stream(&self, stream: &str) -> Result<()> {
        if stream == self.stream {
            return Ok(());
        }
        let message = format!(
            "the connection has the stream {:?}, not {stream:?}",
            self.stream
        );
        Err(Error::config("/config/stream", message))
    }
}

impl Csv {
    /// From the beginning of a file.
    pub fn options<'a>(&'a self, path: &'a str, expected_columns: &'a [String]) -> Options<'a> {
        let (header, columns) = match &self.header {
            Header::Line(line) => (*line, &[][..]),
            Header::Columns(columns) => (false, columns.as_slice()),
        };
        Options {
            source: path,
            delimiter: &self.delimiter,
            quote: (!self.quote.is_empty()).then_some(self.quote.as_str()),
            encoding: &self.encoding,
            header,
            columns,
            expected_columns,
            start: Start { line: 1, offset: 0 },
        }
    }

    /// From the start of a row inside a file whose columns are known.
    pub fn options_from<'a>(
        &'a self,
        path: &'a str,
        columns: &'a [String],
        at: Position,
    ) -> Options<'a> {
        Options {
            header: false,
            columns,
            start: Start {
                line: at.line,
                offset: at.offset,
            },
            ..self.options(path, &[])
        }
    }
}

fn default_stream() -> String {
    "files".to_owned()
}

fn every() -> String {
    "*".to_owned()
}
