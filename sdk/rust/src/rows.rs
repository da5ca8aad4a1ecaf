//! Decoded rows that stay in the host.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::imports::tributary::connector::{changes, codec, io, output, sql};
use crate::{Connection, Result, serde_json};

pub use output::Piped;

/// A handle to rows. Options of the formats: see the contract's `codec`.
pub struct Rows(io::Rows);

/// What is known about rows before the first of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub struct Found {
    /// names of the columns, where rows have any
    pub columns: Vec<String>,
    /// of delimited text
    pub delimiter: Option<String>,
    /// of text: the WHATWG label that was given or found out
    pub encoding: Option<String>,
    /// the text is decoded before its rows are found, so positions in it are no places in the file
    pub transcoded: bool,
}

impl Rows {
    /// Hands the bytes to a native decoder: `csv`, `json` or `ndjson`.
    ///
    /// # Errors
    /// Options that do not fit.
    pub fn decode(reader: io::Reader, format: &str, options: &impl Serialize) -> Result<Self> {
        let options = serde_json::to_string(options)?;
        Ok(Self(codec::decode(reader, format, &options)?))
    }

    /// Begins a query of the connection's database; `params` are scalars, bound in order. Dropping the
    /// rows ends it.
    ///
    /// # Errors
    /// What the database says to the statement.
    pub fn query(
        connection: &Connection,
        statement: &str,
        params: &(impl Serialize + ?Sized),
    ) -> Result<Self> {
        let params = serde_json::to_string(params)?;
        Ok(Self(sql::query(connection, statement, &params)?))
    }

    /// Begins a read of what `tables` went through between two positions of `log`: see the contract's
    /// `changes`.
    ///
    /// # Errors
    /// What the database says; `changes_gone` for a position that its log does not have any more.
    pub fn changes(
        connection: &Connection,
        log: &impl Serialize,
        tables: &(impl Serialize + ?Sized),
        (from, until): (&str, &str),
    ) -> Result<Self> {
        let log = serde_json::to_string(log)?;
        let tables = serde_json::to_string(tables)?;
        let rows = changes::read(connection, &log, &tables, from, until)?;
        Ok(Self(rows))
    }

    /// Column names of delimited text.
    ///
    /// # Errors
    /// A header that can't be read or lacks expected columns.
    pub fn columns(&self) -> Result<Vec<String>> {
        Ok(self.found()?.columns)
    }

    /// Column names, and what was found out about a text: give it again to go on inside of it.
    ///
    /// # Errors
    /// As [`Self::columns`].
    pub fn found(&self) -> Result<Found> {
        Ok(serde_json::from_str(&self.0.schema()?)?)
    }

    /// The scalar at a JSON Pointer of the document, as text. Of a query: of the last row that was
    /// moved on.
    ///
    /// # Errors
    /// A document that is not JSON.
    pub fn probe(&self, pointer: &str) -> Result<Option<String>> {
        self.0.probe(pointer)
    }

    /// One scalar field of all rows, in order.
    ///
    /// # Errors
    /// A document that is not JSON.
    pub fn pluck(&self, pointer: &str) -> Result<Vec<Option<String>>> {
        self.0.pluck(pointer)
    }

    /// Moves at most `max_pages` pages on; the rows never enter this memory.
    ///
    /// # Errors
    /// What reading met, or that the rows are not wanted any more.
    pub fn pipe(&self, stream: &str, max_pages: u32) -> Result<Piped> {
        output::pipe(stream, &self.0, max_pages)
    }
}

/// "All rows handed over so far are covered by this state."
///
/// # Errors
/// That the rows are not wanted any more.
pub fn checkpoint(state: &impl Serialize) -> Result<()> {
    output::checkpoint(&serde_json::to_string(state)?)
}

/// JSON text as a typed value, for states and partitions that this connector wrote itself.
pub(crate) fn typed<T: DeserializeOwned>(what: &str, text: &str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|error| crate::Error::bug(format!("the {what} is not what was written: {error}")))
}
