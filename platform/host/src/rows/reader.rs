//! Bytes from a remote file or from memory, chunk by chunk.

use bytes::Bytes;
use tributary_model::problem::Problem;

use crate::connection::{FileBytes, FileReader};
use crate::limits::Hold;

/// Bytes with what they cost the guest's account.
pub(crate) struct ByteReader {
    from: Origin,
    hold: Hold,
}

enum Origin {
    File(Box<FileReader>),
    Memory(Option<Bytes>),
    Played(Box<FileBytes>),
}

impl ByteReader {
    pub(crate) fn memory(bytes: Bytes, hold: Hold) -> Self {
        let from = Origin::Memory(Some(bytes));
        Self { from, hold }
    }

    pub(crate) fn file(file: FileReader, hold: Hold) -> Self {
        let from = Origin::File(Box::new(file));
        Self { from, hold }
    }

    /// A file that a test host plays.
    pub(crate) fn played(file: FileBytes, hold: Hold) -> Self {
        let from = Origin::Played(Box::new(file));
        Self { from, hold }
    }

    /// Accounts for bytes of a file that are kept beyond the next one.
    pub(crate) fn keep(&mut self, bytes: usize) -> Result<(), Problem> {
        match self.from {
            Origin::File(_) => self.hold.grow(bytes),
            Origin::Memory(_) | Origin::Played(_) => Ok(()), // in the account since they came
        }
    }

    /// The next bytes, never empty; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        match &mut self.from {
            Origin::File(file) => file.next().await,
            Origin::Memory(bytes) => Ok(bytes.take().filter(|bytes| !bytes.is_empty())),
            Origin::Played(file) => {
                let bytes = std::mem::take(&mut file.bytes);
                match file.broken.take() {
                    Some(problem) if bytes.is_empty() => Err(problem),
                    broken => {
                        file.broken = broken;
                        Ok(Some(bytes).filter(|bytes| !bytes.is_empty()))
                    }
                }
            }
        }
    }

    /// Bytes in all, if known.
    pub(crate) fn size(&self) -> Option<u64> {
        match &self.from {
            Origin::File(file) => file.size(),
            Origin::Played(file) => Some(file.size),
            Origin::Memory(bytes) => Some(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
        }
    }
}
