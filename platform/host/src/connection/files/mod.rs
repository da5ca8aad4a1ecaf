//! What SFTP servers and buckets have in common: folders, files, reading from an offset, writing
//! that shows nothing unfinished, moving, removing.
//!
//! A session serves one call of a connector. A target's calls reach files as HTTP does: PUT writes
//! the body as a file, atomically, and HEAD looks at one ([`calls`], decision 0013).

mod calls;
mod sftp_change;
mod sftp_folder;
#[cfg(test)]
mod sftp_made;
mod sftp_read;

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::other_side::{FileBytes, OtherSide};
use super::s3::{S3Endpoint, S3Reader};
use super::sftp::SftpLease;
use super::stored::{StoredFile, StoredFiles, lies_in};
use crate::usage::UsageMeter;
use sftp_read::SftpReader;

/// A played file comes in pieces too, as large as those of a server.
const PLAYED_BYTES: usize = 256 << 10;
/// Longest path.
const MAX_PATH_BYTES: usize = 4096;

/// A file as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub path: String,
    pub size: u64,
    pub modified_ms: u64,
    /// names these very bytes, where the server has such a thing
    pub version: Option<String>,
}

/// See the module.
pub(crate) enum FileSession {
    Sftp(SftpLease),
    S3(Arc<S3Endpoint>),
    /// what came to the platform by itself
    Stored(Arc<dyn StoredFiles>),
    /// see [`OtherSide`]: files that can be read and not changed
    Played(Arc<dyn OtherSide>),
}

impl FileSession {
    /// Files of `folder` by path, page by page where the server does pages, otherwise all.
    pub(crate) async fn list(
        &mut self,
        folder: &str,
        recursive: bool,
        page: Option<&str>,
    ) -> Result<(Vec<Entry>, Option<String>), Problem> {
        match self {
            Self::Sftp(lease) => Ok((lease.list(folder, recursive).await?, None)),
            Self::S3(s3) => s3.list(folder, recursive, page).await,
            Self::Stored(stored) => {
                let mut entries = stored.list().await?;
                entries.retain(|entry| lies_in(&entry.path, folder, recursive));
                Ok((entries, None))
            }
            Self::Played(other) => Ok((other.list(folder, recursive).await?, None)),
        }
    }

    pub(crate) async fn stat(&mut self, path: &str) -> Result<Entry, Problem> {
        match self {
            Self::Sftp(lease) => lease.stat(path).await,
            Self::S3(s3) => s3.stat(path).await,
            Self::Stored(stored) => stored.stat(path).await,
            Self::Played(other) => other.stat(path).await,
        }
    }

    /// The bytes from `offset` on. SFTP has no versions and leaves `version` aside.
    pub(crate) async fn open(
        &mut self,
        path: &str,
        offset: u64,
        version: Option<&str>,
    ) -> Result<FileReader, Problem> {
        Ok(match self {
            Self::Sftp(lease) => {
                FileReader::Sftp(SftpReader::open(lease, path, offset, None).await?)
            }
            Self::Stored(stored) => FileReader::Stored(stored.open(path, offset, version).await?),
            Self::S3(s3) => FileReader::S3(s3.open(path, offset, version).await?),
            Self::Played(other) => FileReader::Played(played(other, path, offset).await?),
        })
    }

    /// As [`Self::open`], of the very file that `entry` shows: what is another one by now is
    /// [`ErrorCode::FileChanged`], at once or at its end.
    pub(crate) async fn open_entry(
        &mut self,
        entry: &Entry,
        offset: u64,
    ) -> Result<FileReader, Problem> {
        let path = &entry.path;
        match self {
            Self::Sftp(lease) => {
                let reader = SftpReader::open(lease, path, offset, Some(entry)).await?;
                return Ok(FileReader::Sftp(reader));
            }
            // A version is one object, whose bytes never change.
            Self::S3(s3) if entry.version.is_some() => {
                let reader = s3.open(path, offset, entry.version.as_deref()).await?;
                return Ok(FileReader::S3(reader));
            }
            Self::Stored(stored) if entry.version.is_some() => {
                let file = stored.open(path, offset, entry.version.as_deref()).await?;
                return Ok(FileReader::Stored(file));
            }
            Self::S3(_) | Self::Stored(_) | Self::Played(_) => {}
        }
        let now = self.stat(path).await?;
        if now != *entry {
            return Err(changed(path, &now, entry));
        }
        self.open(path, offset, entry.version.as_deref()).await
    }

    /// To another path; nothing that is there is replaced.
    pub(crate) async fn rename(
        &mut self,
        from: &str,
        to: &str,
        version: Option<&str>,
    ) -> Result<(), Problem> {
        match self {
            Self::Sftp(lease) => lease.rename(from, to).await,
            Self::S3(s3) => s3.rename(from, to, version).await,
            // there are no folders: wherever it is moved to, it is put aside
            Self::Stored(stored) => stored.archive(from, version).await,
            Self::Played(_) => Err(only_read(from)),
        }
    }

    pub(crate) async fn remove(
        &mut self,
        path: &str,
        version: Option<&str>,
    ) -> Result<(), Problem> {
        match self {
            Self::Sftp(lease) => lease.remove(path).await,
            Self::S3(s3) => s3.remove(path, version).await,
            Self::Stored(stored) => stored.remove(path, version).await,
            Self::Played(_) => Err(only_read(path)),
        }
    }

    /// SHA-256 of a whole file, hexadecimal.
    pub(crate) async fn digest(
        &mut self,
        path: &str,
        usage: &UsageMeter,
    ) -> Result<String, Problem> {
        let mut file = self.open(path, 0, None).await?;
        let mut context = Context::new(&SHA256);
        while let Some(chunk) = file.next().await? {
            usage.came(chunk.len());
            context.update(&chunk);
        }
        Ok(HEXLOWER.encode(context.finish().as_ref()))
    }
}

/// A remote file from some offset on.
pub(crate) enum FileReader {
    Sftp(SftpReader),
    S3(S3Reader),
    Stored(StoredFile),
    Played(FileBytes),
}

impl FileReader {
    /// Bytes of the whole file, if known.
    pub(crate) fn size(&self) -> Option<u64> {
        match self {
            Self::Sftp(reader) => reader.size(),
            Self::S3(reader) => reader.size(),
            Self::Stored(file) => Some(file.size),
            Self::Played(file) => Some(file.size),
        }
    }

    /// The next bytes in order; `None` at the end of the file.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        match self {
            Self::Sftp(reader) => reader.next().await,
            Self::S3(reader) => reader.next().await,
            Self::Stored(file) => file.next().await,
            Self::Played(file) if !file.bytes.is_empty() => {
                let length = file.bytes.len().min(PLAYED_BYTES);
                Ok(Some(file.bytes.split_to(length)))
            }
            Self::Played(file) => file.broken.take().map_or(Ok(None), Err),
        }
    }
}

/// A recording's file, which may end before its announced end.
async fn played(other: &Arc<dyn OtherSide>, path: &str, offset: u64) -> Result<FileBytes, Problem> {
    let mut file = other.read(path, offset).await?;
    let came = offset + file.bytes.len() as u64;
    if file.broken.is_none() && came < file.size {
        file.broken = Some(truncated(path, file.size, came));
    }
    Ok(file)
}

/// The file is another one than the listing showed.
fn changed(path: &str, now: &Entry, listed: &Entry) -> Problem {
    let detail = if now.size == listed.size {
        format!("{path}: it was written to after it was listed")
    } else {
        let (before, now) = (listed.size, now.size);
        format!("{path}: it had {before} bytes when it was listed and has {now} now")
    };
    Problem::new(ErrorCode::FileChanged, detail)
}

/// The file ended before its announced end.
fn truncated(path: &str, size: u64, came: u64) -> Problem {
    let detail = format!("{path}: {size} bytes were announced, {came} came");
    Problem::new(ErrorCode::FileTruncated, detail)
}

pub(super) fn only_read(path: &str) -> Problem {
    let detail = format!("{path} is played from a recording, where nothing can be changed");
    Problem::new(ErrorCode::ConnectorDenied, detail)
}

/// The server's rights decide what may be read; this only keeps odd bytes off the wire.
pub(crate) fn check_path(path: &str) -> Result<(), Problem> {
    if path.is_empty() || path.len() > MAX_PATH_BYTES || path.chars().any(char::is_control) {
        let detail = format!("{path:?} is no path");
        return Err(Problem::new(ErrorCode::SourceNotFound, detail));
    }
    Ok(())
}
