//! Files that are read from their end, such as Parquet: held whole, decoded piece by piece, handed on as lines
//! of JSON.
//!
//! A row that cannot be told (a number that is none, text that is no UTF-8) stands in its page as a line that says
//! why and is no JSON, so that it is counted, and quarantined in its place. Invariants: a file has at most
//! [`MAX_FILE_BYTES`] and what its decoder holds at most [`MAX_DECODER_BYTES`], both in the guest's account;
//! decoding runs on a thread of its own, a page at a time, so that a file meant to hurt keeps no other call
//! waiting. Deliberately absent: larger files, which would need reads from any place of the other side.

use std::io::Cursor;

use bytes::{Bytes, BytesMut};
use tributary_formats::fault::RowFault;
use tributary_formats::records::{self, Config, Format, Input, Limits, RecordReader};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::rows::{RowFormat, RowPosition};

use super::{ByteReader, Cut, MAX_ROW_BYTES, PAGE_BYTES};

const MAX_FILE_BYTES: usize = 64 << 20;
const MAX_DECODER_BYTES: usize = 48 << 20;

/// See the module.
pub(crate) struct WholeRows {
    source: String,
    format: Format,
    expected: Vec<String>,
    reader: ByteReader,
    /// the next row, from 1
    line: u64,
    /// of the file, once it is known
    size: u64,
    decoder: Option<RecordReader<'static>>,
    columns: Vec<String>,
    /// what ended the decoding, to be told behind the rows before it
    broken: Option<RowFault>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Fresh,
    Open,
    Over,
}

/// What a step of the decoder gave.
struct Decoded {
    decoder: RecordReader<'static>,
    rows: u32,
    bytes: Vec<u8>,
    over: bool,
    /// nothing more can be read
    broken: Option<RowFault>,
}

impl WholeRows {
    /// The rows from `line` on, whose file must have the columns `expected`.
    pub(crate) fn new(
        source: String,
        reader: ByteReader,
        format: Format,
        expected: Vec<String>,
        line: u64,
    ) -> Self {
        Self {
            source,
            format,
            expected,
            reader,
            line: line.max(1),
            size: 0,
            decoder: None,
            columns: Vec::new(),
            broken: None,
            state: State::Fresh,
        }
    }

    /// The next row; behind the last one the file's end.
    pub(crate) fn position(&self) -> RowPosition {
        let offset = match self.state {
            State::Over => self.size,
            State::Fresh | State::Open => 0,
        };
        RowPosition {
            line: self.line,
            offset,
        }
    }

    pub(crate) async fn digest(&mut self) -> Option<String> {
        self.reader.digest().await
    }

    pub(crate) async fn schema(&mut self) -> Result<serde_json::Value, Problem> {
        self.open().await?;
        Ok(serde_json::json!({ "columns": self.columns }))
    }

    pub(crate) async fn next_page(&mut self) -> Result<Option<Cut>, Problem> {
        self.open().await?;
        if let Some(fault) = &self.broken {
            return Err(self.problem(fault));
        }
        let Some(decoder) = self.decoder.take() else {
            return Ok(None);
        };
        let decoded = on_its_thread(move || page(decoder, PAGE_BYTES)).await?;
        let first = RowPosition {
            line: self.line,
            offset: 0,
        };
        self.line += u64::from(decoded.rows);
        match decoded.broken {
            Some(fault) if decoded.rows == 0 => return Err(self.problem(&fault)),
            Some(fault) => self.broken = Some(fault),
            None if decoded.over => self.state = State::Over,
            None => self.decoder = Some(decoded.decoder),
        }
        if decoded.rows == 0 {
            return Ok(None);
        }
        Ok(Some(Cut {
            source: self.source.clone(),
            format: RowFormat::Ndjson,
            first,
            rows: decoded.rows,
            bytes: Bytes::from(decoded.bytes),
        }))
    }

    /// Reads the file and its front, and passes the rows that were read before.
    async fn open(&mut self) -> Result<(), Problem> {
        if self.state != State::Fresh {
            return Ok(());
        }
        let bytes = self.whole().await?;
        self.size = bytes.len() as u64;
        self.reader.keep(MAX_DECODER_BYTES)?;
        let config = Config {
            format: self.format.clone(),
            limits: Limits {
                max_record_bytes: MAX_ROW_BYTES,
                max_held_bytes: MAX_DECODER_BYTES,
                max_shared_text_bytes: MAX_DECODER_BYTES,
                ..Limits::default()
            },
        };
        let passed = self.line - 1;
        let opened = on_its_thread(move || {
            let mut decoder = records::open(&config, Input::File(Box::new(Cursor::new(bytes))))?;
            let mut left = passed;
            while left > 0 {
                match decoder.next_record() {
                    Ok(None) => break,
                    Ok(Some(_)) | Err(_) => left -= 1,
                }
            }
            Ok(decoder)
        });
        let decoder = opened
            .await?
            .map_err(|fault: RowFault| self.problem(&fault))?;
        self.columns = decoder.columns().to_vec();
        let missing: Vec<&str> = self
            .expected
            .iter()
            .filter(|name| !self.columns.contains(name))
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            let (missing, there) = (missing.join(", "), self.columns.join(", "));
            let detail = format!("{}: the file lacks {missing}; it has {there}", self.source);
            return Err(Problem::new(ErrorCode::CsvHeader, detail));
        }
        self.decoder = Some(decoder);
        self.state = State::Open;
        Ok(())
    }

    async fn whole(&mut self) -> Result<Bytes, Problem> {
        let too_large = |source: &str| {
            let detail = format!(
                "{source}: a file that is read from its end may have {} MiB",
                MAX_FILE_BYTES >> 20
            );
            Problem::new(ErrorCode::InputTooLarge, detail)
        };
        if self
            .reader
            .size()
            .is_some_and(|size| size > MAX_FILE_BYTES as u64)
        {
            return Err(too_large(&self.source));
        }
        let mut whole = BytesMut::new();
        while let Some(chunk) = self.reader.next().await? {
            if whole.len() + chunk.len() > MAX_FILE_BYTES {
                return Err(too_large(&self.source));
            }
            self.reader.keep(chunk.len())?;
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }

    fn problem(&self, fault: &RowFault) -> Problem {
        let detail = format!(
            "{}, row {}: {}",
            self.source, fault.position.line, fault.message
        );
        Problem::new(fault.code, detail)
    }
}

/// At most `most` bytes of lines, unless one row is longer.
fn page(mut decoder: RecordReader<'static>, most: usize) -> Decoded {
    let mut bytes = Vec::new();
    let mut rows = 0;
    loop {
        if bytes.len() >= most {
            return Decoded {
                decoder,
                rows,
                bytes,
                over: false,
                broken: None,
            };
        }
        let broken = match decoder.next_record() {
            Ok(Some(record)) => {
                bytes.extend_from_slice(&record.bytes);
                bytes.push(b'\n');
                rows += 1;
                continue;
            }
            Ok(None) => None,
            Err(fault) => {
                // A fault of one row is followed by others, or by an end that is complete.
                if let Some(line) = stands_for(&decoder, &fault) {
                    bytes.extend_from_slice(line.as_bytes());
                    rows += 1;
                    continue;
                }
                Some(fault)
            }
        };
        return Decoded {
            decoder,
            rows,
            bytes,
            over: true,
            broken,
        };
    }
}

/// The line in place of a row that cannot be told; `None` if nothing can be read behind it.
fn stands_for(decoder: &RecordReader<'static>, fault: &RowFault) -> Option<String> {
    if decoder.broken() {
        return None;
    }
    let message = fault.message.replace(char::is_control, " ");
    Some(format!("!{message}\n"))
}

async fn on_its_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Problem::new(ErrorCode::Internal, "the decoder's thread was lost"))
}
