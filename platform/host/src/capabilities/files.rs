//! `files`: folders and files of the connection. One SSH session serves a whole call.

use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use wasmtime::component::Resource;

use super::connections::ConnectionHandle;
use super::io::Reader;
use super::timed;
use crate::bindings::imports::tributary::connector::files::{Entry, Host, Listing};
use crate::bindings::imports::tributary::connector::types::Error;
use crate::connection::{self, FileReader, SftpLease, truncated};
use crate::rows::ByteReader;
use crate::session::Guest;

/// What reading ahead in one file may take.
const FILE_BUFFER_BYTES: usize = 8 << 20;
/// Entries of one page of a listing.
const LISTING_PAGE: usize = 1_000;

/// A folder that is being listed page by page.
pub(crate) struct Folder {
    name: String,
    entries: Vec<connection::Entry>,
}

impl Guest {
    async fn lease(&mut self) -> Result<&mut SftpLease, Problem> {
        if self.sftp.is_none() {
            self.sftp = Some(self.call.connection.sftp().await?);
        }
        self.sftp
            .as_mut()
            .ok_or_else(|| Problem::new(ErrorCode::Internal, "no SFTP session"))
    }

    async fn list_folder(&mut self, folder: &str, page: Option<&str>) -> Result<Listing, Problem> {
        check_path(folder)?;
        let known = self
            .folder
            .as_ref()
            .is_some_and(|known| known.name == folder);
        if page.is_none() || !known {
            let entries = match self.call.connection.played() {
                Some(other) => other.list(folder).await?,
                None => self.lease().await?.list(folder).await?,
            };
            self.folder = Some(Folder {
                name: folder.to_owned(),
                entries,
            });
        }
        let entries = self
            .folder
            .as_ref()
            .map_or(&[][..], |folder| &folder.entries);
        let after = |entry: &&connection::Entry| page.is_none_or(|page| entry.path.as_str() > page);
        let part: Vec<Entry> = entries
            .iter()
            .filter(after)
            .take(LISTING_PAGE)
            .map(to_guest)
            .collect();
        let last = part.last().map(|entry| entry.path.clone());
        let more = last.is_some() && last.as_deref() != entries.last().map(|e| e.path.as_str());
        Ok(Listing {
            entries: part,
            next: last.filter(|_| more),
        })
    }

    async fn open_file(&mut self, path: &str, offset: u64) -> Result<ByteReader, Problem> {
        check_path(path)?;
        let mut hold = self.account.hold(FILE_BUFFER_BYTES)?;
        if let Some(other) = self.call.connection.played() {
            let mut file = other.read(path, offset).await?;
            let came = offset + file.bytes.len() as u64;
            if file.broken.is_none() && came < file.size {
                file.broken = Some(truncated(path, file.size, came));
            }
            hold.grow(file.bytes.len())?;
            return Ok(ByteReader::played(file, hold));
        }
        let file = FileReader::open(self.lease().await?, path, offset).await?;
        Ok(ByteReader::file(file, hold))
    }

    async fn stat_file(&mut self, path: &str) -> Result<Entry, Problem> {
        check_path(path)?;
        let entry = match self.call.connection.played() {
            Some(other) => other.stat(path).await?,
            None => self.lease().await?.stat(path).await?,
        };
        Ok(to_guest(&entry))
    }
}

impl Host for Guest {
    async fn list(
        &mut self,
        connection: Resource<ConnectionHandle>,
        folder: String,
        page: Option<String>,
    ) -> wasmtime::Result<Result<Listing, Error>> {
        self.table.get(&connection)?;
        let limit = self.host_call_timeout;
        let listing = timed(
            limit,
            "listing the folder",
            self.list_folder(&folder, page.as_deref()),
        )
        .await;
        Ok(self.answer(listing))
    }

    async fn stat(
        &mut self,
        connection: Resource<ConnectionHandle>,
        path: String,
    ) -> wasmtime::Result<Result<Entry, Error>> {
        self.table.get(&connection)?;
        let limit = self.host_call_timeout;
        let entry = timed(limit, "looking at the file", self.stat_file(&path)).await;
        Ok(self.answer(entry))
    }

    async fn open(
        &mut self,
        connection: Resource<ConnectionHandle>,
        path: String,
        offset: u64,
    ) -> wasmtime::Result<Result<Resource<Reader>, Error>> {
        self.table.get(&connection)?;
        let limit = self.host_call_timeout;
        match timed(limit, "opening the file", self.open_file(&path, offset)).await {
            Ok(file) => {
                let reader = Reader::new(file);
                let handle = self.table.push(reader)?;
                Ok(self.answer(Ok(handle)))
            }
            Err(problem) => Ok(self.answer(Err(problem))),
        }
    }
}

fn to_guest(entry: &connection::Entry) -> Entry {
    Entry {
        path: entry.path.clone(),
        size: entry.size,
        modified_ms: entry.modified_ms,
    }
}

/// The server's rights decide what may be read; this only keeps odd bytes off the wire.
fn check_path(path: &str) -> Result<(), Problem> {
    if path.is_empty() || path.len() > 4096 || path.chars().any(char::is_control) {
        let detail = format!("{path:?} is no path");
        return Err(Problem::new(ErrorCode::SourceNotFound, detail));
    }
    Ok(())
}
