//! The configuration; `connector.json` of each source of files has its schema.

use serde::Deserialize;
use tributary_sdk::serde_json::{Map, Value};
use tributary_sdk::{Error, Result};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// how integrations call the stream of this folder
    #[serde(default = "default_stream")]
    pub stream: String,
    /// path of the folder; empty: the top of what the connection shows
    #[serde(default)]
    pub folder: String,
    /// folders below the folder too
    #[serde(default)]
    pub recursive: bool,
    /// see [`crate::pattern`]
    #[serde(default = "every")]
    pub pattern: String,
    #[serde(default)]
    pub format: Format,
    #[serde(default)]
    pub csv: Csv,
    /// options of the format of that name; the host knows them
    #[serde(default)]
    pub json: Map<String, Value>,
    #[serde(default)]
    pub xml: Map<String, Value>,
    #[serde(default)]
    pub xlsx: Map<String, Value>,
    #[serde(default)]
    pub fixed: Map<String, Value>,
    #[serde(default)]
    pub parquet: Map<String, Value>,
    #[serde(default)]
    pub compression: Compression,
    /// pattern for the one file to read in a zip file
    #[serde(default)]
    pub member: Option<String>,
    /// pattern for the files to read in a zip file, one after the other; all that are data if absent
    #[serde(default)]
    pub members: Option<String>,
    /// younger files are left for the next run: their sender may still write
    #[serde(default)]
    pub min_age_s: u64,
    /// files that change within this time, seconds, are left for the next run
    #[serde(default)]
    pub stable_s: u32,
    /// a file is read only if this file is beside it; `{name}` and `{stem}` are its name with and
    /// without the last ending
    #[serde(default)]
    pub done_marker: Option<String>,
    #[serde(default)]
    pub after: After,
    /// for `after: archive`
    #[serde(default)]
    pub archive_folder: String,
    /// how long files that are gone are remembered
    #[serde(default = "a_month")]
    pub forget_after_days: u64,
    /// nothing of a file is delivered before all of it was read
    #[serde(default)]
    pub whole_files: bool,
    #[serde(default)]
    pub order: Order,
    /// columns that each header must have
    #[serde(default)]
    pub expected_columns: Vec<String>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    #[default]
    Name,
    Modified,
}

/// What becomes of a file that was read.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum After {
    #[default]
    Keep,
    Archive,
    Delete,
}

impl After {
    /// Whether the other side's files are touched.
    pub fn changes(self) -> bool {
        self != Self::Keep
    }
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    #[default]
    Csv,
    Ndjson,
    Json,
    Xml,
    Xlsx,
    Fixed,
    Parquet,
}

/// How files are packed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// as the last ending of its name says, if it is one of those below
    #[default]
    ByName,
    None,
    Gzip,
    Zstd,
    Zip,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Csv {
    /// left out: as it looks
    pub delimiter: Option<String>,
    /// empty text reads quotes as text
    pub quote: String,
    /// left out: as it looks
    pub encoding: Option<String>,
    pub header: Header,
}

/// `true`: the first line names the columns. A list: there is no such line, these are the names.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Header {
    Line(bool),
    Columns(Vec<String>),
}

impl Default for Csv {
    fn default() -> Self {
        Self {
            delimiter: None,
            quote: "\"".to_owned(),
            encoding: None,
            header: Header::Line(true),
        }
    }
}

impl Config {
    /// There is one stream.
    pub fn check_stream(&self, stream: &str) -> Result<()> {
        if stream == self.stream {
            return Ok(());
        }
        let message = format!(
            "the connection has the stream {:?}, not {stream:?}",
            self.stream
        );
        Err(Error::config("/config/stream", message))
    }

    /// What the schema says in words.
    pub fn check(&self) -> Result<()> {
        if self.member.is_some() && self.members.is_some() {
            return Err(Error::config(
                "/config/members",
                "either `member` or `members` is given, not both",
            ));
        }
        self.check_after()
    }

    /// Moving needs a place, and one outside the folder that is read.
    fn check_after(&self) -> Result<()> {
        if self.after != After::Archive {
            return Ok(());
        }
        let at = "/config/archive_folder";
        if self.archive_folder.trim_matches('/').is_empty() {
            return Err(Error::config(
                at,
                "where shall files that were read be moved to?",
            ));
        }
        if self.folder.trim_matches('/') == self.archive_folder.trim_matches('/') {
            return Err(Error::config(
                at,
                "the archive must be another folder than the one that is read",
            ));
        }
        Ok(())
    }

    /// A path as seen from the folder.
    pub fn below<'a>(&self, path: &'a str) -> &'a str {
        let plain = path.trim_start_matches('/');
        let rest = plain.strip_prefix(self.folder.trim_matches('/'));
        rest.unwrap_or(plain).trim_start_matches('/')
    }

    /// Whether a path lies in the archive.
    pub fn archived(&self, path: &str) -> bool {
        let archive = self.archive_folder.trim_matches('/');
        let rest = path.trim_start_matches('/').strip_prefix(archive);
        self.after == After::Archive && rest.is_some_and(|rest| rest.starts_with('/'))
    }

    /// Where a file goes that was read: below the archive as it was below the folder.
    pub fn archive_place(&self, path: &str) -> String {
        format!(
            "{}/{}",
            self.archive_folder.trim_end_matches('/'),
            self.below(path)
        )
    }

    /// Path of the file that says that `path` is complete.
    pub fn marker_of(&self, path: &str) -> Option<String> {
        let marker = self.done_marker.as_deref()?;
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let slash = if path.contains('/') { "/" } else { "" };
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let marker = marker.replace("{name}", name).replace("{stem}", stem);
        Some(format!("{folder}{slash}{marker}"))
    }

    /// As [`Self::marker_of`], but not one that stands for many files.
    pub fn own_marker_of(&self, path: &str) -> Option<String> {
        let marker = self.done_marker.as_deref()?;
        let own = marker.contains("{name}") || marker.contains("{stem}");
        own.then(|| self.marker_of(path)).flatten()
    }

    /// Whether a path looks like a marker, so that none is read as data.
    pub fn is_marker(&self, path: &str) -> bool {
        let Some(marker) = &self.done_marker else {
            return false;
        };
        let name = path.rsplit('/').next().unwrap_or_default();
        let part = ["{name}", "{stem}"]
            .into_iter()
            .find_map(|part| marker.split_once(part));
        match part {
            None => name == marker,
            Some((start, end)) => {
                let rest = name
                    .strip_prefix(start)
                    .and_then(|rest| rest.strip_suffix(end));
                rest.is_some_and(|rest| !rest.is_empty())
            }
        }
    }
}

fn default_stream() -> String {
    "files".to_owned()
}

fn a_month() -> u64 {
    30
}

fn every() -> String {
    "*".to_owned()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn config(text: &str) -> Config {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn markers_stand_beside_their_files() {
        let of = |marker: &str, path: &str| {
            let config = config(&format!(r#"{{"done_marker": "{marker}"}}"#));
            (
                config.marker_of(path).unwrap(),
                config.own_marker_of(path).is_some(),
            )
        };
        assert_eq!(
            of("{name}.ok", "/in/a.csv"),
            ("/in/a.csv.ok".to_owned(), true)
        );
        assert_eq!(
            of("{stem}.done", "in/a.b.csv"),
            ("in/a.b.done".to_owned(), true)
        );
        assert_eq!(of("_SUCCESS", "a.csv"), ("_SUCCESS".to_owned(), false));
        assert_eq!(config("{}").marker_of("a"), None);
    }

    #[test]
    fn the_archive_mirrors_the_folder() {
        let config = config(r#"{"folder": "in/", "after": "archive", "archive_folder": "/done/"}"#);
        assert_eq!(config.archive_place("in/2026/a.csv"), "/done/2026/a.csv");
        assert_eq!(config.below("/in/a.csv"), "a.csv");
        assert!(config.archived("done/a.csv") && !config.archived("in/a.csv"));
        assert!(config.check_after().is_ok());
        let same = r#"{"folder": "/in", "after": "archive", "archive_folder": "in/"}"#;
        assert!(self::config(same).check_after().is_err());
        assert!(
            self::config(r#"{"after": "archive"}"#)
                .check_after()
                .is_err()
        );
    }
}
