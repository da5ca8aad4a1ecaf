//! `files` and `file-changes`: folders and files of the connection. One session (for SFTP: one SSH
//! session) serves a whole call.

use std::sync::Arc;

use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use wasmtime::component::Resource;

use super::connections::ConnectionHandle;
use super::io::Reader;
use super::timed;
use crate::bindings::contract::file_changes;
use crate::bindings::contract::files::{Entry, Host, Listing};
use crate::bindings::contract::types::Error;
use crate::connection::{self, FileSession, check_path};
use crate::rows::ByteReader;
use crate::session::Guest;

/// What reading ahead in one file may take.
const FILE_BUFFER_BYTES: usize = 8 << 20;
/// Entries of one page of a listing.
const LISTING_PAGE: usize = 1_000;

/// A folder of a server without pages, that is given to the guest page by page.
pub(crate) struct Folder {
    name: String,
    recursive: bool,
    entries: Vec<connection::Entry>,
}

impl Guest {
    async fn files(&mut self) -> Result<&mut FileSession, Problem> {
        if self.files.is_none() {
            self.files = Some(self.call.connection.files().await?);
        }
        self.files
            .as_mut()
            .ok_or_else(|| Problem::new(ErrorCode::Internal, "no session for files"))
    }

    async fn list_folder(
        &mut self,
        folder: &str,
        recursive: bool,
        page: Option<&str>,
    ) -> Result<Listing, Problem> {
        // The top of a bucket has no name.
        if !folder.is_empty() {
            check_path(folder)?;
        }
        let known = page.is_some()
            && self
                .folder
                .as_ref()
                .is_some_and(|known| known.name == folder && known.recursive == recursive);
        if !known {
            let (entries, next) = self.files().await?.list(folder, recursive, page).await?;
            if next.is_some() || entries.len() <= LISTING_PAGE {
                return Ok(Listing {
                    entries: entries.iter().map(to_guest).collect(),
                    next,
                });
            }
            self.folder = Some(Folder {
                name: folder.to_owned(),
                recursive,
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

    async fn open_file(
        &mut self,
        path: &str,
        offset: u64,
        version: Option<&str>,
    ) -> Result<ByteReader, Problem> {
        check_path(path)?;
        let hold = self.account.hold(FILE_BUFFER_BYTES)?;
        let file = self.files().await?.open(path, offset, version).await?;
        let usage = Arc::clone(self.call.connection.usage());
        Ok(ByteReader::file(file, hold, offset, usage))
    }

    async fn open_listed(&mut self, entry: &Entry, offset: u64) -> Result<ByteReader, Problem> {
        check_path(&entry.path)?;
        let hold = self.account.hold(FILE_BUFFER_BYTES)?;
        let entry = from_guest(entry);
        let file = self.files().await?.open_entry(&entry, offset).await?;
        let usage = Arc::clone(self.call.connection.usage());
        Ok(ByteReader::file(file, hold, offset, usage))
    }

    async fn stat_file(&mut self, path: &str) -> Result<Entry, Problem> {
        check_path(path)?;
        Ok(to_guest(&self.files().await?.stat(path).await?))
    }

    async fn digest_file(&mut self, path: &str) -> Result<String, Problem> {
        check_path(path)?;
        let usage = Arc::clone(self.call.connection.usage());
        self.files().await?.digest(path, &usage).await
    }

    async fn move_file(
        &mut self,
        from: &str,
        to: &str,
        version: Option<&str>,
    ) -> Result<(), Problem> {
        check_path(from)?;
        check_path(to)?;
        self.may_change(from)?;
        self.files().await?.rename(from, to, version).await
    }

    async fn remove_file(&mut self, path: &str, version: Option<&str>) -> Result<(), Problem> {
        check_path(path)?;
        self.may_change(path)?;
        self.files().await?.remove(path, version).await
    }

    /// Who only looks at samples changes nothing, whatever the configuration says.
    fn may_change(&self, path: &str) -> Result<(), Problem> {
        if !self.call.connection.only_looks() {
            return Ok(());
        }
        let detail = format!("{path:?} stays as it is: only samples are taken");
        Err(Problem::new(ErrorCode::ConnectorDenied, detail))
    }
}

impl Host for Guest {
    async fn list(
        &mut self,
        connection: Resource<ConnectionHandle>,
        folder: String,
        recursive: bool,
        page: Option<String>,
    ) -> wasmtime::Result<Result<Listing, Error>> {
        self.table.get(&connection)?;
        let limit = self.host_call_timeout;
        let listing = timed(
            limit,
            "listing the folder",
            self.list_folder(&folder, recursive, page.as_deref()),
        )
        .await;
        Ok(self.answer("files", listing))
    }

    async fn stat(
        &mut self,
        connection: Resource<ConnectionHandle>,
        path: String,
    ) -> wasmtime::Result<Result<Entry, Error>> {
        self.table.get(&connection)?;
        let limit = self.host_call_timeout;
        let entry = timed(limit, "looking at the file", self.stat_file(&path)).await;
        Ok(self.answer("files", entry))
    }

    async fn open(
        &mut self,
        connection: Resource<ConnectionHandle>,
        path: String,
        offset: u64,
        version: Option<String>,
    ) -> wasmtime::Result<Result<Resource<Reader>, Error>> {
        self.table.get(&connection)?;
        let limit = self.host_call_timeout;
        let opening = self.open_file(&path, offset, version.as_deref());
        match timed(limit, "opening the file", opening).await {
            Ok(file) => {
                let reader = Reader::new(file);
                let handle = self.table.push(reader)?;
                Ok(self.answer("files", Ok(handle)))
            }
            Err(problem) => Ok(self.answer("files", Err(problem))),
        }
    }

    async fn open_entry(
        &mut self,
        connection: Resource<ConnectionHandle>,
        entry: Entry,
        offset: u64,
    ) -> wasmtime::Result<Result<Resource<Reader>, Error>> {
        self.table.get(&connection)?;
        let limit = self.host_call_timeout;
        let opening = self.open_listed(&entry, offset);
        match timed(limit, "opening the file", opening).await {
            Ok(file) => {
                let handle = self.table.push(Reader::new(file))?;
                Ok(self.answer("files", Ok(handle)))
            }
            Err(problem) => Ok(self.answer("files", Err(problem))),
        }
    }

    /// Takes as long as the file is large; the call's wall time is its limit.
    async fn digest(
        &mut self,
        connection: Resource<ConnectionHandle>,
        path: String,
    ) -> wasmtime::Result<Result<String, Error>> {
        self.table.get(&connection)?;
        let digest = self.digest_file(&path).await;
        Ok(self.answer("files", digest))
    }
}

impl file_changes::Host for Guest {
    async fn move_(
        &mut self,
        connection: Resource<ConnectionHandle>,
        from: String,
        to: String,
        version: Option<String>,
    ) -> wasmtime::Result<Result<(), Error>> {
        self.table.get(&connection)?;
        let limit = self.host_call_timeout;
        let moving = self.move_file(&from, &to, version.as_deref());
        let moved = timed(limit, "moving the file", moving).await;
        Ok(self.answer("file-changes", moved))
    }

    async fn remove(
        &mut self,
        connection: Resource<ConnectionHandle>,
        path: String,
        version: Option<String>,
    ) -> wasmtime::Result<Result<(), Error>> {
        self.table.get(&connection)?;
        let limit = self.host_call_timeout;
        let removing = self.remove_file(&path, version.as_deref());
        let removed = timed(limit, "removing the file", removing).await;
        Ok(self.answer("file-changes", removed))
    }
}

fn from_guest(entry: &Entry) -> connection::Entry {
    connection::Entry {
        path: entry.path.clone(),
        size: entry.size,
        modified_ms: entry.modified_ms,
        version: entry.version.clone(),
    }
}

fn to_guest(entry: &connection::Entry) -> Entry {
    Entry {
        path: entry.path.clone(),
        size: entry.size,
        modified_ms: entry.modified_ms,
        version: entry.version.clone(),
    }
}
