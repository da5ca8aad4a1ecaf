//! Writing, moving and removing over SFTP.
//!
//! Invariant: a file appears under its name when it is complete and not before: it is written
//! under a name of its own beside it and renamed.

use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::{FileAttributes, OpenFlags, Packet, StatusCode};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use crate::connection::credential::nonce;
use crate::connection::sftp::SftpLease;

/// Bytes of one request; servers must take 32 KiB.
const BLOCK_BYTES: usize = 32 * 1024;
/// Requests on their way at a time.
const MAX_IN_FLIGHT: usize = 16;
/// OpenSSH's rename that replaces, as POSIX has it.
const POSIX_RENAME: &str = "posix-rename@openssh.com";

impl SftpLease {
    /// Writes a file, or replaces the one that is there. Missing folders are made.
    pub(super) async fn put(&mut self, path: &str, bytes: &[u8]) -> Result<(), Problem> {
        self.make_folders(path).await?;
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let slash = if path.contains('/') { "/" } else { "" };
        let part = format!("{folder}{slash}.{name}.{}.part", nonce()?);
        let written = self.write_new(&part, bytes).await;
        let placed = match written {
            Ok(()) => self.replace(&part, path).await,
            Err(problem) => Err(problem),
        };
        if placed.is_err()
            && let Ok(raw) = self.raw()
        {
            // What is left is a hidden file that no pattern of ours takes up.
            let _ = raw.remove(part).await;
        }
        placed
    }

    async fn write_new(&mut self, path: &str, bytes: &[u8]) -> Result<(), Problem> {
        let raw = self.raw()?;
        let flags = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::TRUNCATE;
        let failed = |error: &SftpError| self.errors().problem(path, error);
        let handle = raw.open(path, flags, FileAttributes::empty()).await;
        let handle = handle.map_err(|error| failed(&error))?.handle;
        let mut offset = 0;
        for round in bytes.chunks(BLOCK_BYTES * MAX_IN_FLIGHT) {
            let mut writes = Vec::with_capacity(MAX_IN_FLIGHT);
            for block in round.chunks(BLOCK_BYTES) {
                writes.push(raw.write(handle.as_str(), offset, block.to_vec()));
                offset += block.len() as u64;
            }
            futures_util::future::try_join_all(writes)
                .await
                .map_err(|error| failed(&error))?;
        }
        // A server without fsync is as good as its own close.
        let _ = raw.fsync(handle.as_str()).await;
        raw.close(handle).await.map_err(|error| failed(&error))?;
        Ok(())
    }

    /// Renames over what is there. A server without OpenSSH's extension has a moment without the
    /// file, but none without its content: the old one is put aside first, comes back if the new one
    /// cannot take its place, and is removed when it has.
    async fn replace(&mut self, from: &str, to: &str) -> Result<(), Problem> {
        let raw = self.raw()?;
        let data = [from, to].iter().flat_map(|path| text(path)).collect();
        if let Ok(Packet::Status(status)) = raw.extended(POSIX_RENAME, data).await
            && status.status_code == StatusCode::Ok
        {
            return Ok(());
        }
        let Err(refused) = raw.rename(from, to).await else {
            return Ok(());
        };
        let aside = format!("{from}.old");
        if raw.rename(to, &aside).await.is_err() {
            return Err(self.errors().problem(to, &refused));
        }
        if let Err(error) = raw.rename(from, to).await {
            let problem = self.errors().problem(to, &error);
            return match raw.rename(&aside, to).await {
                Ok(_) => Err(problem),
                Err(_) => Err(problem.hint(format!("what was there lies as {aside:?} beside it"))),
            };
        }
        // hidden, and no pattern of ours takes it up
        let _ = raw.remove(aside).await;
        Ok(())
    }

    /// To a place where nothing is yet.
    pub(super) async fn rename(&mut self, from: &str, to: &str) -> Result<(), Problem> {
        let raw = self.raw()?;
        match raw.lstat(to).await {
            Ok(_) => {
                let detail = format!("{to:?} is there already and is not replaced");
                return Err(Problem::new(ErrorCode::Conflict, detail));
            }
            Err(SftpError::Status(status)) if status.status_code == StatusCode::NoSuchFile => {}
            Err(error) => return Err(self.errors().problem(to, &error)),
        }
        self.make_folders(to).await?;
        raw.rename(from, to)
            .await
            .map_err(|error| self.errors().problem(from, &error))?;
        Ok(())
    }

    pub(super) async fn remove(&mut self, path: &str) -> Result<(), Problem> {
        let raw = self.raw()?;
        raw.remove(path)
            .await
            .map_err(|error| self.errors().problem(path, &error))?;
        Ok(())
    }

    /// The folders above `path`. One that is there already is what most servers call a failure,
    /// so what counts is whether it is there in the end.
    async fn make_folders(&mut self, path: &str) -> Result<(), Problem> {
        let raw = self.raw()?;
        let Some((folder, _)) = path
            .rsplit_once('/')
            .filter(|(folder, _)| !folder.is_empty())
        else {
            return Ok(());
        };
        if raw.stat(folder).await.is_ok() {
            return Ok(());
        }
        let ends = folder.char_indices().filter(|(at, c)| *c == '/' && *at > 0);
        let steps = ends.filter_map(|(at, _)| folder.get(..at)).chain([folder]);
        let mut last = Ok(());
        for step in steps {
            last = raw.mkdir(step, FileAttributes::empty()).await.map(|_| ());
        }
        match last {
            Err(error) if raw.stat(folder).await.is_err() => {
                Err(self.errors().problem(folder, &error))
            }
            _ => Ok(()),
        }
    }
}

/// A string as the protocol writes it: its length and its bytes.
fn text(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend_from_slice(text.as_bytes());
    bytes
}
