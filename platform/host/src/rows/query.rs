//! Rows of a database's query: pages that come as NDJSON already. The last row that was moved on is kept,
//! so that its key can be asked for: behind it a read can go on.

use std::sync::Arc;

use bytes::Bytes;
use tributary_formats::json;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::rows::{RowFormat, RowPosition};

use super::Cut;
use crate::connection::SqlRows;
use crate::limits::Hold;
use crate::usage::UsageMeter;

pub(crate) struct QueryRows {
    source: String,
    rows: SqlRows,
    position: RowPosition,
    last: Option<Bytes>,
    usage: Arc<UsageMeter>,
    /// what pages and driver may take
    _hold: Hold,
}

impl QueryRows {
    pub(crate) fn new(source: String, rows: SqlRows, hold: Hold, usage: Arc<UsageMeter>) -> Self {
        Self {
            source,
            rows,
            position: RowPosition { line: 1, offset: 0 },
            last: None,
            usage,
            _hold: hold,
        }
    }

    pub(crate) fn position(&self) -> RowPosition {
        self.position
    }

    pub(crate) async fn next_page(&mut self) -> Result<Option<Cut>, Problem> {
        let Some(page) = self.rows.next().await? else {
            return Ok(None);
        };
        self.usage.came(page.bytes.len());
        let first = self.position;
        self.position = RowPosition {
            line: first.line + u64::from(page.rows),
            offset: first.offset + page.bytes.len() as u64,
        };
        if let Some(mark) = page.mark {
            self.last = Some(mark);
        }
        let body = page.bytes.strip_suffix(b"\n").unwrap_or(&page.bytes);
        let start = body
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |place| place + 1);
        if page.rows > 0 {
            // copied: it must not keep the page
            let last = body.get(start..).unwrap_or_default();
            self.last = Some(Bytes::copy_from_slice(last));
        }
        Ok(Some(Cut {
            source: self.source.clone(),
            format: RowFormat::Ndjson,
            first,
            rows: page.rows,
            bytes: page.bytes,
            columns: Vec::new(),
        }))
    }

    /// A scalar of the last row that was moved on.
    pub(crate) fn probe(&self, pointer: &str) -> Result<Option<String>, Problem> {
        let Some(last) = &self.last else {
            return Ok(None);
        };
        let found = json::probe(last, pointer).map_err(|fault| {
            let detail = format!("{}: {}", self.source, fault.message);
            Problem::new(ErrorCode::SourceProtocol, detail)
        })?;
        Ok(found.map(std::borrow::Cow::into_owned))
    }
}
