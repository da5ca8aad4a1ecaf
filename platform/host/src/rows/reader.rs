//! Bytes from a remote file or from memory, chunk by chunk.

use std::sync::Arc;

use bytes::Bytes;
use tributary_model::problem::Problem;

use super::digest::Digest;
use crate::connection::FileReader;
use crate::limits::Hold;
use crate::usage::UsageMeter;

/// Bytes with what they cost the guest's account.
pub(crate) struct ByteReader {
    from: Origin,
    hold: Hold,
    /// of all bytes so far; none if it began inside the file
    digest: Option<Digest>,
}

enum Origin {
    File(Box<Counted>),
    Memory(Option<Bytes>),
}

/// A file whose bytes are counted; those in memory were when they came.
struct Counted {
    file: FileReader,
    usage: Arc<UsageMeter>,
}

impl Counted {
    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let chunk = self.file.next().await?;
        if let Some(chunk) = &chunk {
            self.usage.came(chunk.len());
        }
        Ok(chunk)
    }
}

impl ByteReader {
    pub(crate) fn memory(bytes: Bytes, hold: Hold) -> Self {
        let from = Origin::Memory(Some(bytes));
        Self {
            from,
            hold,
            digest: None,
        }
    }

    /// A file that was opened at `offset`.
    pub(crate) fn file(file: FileReader, hold: Hold, offset: u64, usage: Arc<UsageMeter>) -> Self {
        Self {
            from: Origin::File(Box::new(Counted { file, usage })),
            hold,
            digest: (offset == 0).then(Digest::new),
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
        if let (Some(digest), Some(chunk)) = (&mut self.digest, &chunk) {
            digest.update(chunk.clone()).await;
        }
        Ok(chunk)
    }

    /// SHA-256 (hexadecimal) of a file that was read from its first byte on; asked for once, at its end.
    pub(crate) async fn digest(&mut self) -> Option<String> {
        self.digest.take()?.finish().await
    }

    /// Bytes in all, if known.
    pub(crate) fn size(&self) -> Option<u64> {
        match &self.from {
            Origin::File(counted) => counted.file.size(),
            Origin::Memory(bytes) => Some(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
        }
    }
}
