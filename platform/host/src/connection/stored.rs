//! What came to the platform by itself (files that customers sent, records that programs pushed), shown
//! to connectors as files. Nothing is dialled. `jobs` hands the files in as plain data, because ledger
//! and lake are not this crate's business.
//!
//! Invariants: a path is the platform's or the customer's word and is looked up, never resolved; the
//! bytes of a version never change; archiving and removing are states, so nothing is ever written here.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use tributary_model::problem::Problem;

use super::Entry;

/// Files that came in, as far as one call may see them.
#[async_trait]
pub trait StoredFiles: Send + Sync {
    /// All files that can be read, by path.
    ///
    /// # Errors
    /// What kept the platform from looking.
    async fn list(&self) -> Result<Vec<Entry>, Problem>;

    /// One file.
    ///
    /// # Errors
    /// `source_not_found` if there is none.
    async fn stat(&self, path: &str) -> Result<Entry, Problem>;

    /// A file's bytes from `offset` on.
    ///
    /// # Errors
    /// `source_not_found` if there is none, `file_changed` if it is another version.
    async fn open(
        &self,
        path: &str,
        offset: u64,
        version: Option<&str>,
    ) -> Result<StoredFile, Problem>;

    /// Puts a file aside.
    ///
    /// # Errors
    /// As [`Self::open`]; `connector_denied` where that has no sense.
    async fn archive(&self, path: &str, version: Option<&str>) -> Result<(), Problem>;

    /// Removes a file.
    ///
    /// # Errors
    /// As [`Self::archive`].
    async fn remove(&self, path: &str, version: Option<&str>) -> Result<(), Problem>;
}

/// A file that is being read.
pub struct StoredFile {
    /// of the whole file
    pub size: u64,
    /// from the offset that was asked for to the end
    pub bytes: BoxStream<'static, Result<Bytes, Problem>>,
}

impl StoredFile {
    /// The next bytes in order; `None` at the end of the file.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        self.bytes.next().await.transpose()
    }
}

/// Whether a file lies in a folder, or with `recursive` below it. The top has no name.
pub(crate) fn lies_in(path: &str, folder: &str, recursive: bool) -> bool {
    let folder = folder.trim_matches('/');
    let below = match folder.is_empty() {
        true => Some(path),
        false => path
            .strip_prefix(folder)
            .and_then(|rest| rest.strip_prefix('/')),
    };
    below.is_some_and(|below| recursive || !below.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::lies_in;

    #[test]
    fn folders_are_as_elsewhere() {
        for (path, folder, recursive, expected) in [
            ("a.csv", "", false, true),
            ("a.csv", "/", false, true),
            ("in/a.csv", "", false, false),
            ("in/a.csv", "", true, true),
            ("in/a.csv", "in", false, true),
            ("inner/a.csv", "in", true, false),
            ("in/b/a.csv", "/in/", false, false),
            ("in/b/a.csv", "/in/", true, true),
        ] {
            assert_eq!(
                lies_in(path, folder, recursive),
                expected,
                "{path} {folder}"
            );
        }
    }
}
