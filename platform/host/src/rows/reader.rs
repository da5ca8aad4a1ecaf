//! Bytes from a remote file or from memory, chunk by chunk; unpacked, if they are asked for so.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::digest::Digest;
use super::unpack::{Packed, Unpacked};
use crate::connection::FileReader;
use crate::limits::Hold;
use crate::usage::UsageMeter;

/// Bytes with what they cost the guest's account.
pub(crate) struct ByteReader {
    from: Origin,
    /// of all bytes so far; none if it began inside the file
    digest: Option<Digest>,
}

enum Origin {
    File(Box<Counted>, Hold),
    Memory {
        bytes: Option<Bytes>,
        hold: Hold,
    },
    Unpacked(Box<Unpacked>),
    /// what lies elsewhere is read instead; the account is all there is
    Nothing(Hold),
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
        Self {
            from: Origin::Memory {
                bytes: Some(bytes),
                hold,
            },
            digest: None,
        }
    }

    /// A file that was opened at `offset`.
    pub(crate) fn file(file: FileReader, hold: Hold, offset: u64, usage: Arc<UsageMeter>) -> Self {
        Self {
            from: Origin::File(Box::new(Counted { file, usage }), hold),
            digest: (offset == 0).then(Digest::new),
        }
    }

    /// The unpacked bytes from the `skip`th on, of a file that stands at its first byte. Not packed at all:
    /// itself.
    pub(crate) fn unpacked(self, source: &str, packed: Option<Packed>, skip: u64) -> Self {
        match packed {
            None => self,
            Some(how) => Self {
                from: Origin::Unpacked(Box::new(Unpacked::new(source, self, how, skip))),
                digest: None,
            },
        }
    }

    /// The content of a part of a file that is held elsewhere.
    pub(super) fn part(part: Unpacked) -> Self {
        Self {
            from: Origin::Unpacked(Box::new(part)),
            digest: None,
        }
    }

    /// No bytes; what is kept is in the account of `hold`.
    pub(super) fn nothing(hold: Hold) -> Self {
        Self {
            from: Origin::Nothing(hold),
            digest: None,
        }
    }

    /// A further part of the account that this reader's bytes are in.
    pub(super) fn hold_beside(&self) -> Hold {
        match &self.from {
            Origin::File(_, hold) | Origin::Nothing(hold) => hold.beside(),
            Origin::Memory { hold, .. } => hold.beside(),
            Origin::Unpacked(unpacked) => unpacked.hold_beside(),
        }
    }

    /// Accounts for bytes of a file that are kept beyond the next one.
    pub(crate) fn keep(&mut self, bytes: usize) -> Result<(), Problem> {
        match &mut self.from {
            Origin::File(_, hold) | Origin::Nothing(hold) => hold.grow(bytes),
            Origin::Memory { .. } => Ok(()), // in the account since they came
            Origin::Unpacked(unpacked) => unpacked.keep(bytes),
        }
    }

    /// The next bytes, never empty; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let chunk = match &mut self.from {
            Origin::File(file, _) => file.next().await?,
            Origin::Memory { bytes, .. } => bytes.take().filter(|bytes| !bytes.is_empty()),
            Origin::Unpacked(unpacked) => unpacked.next().await?,
            Origin::Nothing(_) => None,
        };
        if let (Some(digest), Some(chunk)) = (&mut self.digest, &chunk) {
            digest.update(chunk.clone()).await;
        }
        Ok(chunk)
    }

    /// All bytes that are left, at most `most`, in the guest's account.
    pub(crate) async fn whole(&mut self, source: &str, most: usize) -> Result<Bytes, Problem> {
        let too_large = || {
            let detail = format!(
                "{source}: a file that is read from its end may have {} MiB",
                most >> 20
            );
            Problem::new(ErrorCode::InputTooLarge, detail)
        };
        if self.size().is_some_and(|size| size > most as u64) {
            return Err(too_large());
        }
        let mut whole = BytesMut::new();
        while let Some(chunk) = self.next().await? {
            if whole.len() + chunk.len() > most {
                return Err(too_large());
            }
            self.keep(chunk.len())?;
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }

    /// SHA-256 (hexadecimal) of a file, as received, that was read from its first byte on; asked for once,
    /// at its end.
    pub(crate) async fn digest(&mut self) -> Option<String> {
        match &mut self.from {
            Origin::Unpacked(unpacked) => unpacked.digest().await,
            _ => self.digest.take()?.finish().await,
        }
    }

    /// Whether bytes are unpacked here.
    pub(crate) fn is_packed(&self) -> bool {
        matches!(self.from, Origin::Unpacked(_))
    }

    /// Whether the next byte may be the first of its file.
    pub(crate) fn at_beginning(&self) -> bool {
        match &self.from {
            Origin::File(..) => self.digest.is_some(),
            Origin::Memory { .. } | Origin::Unpacked(_) | Origin::Nothing(_) => true,
        }
    }

    /// Bytes in all, if known.
    pub(crate) fn size(&self) -> Option<u64> {
        match &self.from {
            Origin::File(counted, _) => counted.file.size(),
            Origin::Memory { bytes, .. } => {
                Some(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Origin::Unpacked(_) | Origin::Nothing(_) => None,
        }
    }
}
