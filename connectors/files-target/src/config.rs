//! The configuration; `connector.json` has its schema.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub folder: String,
    /// what the names of the files begin with
    pub name: String,
    pub format: Format,
    pub csv: Csv,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    #[default]
    Ndjson,
    Csv,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Csv {
    pub delimiter: char,
    /// empty: all that occur in a file, in the order in which they first do
    pub columns: Vec<String>,
}

impl Config {
    /// Path of a file whose name ends like this.
    pub fn path(&self, end: &str) -> String {
        let folder = self.folder.trim_end_matches('/');
        // The root of a server is a folder too.
        let slash = if self.folder.is_empty() { "" } else { "/" };
        format!("{folder}{slash}{}-{end}", self.name)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            folder: String::new(),
            name: "records".to_owned(),
            format: Format::default(),
            csv: Csv::default(),
        }
    }
}

impl Default for Csv {
    fn default() -> Self {
        Self {
            delimiter: ',',
            columns: Vec::new(),
        }
    }
}
