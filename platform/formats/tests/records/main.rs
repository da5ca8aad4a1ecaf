//! The records of whole files: cases as data, every one in pieces of several sizes, plus
//! compressed files, workbooks, properties and files that are meant to hurt.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

mod bombs;
mod cases;
mod compressed;
mod parquets;
mod pieces;
mod properties;
mod workbooks;

use std::io::Cursor;

use pieces::Pieces;
use tributary_formats::fault::RowFault;
use tributary_formats::records::{Config, Format, Input, RecordReader, open};
use tributary_model::error_code::ErrorCode;

/// What a reader gives, record by record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    Row {
        line: u64,
        offset: u64,
        text: String,
    },
    Fault {
        line: u64,
        code: ErrorCode,
        message: String,
    },
}

/// All that a file gives.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) items: Vec<Item>,
    pub(crate) columns: Vec<String>,
    pub(crate) complete: bool,
}

impl Outcome {
    pub(crate) fn rows(&self) -> Vec<&str> {
        self.items
            .iter()
            .filter_map(|item| match item {
                Item::Row { text, .. } => Some(text.as_str()),
                Item::Fault { .. } => None,
            })
            .collect()
    }

    pub(crate) fn faults(&self) -> Vec<(ErrorCode, &str)> {
        self.items
            .iter()
            .filter_map(|item| match item {
                Item::Fault { code, message, .. } => Some((*code, message.as_str())),
                Item::Row { .. } => None,
            })
            .collect()
    }
}

pub(crate) fn format(json: &str) -> Format {
    serde_json::from_str(json).unwrap()
}

pub(crate) fn config(json: &str) -> Config {
    Config::new(format(json))
}

pub(crate) fn drain(reader: &mut RecordReader<'_>) -> Outcome {
    let mut items = Vec::new();
    loop {
        match reader.next_record() {
            Ok(Some(record)) => items.push(Item::Row {
                line: record.position.line,
                offset: record.position.offset,
                text: String::from_utf8(record.bytes.into_owned()).unwrap(),
            }),
            Ok(None) => break,
            Err(fault) => items.push(Item::Fault {
                line: fault.position.line,
                code: fault.code,
                message: fault.message,
            }),
        }
        assert!(items.len() < 2_000_000, "it does not end");
    }
    assert!(
        reader.next_record().unwrap().is_none(),
        "it stays at the end"
    );
    Outcome {
        items,
        columns: reader.columns().to_vec(),
        complete: reader.complete(),
    }
}

/// Reads `bytes`, which come in pieces of `size`.
pub(crate) fn read_pieces(config: &Config, bytes: &[u8], size: usize) -> Result<Outcome, RowFault> {
    let input = Input::Stream(Box::new(Pieces::new(bytes, size)));
    Ok(drain(&mut open(config, input)?))
}

/// Reads a file.
pub(crate) fn read_file(config: &Config, bytes: &[u8]) -> Result<Outcome, RowFault> {
    let input = Input::File(Box::new(Cursor::new(bytes)));
    Ok(drain(&mut open(config, input)?))
}
