//! Source bytes on their way to pages. Rows stay here: a connector holds a handle and says
//! "move a page on".
//!
//! Invariants: a page keeps the bytes as received and ends at a row's end; it has at most
//! [`PAGE_BYTES`] unless one row is longer; nothing between two pages is lost or doubled. What could not be
//! read on from cannot be read on from later either: it never looks like an end.

mod digest;
mod document;
mod feed;
mod lines;
#[cfg(test)]
pub(crate) mod made;
mod members;
mod options;
mod query;
mod reader;
mod records;
mod unpack;

use bytes::Bytes;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::rows::{RowFormat, RowPosition};

pub(crate) use document::DocumentRows;
pub(crate) use lines::LineRows;
pub(crate) use members::MemberRows;
pub(crate) use options::open;
pub(crate) use query::QueryRows;
pub(crate) use reader::ByteReader;
pub(crate) use records::RecordRows;

/// A page of text is cut at the last row's end before this many bytes.
pub(crate) const PAGE_BYTES: usize = 1 << 20;
/// A longer row is a fault of its own; the usual cause is a quote that is never closed.
pub(crate) const MAX_ROW_BYTES: usize = tributary_formats::rows::MAX_ROW_BYTES;
/// A file that is read from its end (a workbook, Parquet, zip) is held whole.
const MAX_FILE_BYTES: usize = 64 << 20;

/// A decoder's rows.
pub(crate) enum RowSource {
    Lines(Box<LineRows>),
    Document(DocumentRows),
    Query(Box<QueryRows>),
    Records(Box<RecordRows>),
    Members(Box<MemberRows>),
}

/// What a page holds, without the stream's name.
pub(crate) struct Cut {
    pub(crate) source: String,
    pub(crate) format: RowFormat,
    pub(crate) first: RowPosition,
    pub(crate) rows: u32,
    /// none: a sign of life, there may be more
    pub(crate) bytes: Bytes,
    /// see [`tributary_formats::page::Page::columns`]
    pub(crate) columns: Vec<String>,
}

impl RowSource {
    /// The next page; `None` at the end.
    pub(crate) async fn next_page(&mut self) -> Result<Option<Cut>, Problem> {
        match self {
            Self::Lines(lines) => lines.next_page().await,
            Self::Document(document) => document.next_page().await,
            Self::Query(query) => query.next_page().await,
            Self::Records(records) => records.next_page().await,
            Self::Members(members) => members.next_page().await,
        }
    }

    /// Where the next page starts.
    pub(crate) fn position(&self) -> RowPosition {
        match self {
            Self::Lines(lines) => lines.position(),
            Self::Document(document) => document.position(),
            Self::Query(query) => query.position(),
            Self::Records(records) => records.position(),
            Self::Members(members) => members.position(),
        }
    }

    /// Whether the last page was given.
    fn over(&self) -> bool {
        match self {
            Self::Lines(lines) => lines.over(),
            Self::Records(records) => records.over(),
            Self::Document(_) | Self::Query(_) | Self::Members(_) => false,
        }
    }

    /// Of the bytes as received, at their end; `None` if they did not begin a file.
    pub(crate) async fn digest(&mut self) -> Option<String> {
        match self {
            Self::Lines(lines) => lines.digest().await,
            Self::Document(document) => document.digest().await,
            Self::Query(_) => None,
            Self::Records(records) => records.digest().await,
            Self::Members(members) => members.digest().await,
        }
    }

    pub(crate) async fn schema(&mut self) -> Result<serde_json::Value, Problem> {
        match self {
            Self::Lines(lines) => lines.schema().await,
            Self::Document(_) | Self::Query(_) => Ok(serde_json::json!({})),
            Self::Records(records) => records.schema().await,
            Self::Members(members) => members.schema().await,
        }
    }

    pub(crate) async fn probe(&mut self, pointer: &str) -> Result<Option<String>, Problem> {
        match self {
            Self::Document(document) => document.probe(pointer).await,
            Self::Query(query) => query.probe(pointer),
            Self::Lines(_) | Self::Records(_) | Self::Members(_) => Err(not_a_document()),
        }
    }

    pub(crate) async fn pluck(&mut self, pointer: &str) -> Result<Vec<Option<String>>, Problem> {
        match self {
            Self::Document(document) => document.pluck(pointer).await,
            Self::Lines(_) | Self::Query(_) | Self::Records(_) | Self::Members(_) => {
                Err(not_a_document())
            }
        }
    }
}

/// A read of `source` was broken off in the middle of a step, so that nobody knows what comes next.
fn broken_off(source: &str) -> Problem {
    let detail = format!("{source}: reading was broken off before and cannot go on from there");
    Problem::new(ErrorCode::ConnectionTimeout, detail)
}

fn not_a_document() -> Problem {
    Problem::new(
        ErrorCode::ConnectorFailed,
        "the connector asked for a value of a document, but the rows are of another kind",
    )
}

#[cfg(test)]
mod tests;
