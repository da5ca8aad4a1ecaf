//! Bytes from a remote file or from memory, chunk by chunk.

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use tributary_model::problem::Problem;

use crate::connection::FileReader;
use crate::limits::Hold;

/// Bytes with what they cost the guest's account.
pub(crate) struct ByteReader {
    from: Origin,
    hold: Hold,
    /// of all bytes so far; none if it began inside the file
    hash: Option<Box<Context>>,
}

enum Origin {
    File(Box<FileReader>),
    Memory(Option<Bytes>),
}

impl ByteReader {
    pub(crate) fn memory(bytes: Bytes, hold: Hold) -> Self {
        let from = Origin::Memory(Some(bytes));
        Self {
            from,
            hold,
            hash: None,
        }
    }

    /// A file that was opened at `offset`.
    pub(crate) fn file(file: FileReader, hold: Hold, offset: u64) -> Self {
        Self {
            from: Origin::File(Box::new(file)),
            hold,
            hash: (offset == 0).then(|| Box::new(Context::new(&SHA256))),
        }
    }

    /// Accounts for bytes of a file that are kept beyond the next one.
    pub(crate) fn keep(&mut self, bytes: usize) -> Result<(), Problem> {
        match self.from {
            Origin::File(_) => self.hold.grow(bytes),
            Origin::Memory(_) => Ok(()), // in the account since they came
        }
    }

    /// The next bytes, never empty; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let chunk = match &mut self.from {
            Origin::File(file) => file.next().await?,
            Origin::Memory(bytes) => bytes.take().filter(|bytes| !bytes.is_empty()),
        };
        if let (Some(hash), Some(chunk)) = (&mut self.hash, &chunk) {
            hash.update(chunk);
        }
        Ok(chunk)
    }

    /// SHA-256 (hexadecimal) of a file that was read from its first byte on; asked for at its end.
    pub(crate) fn digest(&self) -> Option<String> {
        let hash = self.hash.as_deref()?.clone();
        Some(HEXLOWER.encode(hash.finish().as_ref()))
    }

    /// Bytes in all, if known.
    pub(crate) fn size(&self) -> Option<u64> {
        match &self.from {
            Origin::File(file) => file.size(),
            Origin::Memory(bytes) => Some(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
        }
    }
}
