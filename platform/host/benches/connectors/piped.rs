//! CSV and NDJSON from memory (as a file that is cached on disk) through the connector and the host to a
//! sink that reads the rows of each page, as a run does; beside the codec alone doing the same.
//!
//! `_to_pages`: without reading the rows again. That is the strictest pair: one side only looks for line
//! ends, the other also hashes the file (SHA-256, for the ledger of files), and asks the guest.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};
use tributary_formats::csv::Splitter;
use tributary_formats::page::Page;
use tributary_formats::rows::RowReader;
use tributary_host::{
    Connection, Connector, FileBytes, FileEntry, Host, HostConfig, HttpRequest, HttpResponse,
    OtherSide, OtherSocket, PageSink, QueryAnswer, SendError,
};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::rows::{CsvFormat, RowFormat, RowPosition};

use super::{Figure, Pages, call, read_all, seconds};

const FILE_BYTES: usize = 256 << 20;
const PIECE_BYTES: usize = 256 << 10;
const PAGE_BYTES: usize = 1 << 20;
const TRIES: u32 = 5;
pub(crate) const CSV_HEAD: &str = "order;line;sku;name;quantity;price;day;customer\n";
pub(crate) const CSV_LINE: &str =
    "123456;12;SKU-0042;\"Müller; Söhne\";3;19,95;2026-01-31;Some Customer Name Ltd\n";
const JSON_LINE: &str = "{\"order\":123456,\"line\":12,\"sku\":\"SKU-0042\",\"name\":\"Müller; Söhne\",\"quantity\":3,\"price\":19.95,\"day\":\"2026-01-31\"}\n";

/// A server with one file, in memory.
pub(crate) struct Memory(Bytes);

impl Memory {
    pub(crate) fn new(bytes: Vec<u8>) -> Arc<Self> {
        Arc::new(Self(Bytes::from(bytes)))
    }

    fn entry(&self) -> FileEntry {
        FileEntry {
            path: "/a".to_owned(),
            size: self.0.len() as u64,
            modified_ms: 0,
            version: None,
        }
    }
}

#[async_trait]
impl OtherSide for Memory {
    async fn send(&self, _request: HttpRequest) -> Result<HttpResponse, SendError> {
        Err(SendError {
            problem: Problem::new(ErrorCode::SourceProtocol, "there is no HTTP here"),
            sent: false,
        })
    }

    async fn list(&self, _folder: &str, _recursive: bool) -> Result<Vec<FileEntry>, Problem> {
        Ok(vec![self.entry()])
    }

    async fn stat(&self, _path: &str) -> Result<FileEntry, Problem> {
        Ok(self.entry())
    }

    async fn read(&self, _path: &str, offset: u64) -> Result<FileBytes, Problem> {
        let from = usize::try_from(offset).unwrap().min(self.0.len());
        Ok(FileBytes {
            size: self.0.len() as u64,
            bytes: self.0.slice(from..),
            broken: None,
        })
    }

    async fn query(&self, _statement: &str, _params: &str) -> Result<QueryAnswer, Problem> {
        Err(Problem::new(
            ErrorCode::SourceProtocol,
            "there is no database here",
        ))
    }

    async fn connect(&self) -> Result<Box<dyn OtherSocket>, Problem> {
        Err(Problem::new(
            ErrorCode::SourceProtocol,
            "there is no server here",
        ))
    }
}

/// A connection to it.
pub(crate) fn across(memory: Arc<Memory>) -> anyhow::Result<Connection> {
    let document = json!({"name": "bench", "connector": "sftp",
        "endpoint": {"kind": "sftp", "host": "127.0.0.1", "port": 22, "user": "bench", "host_keys": []}});
    Ok(Connection::across(
        &serde_json::from_value(document)?,
        memory,
    )?)
}

/// Reads the rows of every page.
#[derive(Default)]
struct Rows(u64);

#[async_trait]
impl PageSink for Rows {
    async fn page(&mut self, page: Page) -> Result<(), Problem> {
        self.0 += rows_of(&page.format, page.first, &page.bytes);
        Ok(())
    }
    async fn checkpoint(&mut self, _state: Value) -> Result<(), Problem> {
        Ok(())
    }
}

fn rows_of(format: &RowFormat, first: RowPosition, page: &[u8]) -> u64 {
    let mut reader = RowReader::new(format, first, page);
    let mut rows = 0;
    while let Some(row) = reader.next() {
        rows += u64::from(row.fault.is_none());
    }
    rows
}

pub(crate) async fn measure(component: &[u8]) -> anyhow::Result<Vec<Figure>> {
    let host = Host::new(HostConfig::default())?;
    let connector = host.load(component).await?;
    let csv = CSV_HEAD.to_owned() + &CSV_LINE.repeat(FILE_BYTES / CSV_LINE.len());
    let columns: Vec<String> = CSV_HEAD.trim().split(';').map(str::to_owned).collect();
    let format = RowFormat::Csv(CsvFormat {
        delimiter: ';',
        quote: Some('"'),
        encoding: "utf-8".to_owned(),
        columns,
    });
    let config = json!({"folder": "/", "csv": {"delimiter": ";"}});
    let names = ["piped_csv_vs_decoder", "piped_csv_to_pages"];
    let mut figures = pair(&connector, names, csv.into_bytes(), &format, &config).await?;
    let ndjson = JSON_LINE.repeat(FILE_BYTES / JSON_LINE.len()).into_bytes();
    let config = json!({"folder": "/", "format": "ndjson"});
    let names = ["piped_json_vs_decoder", "piped_json_to_pages"];
    figures.extend(pair(&connector, names, ndjson, &RowFormat::Ndjson, &config).await?);
    Ok(figures)
}

/// With and without reading the rows, in turns.
async fn pair(
    connector: &Connector,
    names: [&'static str; 2],
    file: Vec<u8>,
    format: &RowFormat,
    config: &Value,
) -> anyhow::Result<Vec<Figure>> {
    let megabytes = file.len() as f64 / 1e6;
    let memory = Memory::new(file);
    let bytes = memory.0.clone();
    let call = call(across(memory)?)?;
    let mut best = [f64::INFINITY; 4];
    for _ in 0..TRIES {
        let mut sink = Rows::default();
        let piped = seconds(read_all(connector, &call, config, &mut sink)).await?;
        let mut rows = 0;
        let alone = seconds(async {
            rows = decoded(format, &bytes, true);
            Ok(())
        })
        .await?;
        let header = u64::from(matches!(format, RowFormat::Csv(_)));
        anyhow::ensure!(sink.0 + header == rows, "{} and {rows} rows", sink.0);
        let mut sink = Pages::default();
        let pages = seconds(read_all(connector, &call, config, &mut sink)).await?;
        let cut = seconds(async {
            decoded(format, &bytes, false);
            Ok(())
        })
        .await?;
        for (best, now) in best.iter_mut().zip([piped, alone, pages, cut]) {
            *best = best.min(now);
        }
    }
    let [piped, alone, pages, cut] = best.map(|seconds| megabytes / seconds);
    let figure = |name, value, beside, baseline| Figure {
        name,
        value,
        unit: "MB/s",
        baseline: Some((beside, baseline)),
    };
    let [rows_name, pages_name] = names;
    Ok(vec![
        figure(rows_name, piped, "the codec alone", alone),
        figure(pages_name, pages, "the search for row ends alone", cut),
    ])
}

/// The codec without a connector: finds rows while pieces come, cuts pages, and reads their rows.
fn decoded(format: &RowFormat, file: &Bytes, read_rows: bool) -> u64 {
    let start = RowPosition { line: 1, offset: 0 };
    let (delimiter, quote) = match format {
        RowFormat::Csv(_) => (b';', Some(b'"')),
        _ => (b'\n', None),
    };
    let mut splitter = Splitter::new(delimiter, quote, start, 8 << 20);
    let (mut buffer, mut first, mut rows) = (BytesMut::new(), start, 0);
    let mut page = |buffer: &mut BytesMut, found: tributary_formats::csv::Rows| {
        let page = buffer
            .split_to(usize::try_from(found.bytes).unwrap())
            .freeze();
        rows += match read_rows {
            true => rows_of(format, first, &page),
            false => found.count,
        };
        first = found.next;
    };
    let mut pieces = file.clone();
    while !pieces.is_empty() {
        let piece = pieces.split_to(PIECE_BYTES.min(pieces.len()));
        buffer.extend_from_slice(&piece);
        let found = splitter.feed(&piece).unwrap();
        if buffer.len() >= PAGE_BYTES && found.count > 0 {
            page(&mut buffer, found);
            splitter.cut();
        }
    }
    let found = splitter.unfinished();
    page(&mut buffer, found);
    rows
}
