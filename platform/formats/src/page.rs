//! A page: the bytes that a source gave in one go, cut at a row's end, with what one must know to
//! read them again.

use bytes::Bytes;
use tributary_model::rows::{RowFormat, RowPosition};

/// Whole rows of one stream, as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// the stream of the connector, for example `orders`
    pub stream: String,
    /// file name or request that the rows come from, for a person
    pub source: String,
    pub format: RowFormat,
    /// where the first byte stands in the source
    pub first: RowPosition,
    /// how many rows [`crate::rows::RowReader`] will find, faulty ones included
    pub rows: u32,
    pub bytes: Bytes,
    /// names of the columns that the source has by its header or schema, with the first page of rows that
    /// are told as JSON (a sheet, a Parquet file); none: its rows have none, or `format` has them
    pub columns: Vec<String>,
}
