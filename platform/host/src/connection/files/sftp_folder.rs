//! Looking at folders and files over SFTP.
//!
//! Invariant: whatever a server lists, what is kept of it has an end: in names, in bytes, and in the bytes of
//! each name.

use std::sync::Arc;

use russh_sftp::client::RawSftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::{FileAttributes, StatusCode};
use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;
use tributary_model::problem::Problem;

use super::{Entry, MAX_PATH_BYTES};
use crate::connection::sftp::{SftpErrors, SftpLease};

/// More entries are refused: the listing would not fit a run's memory.
const MAX_ENTRIES: usize = 200_000;
/// All paths of a listing, bytes.
const MAX_LISTING_BYTES: usize = 32 << 20;
/// A longer name is none that a file system has.
const MAX_NAME_BYTES: usize = 255;
/// Folders below folders that are walked; deeper ones are most likely a loop.
const MAX_DEPTH: usize = 32;

impl SftpLease {
    /// The regular files of one folder, with `recursive` of those below it too, by path. Links
    /// are not followed.
    pub(super) async fn list(
        &mut self,
        folder: &str,
        recursive: bool,
    ) -> Result<Vec<Entry>, Problem> {
        let walk = Walk::new(self.raw()?, self.errors());
        walk.files(folder, recursive).await
    }

    pub(super) async fn stat(&mut self, path: &str) -> Result<Entry, Problem> {
        let raw = self.raw()?;
        match raw.stat(path).await {
            Ok(attrs) => Ok(entry(path.to_owned(), &attrs.attrs)),
            Err(error) => Err(self.errors().problem(path, &error)),
        }
    }
}

/// One listing, with what came for it so far.
struct Walk {
    raw: Arc<RawSftpSession>,
    errors: SftpErrors,
    entries: usize,
    bytes: usize,
}

impl Walk {
    fn new(raw: Arc<RawSftpSession>, errors: SftpErrors) -> Self {
        Self {
            raw,
            errors,
            entries: 0,
            bytes: 0,
        }
    }

    async fn files(mut self, folder: &str, recursive: bool) -> Result<Vec<Entry>, Problem> {
        let mut files = Vec::new();
        let mut folders = vec![(folder.to_owned(), 0)];
        while let Some((folder, depth)) = folders.pop() {
            for (path, attrs) in self.paths(&folder).await? {
                if attrs.is_regular() {
                    files.push(entry(path, &attrs));
                } else if recursive && attrs.is_dir() && depth < MAX_DEPTH {
                    folders.push((path, depth + 1));
                }
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// The paths of what is in a folder, but for itself and its parent.
    async fn paths(&mut self, folder: &str) -> Result<Vec<(String, FileAttributes)>, Problem> {
        let handle = match self.raw.opendir(folder).await {
            Ok(handle) => handle.handle,
            Err(error) => return Err(self.errors.problem(folder, &error)),
        };
        let mut found = Vec::new();
        let outcome = self.read(folder, &handle, &mut found).await;
        if self.raw.close(handle).await.is_err() {
            self.errors.give_up();
        }
        outcome.map(|()| found)
    }

    async fn read(
        &mut self,
        folder: &str,
        handle: &str,
        found: &mut Vec<(String, FileAttributes)>,
    ) -> Result<(), Problem> {
        loop {
            let names = match self.raw.readdir(handle).await {
                Ok(names) => names.files,
                Err(SftpError::Status(status)) if status.status_code == StatusCode::Eof => {
                    return Ok(());
                }
                Err(error) => return Err(self.errors.problem(folder, &error)),
            };
            for file in names {
                let path = self.path(folder, &file.filename)?;
                // A name with a slash would be a path that the server made up.
                let name = file.filename.as_str();
                if !matches!(name, "" | "." | "..") && !name.contains('/') {
                    found.push((path, file.attrs));
                }
            }
        }
    }

    /// The path of a name, if it is within all bounds.
    fn path(&mut self, folder: &str, name: &str) -> Result<String, Problem> {
        let refused = |detail: String| Err(Problem::new(ErrorCode::SourceProtocol, detail));
        let short = || shorten(name, 60);
        if name.len() > MAX_NAME_BYTES {
            return refused(format!(
                "the folder {folder:?} has a name of {} bytes, {:?}; at most {MAX_NAME_BYTES} are taken",
                name.len(),
                short()
            ));
        }
        let path = format!("{}/{name}", folder.trim_end_matches('/'));
        if path.len() > MAX_PATH_BYTES {
            return refused(format!(
                "the path of {:?} in a folder of {:?} has {} bytes; at most {MAX_PATH_BYTES} are taken",
                short(),
                shorten(folder, 60),
                path.len()
            ));
        }
        self.entries += 1;
        self.bytes += path.len();
        let hint = "move files that are done to another folder";
        if self.entries > MAX_ENTRIES {
            let detail = format!("the folder {folder:?} has more than {MAX_ENTRIES} files");
            return refused(detail).map_err(|problem| problem.hint(hint));
        }
        if self.bytes > MAX_LISTING_BYTES {
            let most = MAX_LISTING_BYTES >> 20;
            let detail = format!("the paths in the folder {folder:?} have more than {most} MiB");
            return refused(detail).map_err(|problem| problem.hint(hint));
        }
        Ok(path)
    }
}

pub(super) fn entry(path: String, attrs: &FileAttributes) -> Entry {
    Entry {
        path,
        size: attrs.size.unwrap_or(0),
        modified_ms: u64::from(attrs.mtime.unwrap_or(0)) * 1000,
        version: None,
    }
}

#[cfg(test)]
mod tests {
    use russh_sftp::protocol::{File, Handle, Name, Status};
    use russh_sftp::server::Handler;

    use super::super::sftp_made::{done, session};
    use super::*;

    /// Lists these names, `answers` times.
    struct Lister {
        names: Vec<String>,
        answers: usize,
    }

    impl Handler for Lister {
        type Error = StatusCode;

        fn unimplemented(&self) -> StatusCode {
            StatusCode::OpUnsupported
        }

        async fn opendir(&mut self, id: u32, _path: String) -> Result<Handle, StatusCode> {
            let handle = "h".to_owned();
            Ok(Handle { id, handle })
        }

        async fn readdir(&mut self, id: u32, _handle: String) -> Result<Name, StatusCode> {
            let left = self.answers.checked_sub(1).ok_or(StatusCode::Eof)?;
            self.answers = left;
            let mut attrs = FileAttributes::empty();
            attrs.set_regular(true);
            let file = |name: &String| File::new(name.clone(), attrs.clone());
            let files = self.names.iter().map(file).collect();
            Ok(Name { id, files })
        }

        async fn close(&mut self, id: u32, _handle: String) -> Result<Status, StatusCode> {
            Ok(done(id))
        }
    }

    async fn listed(folder: &str, names: &[&str], answers: usize) -> Result<Vec<Entry>, Problem> {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let raw = session(Lister { names, answers }).await;
        Walk::new(raw, SftpErrors::default())
            .files(folder, true)
            .await
    }

    #[tokio::test]
    async fn a_listing_has_an_end_in_names_and_in_bytes() {
        let (fits, long) = ("n".repeat(255), "n".repeat(256));
        let entries = listed("/in", &[".", "..", &fits, "a/b"], 1).await.unwrap();
        let paths: Vec<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(paths, [format!("/in/{fits}").as_str()]);

        let deep = "/in".repeat(1_350);
        let few = ["n"; 500];
        let large = [fits.as_str(); 200];
        for (folder, names, answers, wanted) in [
            ("/in", [long.as_str()].as_slice(), 1, "a name of 256 bytes"),
            (deep.as_str(), &[fits.as_str()], 1, "has 4306 bytes"),
            ("/in", &few[..], 1_000_000, "more than 200000 files"),
            ("/in", &large[..], 1_000_000, "more than 32 MiB"),
        ] {
            let problem = listed(folder, names, answers).await.unwrap_err();
            assert_eq!(problem.code, ErrorCode::SourceProtocol);
            assert!(problem.detail.contains(wanted), "{problem}");
            assert!(problem.detail.len() < 300, "{problem}");
        }
    }
}
