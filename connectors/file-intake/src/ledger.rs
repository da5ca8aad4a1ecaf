//! The ledger of files: what was read, by path, size, time, version and content.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use tributary_sdk::files::Entry;

const DAY_MS: u64 = 86_400_000;

/// One file to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePart {
    /// the partition's name: its checkpoint is kept under it from run to run
    #[serde(rename = "key")]
    pub path: String,
    pub size: u64,
    pub modified_ms: u64,
    /// names these very bytes, where the server has such a thing
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// asks the platform to deliver nothing of the file before all of it was read
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
}

impl FilePart {
    /// Whether both are the same file with the same bytes, as far as can be seen from outside.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        let seen = |file: &Self| (file.size, file.modified_ms);
        self.path == other.path && seen(self) == seen(other) && self.version == other.version
    }

    /// The file as the listing showed it.
    pub(crate) fn entry(&self) -> Entry {
        Entry {
            path: self.path.clone(),
            size: self.size,
            modified_ms: self.modified_ms,
            version: self.version.clone(),
        }
    }
}

/// Where reading stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    #[serde(flatten)]
    pub file: FilePart,
    /// start of the next row
    pub offset: u64,
    pub line: u64,
    pub columns: Vec<String>,
    /// of text, as it was found: the file's first bytes are not looked at again
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// offsets count the text's UTF-8, not the bytes of the file
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub transcoded: bool,
    /// the file was read to its end
    pub done: bool,
    /// of the whole file, if it was read in one go
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// when the file was read to its end
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_ms: Option<u64>,
}

/// The files that were read to their end as they are, and those that are to be read.
pub fn divide(found: Vec<FilePart>, known: &[Checkpoint]) -> (Vec<FilePart>, Vec<FilePart>) {
    let done: HashMap<&str, &Checkpoint> = known
        .iter()
        .filter(|known| known.done)
        .map(|known| (known.file.path.as_str(), known))
        .collect();
    found.into_iter().partition(|file| {
        done.get(file.path.as_str())
            .is_some_and(|known| known.file.is(file))
    })
}

/// Keys of checkpoints of files that are not there any more and were read long ago. Not at once:
/// a file that is sent again under its old name with its old bytes is then still known.
pub fn forgettable<'a>(
    known: &'a [Checkpoint],
    there: &[FilePart],
    after_days: u64,
    now_ms: u64,
) -> Vec<&'a str> {
    let there: HashSet<&str> = there.iter().map(|file| file.path.as_str()).collect();
    let old = now_ms.saturating_sub(after_days.saturating_mul(DAY_MS));
    known
        .iter()
        .filter(|known| !there.contains(known.file.path.as_str()))
        .filter(|known| known.done_ms.is_none_or(|done_ms| done_ms < old))
        .map(|known| known.file.path.as_str())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, size: u64, version: Option<&str>) -> FilePart {
        FilePart {
            path: path.to_owned(),
            size,
            modified_ms: 1_000,
            version: version.map(str::to_owned),
            whole: false,
        }
    }

    fn read(path: &str, done_ms: Option<u64>) -> Checkpoint {
        Checkpoint {
            file: file(path, 10, None),
            offset: 10,
            line: 2,
            columns: Vec::new(),
            delimiter: None,
            encoding: None,
            transcoded: false,
            done: done_ms.is_some(),
            sha256: None,
            done_ms,
        }
    }

    #[test]
    fn files_that_were_read_as_they_are_are_done() {
        let known = [read("/a", Some(5)), read("/b", None)];
        let found = vec![
            file("/a", 10, None),
            file("/b", 10, None),
            file("/c", 1, None),
        ];
        let (done, new) = divide(found, &known);
        let paths = |files: &[FilePart]| files.iter().map(|f| f.path.clone()).collect::<Vec<_>>();
        assert_eq!(
            (paths(&done), paths(&new)),
            (
                vec!["/a".to_owned()],
                vec!["/b".to_owned(), "/c".to_owned()]
            )
        );
        for other in [file("/a", 11, None), file("/a", 10, Some("v2"))] {
            assert_eq!(divide(vec![other], &known).1.len(), 1);
        }
        // What the platform is asked for does not make another file of it.
        let whole = FilePart {
            whole: true,
            ..file("/a", 10, None)
        };
        assert_eq!(divide(vec![whole], &known).0.len(), 1);
    }

    #[test]
    fn only_what_is_gone_for_long_is_forgotten() {
        let now = 100 * DAY_MS;
        let known = [
            read("/there", Some(0)),
            read("/gone-long", Some(now - 31 * DAY_MS)),
            read("/gone-yesterday", Some(now - DAY_MS)),
            read("/gone-half-read", None),
        ];
        let there = [file("/there", 10, None)];
        assert_eq!(
            forgettable(&known, &there, 30, now),
            ["/gone-long", "/gone-half-read"]
        );
        assert_eq!(forgettable(&known, &there, 0, now).len(), 3);
    }

    #[test]
    fn checkpoints_of_the_first_version_can_be_read() {
        let text = r#"{"key": "/in/a.csv", "size": 3, "modified_ms": 5000, "offset": 3, "line": 2, "columns": ["a"], "done": true}"#;
        let old: Checkpoint = serde_json::from_str(text)
            .ok()
            .into_iter()
            .next()
            .unwrap_or_else(|| read("", None));
        assert!(old.done && old.file.path == "/in/a.csv" && old.sha256.is_none());
        assert!(old.delimiter.is_none() && !old.transcoded);
    }
}
