//! Bytes from a remote file or from memory, chunk by chunk.

use bytes::Bytes;
use tributary_model::problem::Problem;

use crate::connection::FileReader;

pub(crate) enum ByteReader {
    File(Box<FileReader>),
    Memory(Option<Bytes>),
}

impl ByteReader {
    pub(crate) fn memory(bytes: Bytes) -> Self {
        Self::Memory(Some(bytes))
    }

    /// The next bytes, never empty; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        match self {
            Self::File(file) => file.next().await,
            Self::Memory(bytes) => Ok(bytes.take().filter(|bytes| !bytes.is_empty())),
        }
    }

    /// Bytes in all, if known.
    pub(crate) fn size(&self) -> Option<u64> {
        match self {
            Self::File(file) => file.size(),
            Self::Memory(bytes) => Some(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
        }
    }
}
