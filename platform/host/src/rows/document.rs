//! One JSON document with an array of rows: one page. Read into memory once (the HTTP capability
//! bounds it), never parsed to a tree.

use bytes::{Bytes, BytesMut};
use tributary_formats::fault::RowFault;
use tributary_formats::json;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::rows::{RowFormat, RowPosition};

use super::{ByteReader, Cut, broken_off};

const MAX_DOCUMENT_BYTES: usize = 64 << 20;
/// Most that a guest may look at in one call: values are for cursors and page tokens, not for rows.
const MAX_VALUES_BYTES: usize = 8 << 20;
/// What one value costs beside its text.
const VALUE_BYTES: usize = 32;

pub(crate) struct DocumentRows {
    source: String,
    records: String,
    reader: ByteReader,
    body: Option<Bytes>,
    /// the reader gave a part of it
    begun: bool,
    position: RowPosition,
    done: bool,
}

impl DocumentRows {
    pub(crate) fn new(source: String, reader: ByteReader, records: String) -> Self {
        Self {
            source,
            records,
            reader,
            body: None,
            begun: false,
            position: RowPosition { line: 1, offset: 0 },
            done: false,
        }
    }

    pub(crate) fn position(&self) -> RowPosition {
        self.position
    }

    pub(crate) async fn digest(&mut self) -> Option<String> {
        self.reader.digest().await
    }

    pub(crate) async fn next_page(&mut self) -> Result<Option<Cut>, Problem> {
        if self.done {
            return Ok(None);
        }
        let body = self.body().await?;
        let mut rows = 0_u32;
        for range in json::records(&body, &self.records) {
            range.map_err(|fault| self.not_understood(&fault))?;
            rows += 1;
        }
        self.done = true;
        let first = self.position;
        self.position = RowPosition {
            line: u64::from(rows) + 1,
            offset: body.len() as u64,
        };
        if rows == 0 {
            return Ok(None);
        }
        Ok(Some(Cut {
            source: self.source.clone(),
            format: RowFormat::Json {
                records: self.records.clone(),
            },
            first,
            rows,
            bytes: body,
            columns: Vec::new(),
        }))
    }

    pub(crate) async fn probe(&mut self, pointer: &str) -> Result<Option<String>, Problem> {
        let body = self.body().await?;
        let found = json::probe(&body, pointer).map_err(|fault| self.not_understood(&fault))?;
        if found
            .as_ref()
            .is_some_and(|value| value.len() > MAX_VALUES_BYTES)
        {
            return Err(too_much(pointer));
        }
        Ok(found.map(std::borrow::Cow::into_owned))
    }

    pub(crate) async fn pluck(&mut self, pointer: &str) -> Result<Vec<Option<String>>, Problem> {
        let body = self.body().await?;
        let mut values = Vec::new();
        let mut bytes = 0;
        for range in json::records(&body, &self.records) {
            let range = range.map_err(|fault| self.not_understood(&fault))?;
            let row = body.get(range).unwrap_or_default();
            let value = json::probe(row, pointer).map_err(|fault| self.not_understood(&fault))?;
            bytes += VALUE_BYTES + value.as_ref().map_or(0, |value| value.len());
            if bytes > MAX_VALUES_BYTES {
                return Err(too_much(pointer));
            }
            values.push(value.map(std::borrow::Cow::into_owned));
        }
        Ok(values)
    }

    async fn body(&mut self) -> Result<Bytes, Problem> {
        if let Some(body) = &self.body {
            return Ok(body.clone());
        }
        if std::mem::replace(&mut self.begun, true) {
            return Err(broken_off(&self.source));
        }
        let mut whole = BytesMut::new();
        let first = self.reader.next().await?.unwrap_or_default();
        let body = match self.reader.next().await? {
            None => first,
            Some(second) => {
                self.reader.keep(first.len() + second.len())?;
                whole.extend_from_slice(&first);
                whole.extend_from_slice(&second);
                while let Some(chunk) = self.reader.next().await? {
                    self.reader.keep(chunk.len())?;
                    whole.extend_from_slice(&chunk);
                    if whole.len() > MAX_DOCUMENT_BYTES {
                        let detail = format!(
                            "{}: the JSON document is larger than {MAX_DOCUMENT_BYTES} bytes",
                            self.source
                        );
                        return Err(Problem::new(ErrorCode::SourceProtocol, detail));
                    }
                }
                whole.freeze()
            }
        };
        self.body = Some(body.clone());
        Ok(body)
    }

    fn not_understood(&self, fault: &RowFault) -> Problem {
        let detail = format!("{}: {}", self.source, fault.message);
        Problem::new(ErrorCode::SourceProtocol, detail)
    }
}

fn too_much(pointer: &str) -> Problem {
    let detail = format!("the values at {pointer:?} have more than {MAX_VALUES_BYTES} bytes");
    Problem::new(ErrorCode::ConnectorLimit, detail).hint("ask for smaller pages")
}
