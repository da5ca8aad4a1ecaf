//! The configuration; `connector.json` has its schema, which is the form that people see.

use std::collections::BTreeMap;

use serde::Deserialize;
use tributary_http_json::pace::RateLimit;
use tributary_sdk::serde_json::{Map, Value};
use tributary_sdk::{Error, Result};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// of the database, below the connection's base address
    #[serde(default)]
    pub path: String,
    pub streams: BTreeMap<String, Stream>,
    /// of each call: language, company
    #[serde(default)]
    pub context: Map<String, Value>,
    #[serde(default)]
    pub rate_limit: Option<RateLimit>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    pub model: String,
    /// none: all plain fields that the model has
    #[serde(default)]
    pub fields: Vec<String>,
    /// which records, in the server's own language
    #[serde(default)]
    pub domain: Vec<Value>,
    /// the model has write_date and create_date
    #[serde(default = "yes")]
    pub dated: bool,
    #[serde(default)]
    pub page_size: Option<u32>,
    /// start this much earlier than the newest change seen
    #[serde(default)]
    pub overlap_s: u32,
    /// where the first incremental run starts; without it, with everything
    #[serde(default)]
    pub start: Option<String>,
}

fn yes() -> bool {
    true
}

const PAGE_SIZE: u32 = 500;

impl Stream {
    pub fn page_size(&self) -> u32 {
        self.page_size.unwrap_or(PAGE_SIZE)
    }
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
