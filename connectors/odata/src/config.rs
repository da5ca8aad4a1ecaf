//! The configuration; `connector.json` has its schema, which is the form that people see. What a
//! schema can't say is checked here, and named by its place.

use std::collections::BTreeMap;

use serde::Deserialize;
use tributary_http_json::pace::RateLimit;
use tributary_sdk::{Error, Result};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(default)]
    pub version: Version,
    /// none: every entity set by its name, whole
    #[serde(default)]
    pub streams: BTreeMap<String, Stream>,
    /// of each request, for example `sap-client`
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// further names by which the service's links call itself
    #[serde(default)]
    pub hosts: Vec<String>,
    #[serde(default)]
    pub rate_limit: Option<RateLimit>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Version {
    #[default]
    V4,
    V2,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    pub entity_set: String,
    /// property that grows with every change
    #[serde(default)]
    pub cursor: Option<String>,
    /// none: all
    #[serde(default)]
    pub select: Vec<String>,
    /// paths of navigation properties
    #[serde(default)]
    pub expand: Vec<String>,
    #[serde(default)]
    pub filter: Option<String>,
    #[serde(default)]
    pub paging: Option<Paging>,
    #[serde(default)]
    pub page_size: Option<u32>,
    /// ask for delta links
    #[serde(default)]
    pub delta: bool,
    #[serde(default)]
    pub overlap_s: u32,
    /// where the first incremental run starts; without it, with everything
    #[serde(default)]
    pub start: Option<String>,
    #[serde(default)]
    pub max_pages: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paging {
    /// after the last row's cursor and key
    Keys,
    /// where the service's links lead
    Links,
}

/// Rows of a page by keys.
const PAGE_SIZE: u32 = 500;

impl Stream {
    pub fn page_size(&self) -> u32 {
        self.page_size.unwrap_or(PAGE_SIZE)
    }
}

impl Config {
    /// The stream of that name: a configured one, or the entity set if none is configured.
    pub fn stream(&self, name: &str) -> Result<Stream> {
        if self.streams.is_empty() {
            return Ok(Stream {
                entity_set: name.to_owned(),
                ..Stream::default()
            });
        }
        self.streams.get(name).cloned().ok_or_else(|| {
            let names: Vec<&str> = self.streams.keys().map(String::as_str).collect();
            let message = format!(
                "there is no stream {name:?}; there are {}",
                names.join(", ")
            );
            Error::config("/config/streams", message)
        })
    }

    /// How the stream's pages follow each other. By keys, a row that changes while it is read can't
    /// make another one slip through; links count rows on many services. V2 services often refuse
    /// the filter that this needs.
    pub fn paging(&self, stream: &Stream) -> Paging {
        let by_version = match (self.version, &stream.cursor) {
            (Version::V4, Some(_)) if !stream.delta => Paging::Keys,
            _ => Paging::Links,
        };
        stream.paging.unwrap_or(by_version)
    }

    /// What the schema can't say. The error names the field.
    pub fn check(&self) -> Result<()> {
        for (name, stream) in &self.streams {
            let at = |field: &str| format!("/config/streams/{name}/{field}");
            if stream.delta && self.version == Version::V2 {
                let message = "delta links are asked for in version v4 only; take a cursor";
                return Err(Error::config(&at("delta"), message));
            }
            if stream.delta && stream.paging == Some(Paging::Keys) {
                let message = "a delta link is found at the end of links; set paging to links";
                return Err(Error::config(&at("paging"), message));
            }
            if stream.entity_set.contains(['?', '#']) {
                let message = "name the entity set; filter and select are fields of their own";
                return Err(Error::config(&at("entity_set"), message));
            }
        }
        Ok(())
    }
}
