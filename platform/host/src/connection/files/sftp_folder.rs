//! Looking at folders and files over SFTP.

use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::{FileAttributes, StatusCode};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::Entry;
use crate::connection::sftp::SftpLease;

/// More entries are refused: the listing would not fit a run's memory.
const MAX_ENTRIES: usize = 200_000;
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
        let mut files = Vec::new();
        let mut folders = vec![(folder.to_owned(), 0)];
        let mut seen = 0;
        while let Some((folder, depth)) = folders.pop() {
            for (name, attrs) in self.names(&folder).await? {
                seen += 1;
                let path = format!("{}/{name}", folder.trim_end_matches('/'));
                if attrs.is_regular() {
                    files.push(entry(path, &attrs));
                } else if recursive && attrs.is_dir() && depth < MAX_DEPTH {
                    folders.push((path, depth + 1));
                }
            }
            if seen > MAX_ENTRIES {
                let detail = format!("the folder {folder:?} has more than {MAX_ENTRIES} files");
                return Err(Problem::new(ErrorCode::SourceProtocol, detail)
                    .hint("move files that are done to another folder"));
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// What is in a folder, but for itself and its parent.
    async fn names(&mut self, folder: &str) -> Result<Vec<(String, FileAttributes)>, Problem> {
        let raw = self.raw()?;
        let handle = match raw.opendir(folder).await {
            Ok(handle) => handle.handle,
            Err(error) => return Err(self.errors().problem(folder, &error)),
        };
        let mut found = Vec::new();
        let outcome = loop {
            match raw.readdir(handle.as_str()).await {
                Ok(names) => {
                    let names = names
                        .files
                        .into_iter()
                        .map(|file| (file.filename, file.attrs));
                    // A name with a slash would be a path that the server made up.
                    found.extend(names.filter(|(name, _)| {
                        !matches!(name.as_str(), "" | "." | "..") && !name.contains('/')
                    }));
                }
                Err(SftpError::Status(status)) if status.status_code == StatusCode::Eof => {
                    break Ok(());
                }
                Err(error) => break Err(self.errors().problem(folder, &error)),
            }
            if found.len() > MAX_ENTRIES {
                break Ok(()); // refused by the caller, who counts too
            }
        };
        if raw.close(handle).await.is_err() {
            self.give_up();
        }
        outcome.map(|()| found)
    }

    pub(super) async fn stat(&mut self, path: &str) -> Result<Entry, Problem> {
        let raw = self.raw()?;
        match raw.stat(path).await {
            Ok(attrs) => Ok(entry(path.to_owned(), &attrs.attrs)),
            Err(error) => Err(self.errors().problem(path, &error)),
        }
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
