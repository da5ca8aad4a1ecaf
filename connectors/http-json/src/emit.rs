//! Rows that were changed in here, handed over as NDJSON in parts that the host takes.

use tributary_sdk::bindings::imports::tributary::connector::types::Encoding;
use tributary_sdk::{Batch, Result, output};

/// Bytes that are handed over at a time.
const BATCH_BYTES: usize = 1 << 20;

/// Hands lines over.
///
/// # Errors
/// That the rows are not wanted any more.
pub fn emit(stream: &str, lines: &[u8]) -> Result<()> {
    let mut part = Vec::new();
    let mut rows = 0;
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        if !part.is_empty() && part.len() + line.len() > BATCH_BYTES {
            send(stream, std::mem::take(&mut part), std::mem::take(&mut rows))?;
        }
        part.extend_from_slice(line);
        rows += 1;
    }
    match part.is_empty() {
        true => Ok(()),
        false => send(stream, part, rows),
    }
}

fn send(stream: &str, data: Vec<u8>, rows: u32) -> Result<()> {
    output::emit(&Batch {
        r#stream: stream.to_owned(),
        encoding: Encoding::Ndjson,
        rows,
        data,
    })
}
