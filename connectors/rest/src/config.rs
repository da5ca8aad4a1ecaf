//! The configuration; `connector.json` has its schema.

use std::collections::BTreeMap;

use serde::Deserialize;
use tributary_sdk::serde_json::Value;
use tributary_sdk::{Error, Result};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub streams: BTreeMap<String, Stream>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// below the connection's base address
    pub path: String,
    /// parameters of each request
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// JSON Pointer to the array of rows
    #[serde(default)]
    pub records: String,
    #[serde(default)]
    pub pages: Option<Pages>,
    #[serde(default)]
    pub incremental: Option<Incremental>,
    /// fields that name a row
    #[serde(default)]
    pub primary_key: Vec<String>,
    /// JSON Schema of one row, if known
    #[serde(default)]
    pub schema: Option<Value>,
}

/// Cursor pages: each answer has the token of the next.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pages {
    /// JSON Pointer to the next token; absent, null or empty ends the stream
    pub next: String,
    /// parameter that carries the token
    pub cursor_param: String,
    #[serde(default)]
    pub size: Option<u32>,
    /// parameter that carries the size
    #[serde(default)]
    pub size_param: Option<String>,
}

/// Which rows are new.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incremental {
    /// parameter that carries the instant or number to start from, inclusive
    pub param: String,
    /// JSON Pointer within a row
    pub field: String,
}

impl Config {
    /// The stream of that name.
    pub fn stream(&self, name: &str) -> Result<&Stream> {
        self.streams.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.streams.keys().map(String::as_str).collect();
            let message = format!(
                "there is no stream {name:?}; there are {}",
                names.join(", ")
            );
            Error::config("/config/streams", message)
        })
    }
}
