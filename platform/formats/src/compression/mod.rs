//! Compressed streams as bounded readers: gzip, zstd, the members of a zip file.
//!
//! Invariants: nothing is unpacked ahead of what is read; memory is fixed (a zstd window of at most
//! 64 MiB, the directory of a zip file); what grows beyond a limit, by bytes or by factor, ends in
//! an error that names the limit; damage and early ends are errors too, never a short success.
//!
//! Errors come through `Read` and are understood by [`ReadFault::of`]. Deliberately absent:
//! encryption, and the methods of zip besides "stored" and "deflate".

mod archive;
mod directory;

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use tributary_model::error_code::ErrorCode;

use crate::fault::ReadFault;
pub use archive::{Archive, Part};
pub use directory::Entry;

/// Below this the factor is not looked at: small files may be nothing but zeros.
pub(crate) const RATIO_FREE_BYTES: u64 = 16 << 20;

/// The largest window of a zstd stream, as a power of two: 64 MiB.
pub(crate) const ZSTD_WINDOW_LOG: u32 = 26;

/// How a stream is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// RFC 1952, with one or many members
    Gzip,
    /// RFC 8878, with one or many frames
    Zstd,
    /// a zip file; needs `Seek`, see [`Archive`]
    Zip,
}

/// How much may come out of a compressed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UnpackLimits {
    /// bytes that one stream or zip member may give
    pub max_bytes: u64,
    /// unpacked bytes per packed byte; looked at from 16 MiB on
    pub max_ratio: u64,
    /// bytes that all members of a zip file may give together
    pub max_total_bytes: u64,
}

impl Default for UnpackLimits {
    fn default() -> Self {
        Self {
            max_bytes: 4 << 30,
            max_ratio: 200,
            max_total_bytes: 16 << 30,
        }
    }
}

/// What the first bytes of a file say; four are enough.
#[must_use]
pub fn detect(head: &[u8]) -> Option<Compression> {
    if head.starts_with(b"\x1F\x8B") {
        Some(Compression::Gzip)
    } else if head.starts_with(b"\x28\xB5\x2F\xFD") || skippable_frame(head) {
        Some(Compression::Zstd)
    } else if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        Some(Compression::Zip)
    } else {
        None
    }
}

/// A zstd file may start with a frame of notes (magic 0x184D2A50 to 0x184D2A5F).
fn skippable_frame(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..])
}

/// The unpacked bytes of a gzip or zstd stream.
///
/// # Errors
/// [`ErrorCode::ArchiveInvalid`] for a zip file, which needs [`Archive`], and when zstd cannot start.
pub fn unpack<'a>(
    compression: Compression,
    input: Box<dyn Read + Send + 'a>,
    limits: UnpackLimits,
) -> Result<Box<dyn Read + Send + 'a>, ReadFault> {
    let packed = Arc::new(AtomicU64::new(0));
    let counted = Counted {
        inner: input,
        count: Arc::clone(&packed),
    };
    match compression {
        Compression::Gzip => {
            let inner = flate2::read::MultiGzDecoder::new(counted);
            Ok(Box::new(Bounded::new(inner, "gzip", packed, limits)))
        }
        Compression::Zstd => {
            let failed = |error: io::Error| ReadFault {
                code: ErrorCode::ArchiveInvalid,
                message: format!("the zstd data cannot be read: {error}"),
            };
            let mut inner = zstd::stream::read::Decoder::new(counted).map_err(failed)?;
            inner.window_log_max(ZSTD_WINDOW_LOG).map_err(failed)?;
            Ok(Box::new(Bounded::new(inner, "zstd", packed, limits)))
        }
        Compression::Zip => Err(ReadFault {
            code: ErrorCode::ArchiveInvalid,
            message: "a zip file must be a file that can be read from its end, not a stream"
                .to_owned(),
        }),
    }
}

/// Counts the packed bytes.
struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(room)?;
        self.count.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Holds the limits over what an unpacker gives.
struct Bounded<R> {
    inner: R,
    kind: &'static str,
    packed: Arc<AtomicU64>,
    given: u64,
    limits: UnpackLimits,
}

impl<R> Bounded<R> {
    fn new(inner: R, kind: &'static str, packed: Arc<AtomicU64>, limits: UnpackLimits) -> Self {
        Self {
            inner,
            kind,
            packed,
            given: 0,
            limits,
        }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let result = self.inner.read(room);
        let count = result.map_err(|error| damaged(error, self.kind))?;
        self.given += count as u64;
        over_limit(self.given, self.packed.load(Ordering::Relaxed), self.limits)?;
        Ok(count)
    }
}

/// An error when `given` bytes out of `packed` are more than allowed.
pub(crate) fn over_limit(given: u64, packed: u64, limits: UnpackLimits) -> io::Result<()> {
    let message = if given > limits.max_bytes {
        format!(
            "the unpacked content is larger than {} bytes (limit max_bytes)",
            limits.max_bytes
        )
    } else if given > RATIO_FREE_BYTES && given > packed.saturating_mul(limits.max_ratio) {
        format!(
            "the content unpacks to more than {} times its packed size (limit max_ratio)",
            limits.max_ratio
        )
    } else {
        return Ok(());
    };
    Err(ReadFault::error(ErrorCode::InputTooLarge, message))
}

/// Turns what an unpacker says into a fault; errors of the reader below it stay.
fn damaged(error: io::Error, kind: &str) -> io::Error {
    let ours = error.get_ref().is_some_and(|inner| inner.is::<ReadFault>());
    if ours {
        return error;
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof => ReadFault::error(
            ErrorCode::FileTruncated,
            format!("the {kind} data ends too early"),
        ),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => {
            ReadFault::error(
                ErrorCode::ArchiveInvalid,
                format!("the {kind} data is damaged: {error}"),
            )
        }
        _ => error,
    }
}
