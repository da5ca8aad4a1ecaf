//! How rows lie in bytes. A page from a source keeps the bytes as received; [`RowFormat`] says
//! how to find the rows in them, [`RowPosition`] where a row stood in the source.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a row starts in its source (file or response).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct RowPosition {
    /// Line number, counted from 1. For elements of a JSON array: the element's number, from 1.
    pub line: u64,
    /// Byte offset in the source as received, from 0.
    pub offset: u64,
}

/// Where a value stands in its row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValuePlace {
    /// Its first byte and the one behind its last, counted from 0 in the row as UTF-8; a text is meant without its
    /// quotes. `None`: the value is not to be seen, or nothing is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<(u64, u64)>,
    /// Of CSV: number of the column, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// Of CSV: name of the column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl fmt::Display for ValuePlace {
    /// `column 4 (price), bytes 57..62 of the row`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(column), Some(name)) = (self.column, &self.name) {
            write!(f, "column {column} ({name})")?;
        }
        let Some((from, to)) = self.bytes else {
            return Ok(());
        };
        let comma = if self.column.is_some() { ", " } else { "" };
        write!(f, "{comma}bytes {from}..{to} of the row")
    }
}

/// How the rows of a page are encoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum RowFormat {
    /// Delimited text (RFC 4180 with a free delimiter and encoding); pages hold no header line.
    Csv(CsvFormat),
    /// One JSON value per line.
    Ndjson,
    /// One JSON document; the rows are the elements of the array at `records`.
    Json {
        /// JSON Pointer (RFC 6901) to the array, `""` for the document itself.
        records: String,
    },
}

/// What one must know to read delimited text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CsvFormat {
    /// Field separator, one ASCII character.
    pub delimiter: char,
    /// Quote character, one ASCII character; `None` reads quotes as text.
    pub quote: Option<char>,
    /// WHATWG label of the encoding as received, for example `utf-8` or `windows-1252`.
    pub encoding: String,
    /// Column names, in order, from the header line or the connection's configuration.
    pub columns: Vec<String>,
}
