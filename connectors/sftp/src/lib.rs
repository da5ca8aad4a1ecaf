//! Files on an SFTP server. This plans: which files, in which order, from where on. Moving and
//! cutting bytes is the host's; no row enters this memory.
//!
//! A partition is one file as it was seen when the run was planned (path, size, time). While it is
//! read, a checkpoint after each page holds the place in the file, so a crash repeats one page.

mod config;
mod pattern;
mod read;

use serde::{Deserialize, Serialize};
use tributary_sdk::serde_json::{Map, Value, json};
use tributary_sdk::{
    CheckStep, Connection, Error, ErrorKind, Result, Rows, Selection, Source, StreamInfo,
    connections, control, files,
};

use config::{Config, Order};

/// Label of the connection in the manifest.
const CONNECTION: &str = "server";

/// One file to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePart {
    /// the partition's name: its checkpoint is kept under it from run to run
    #[serde(rename = "key")]
    pub path: String,
    pub size: u64,
    pub modified_ms: u64,
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
    /// the file was read to its end
    pub done: bool,
}

/// The connector.
pub struct Sftp;

impl Source for Sftp {
    type Config = Config;
    type Partition = FilePart;

    fn check(config: &Config) -> Result<Vec<CheckStep>> {
        let connection = connections::get(CONNECTION)?;
        let mut steps = Vec::new();
        let found = match matching(&connection, config) {
            Ok(found) => found,
            Err(error) if error.kind == ErrorKind::NotFound => {
                steps.push(CheckStep::ok("sign in", "the server knows the account"));
                steps.push(CheckStep::failed("folder", &error));
                return Ok(steps);
            }
            Err(error) => {
                steps.push(CheckStep::failed("sign in", &error));
                return Ok(steps);
            }
        };
        steps.push(CheckStep::ok(
            "sign in",
            "the server shows a pinned key and knows the account",
        ));
        let count = found.len();
        let message = format!(
            "{count} files in {} match {}",
            config.folder, config.pattern
        );
        steps.push(CheckStep::ok("folder", message));
        if let Some(newest) = found.iter().max_by_key(|file| file.modified_ms) {
            steps.push(match columns(&connection, config, newest) {
                Ok(names) => {
                    CheckStep::ok("header", format!("{}: {}", newest.path, names.join(", ")))
                }
                Err(error) => CheckStep::failed("header", &error),
            });
        }
        Ok(steps)
    }

    fn discover(config: &Config) -> Result<Vec<StreamInfo>> {
        let connection = connections::get(CONNECTION)?;
        let found = matching(&connection, config)?;
        let names = match found.iter().max_by_key(|file| file.modified_ms) {
            Some(newest) => columns(&connection, config, newest)?,
            None => Vec::new(),
        };
        let text = || json!({ "type": "string" });
        let properties: Map<String, Value> =
            names.iter().map(|name| (name.clone(), text())).collect();
        Ok(vec![StreamInfo {
            name: config.stream.clone(),
            schema: json!({ "type": "object", "required": names, "properties": properties }),
            primary_key: Vec::new(),
            cursor_field: None,
            full: true,
            incremental: true,
            partitioned: true,
        }])
    }

    fn partitions(config: &Config, selection: &Selection) -> Result<Vec<FilePart>> {
        config.check_stream(&selection.stream)?;
        let connection = connections::get(CONNECTION)?;
        let mut found = matching(&connection, config)?;
        if config.min_age_s > 0 {
            let young = control::now_ms().saturating_sub(config.min_age_s * 1000);
            found.retain(|file| file.modified_ms <= young);
        }
        if selection.incremental {
            let read: Vec<Checkpoint> = selection.checkpoints()?;
            found.retain(|file| !read.iter().any(|seen| seen.done && seen.file == *file));
        }
        match config.order {
            Order::Name => found.sort_by(|a, b| a.path.cmp(&b.path)),
            Order::Modified => {
                found.sort_by(|a, b| (a.modified_ms, &a.path).cmp(&(b.modified_ms, &b.path)))
            }
        }
        Ok(found)
    }

    fn read(config: &Config, selection: &Selection) -> Result<()> {
        config.check_stream(&selection.stream)?;
        let file: FilePart = selection
            .partition()?
            .ok_or_else(|| Error::bug("read was called without a partition"))?;
        let checkpoint: Option<Checkpoint> = selection.checkpoint()?;
        let connection = connections::get(CONNECTION)?;
        read::file(&connection, config, &file, checkpoint)
    }
}

/// The files of the folder whose name matches.
fn matching(connection: &Connection, config: &Config) -> Result<Vec<FilePart>> {
    let mut found = Vec::new();
    let mut page: Option<String> = None;
    loop {
        let listing = files::list(connection, &config.folder, page.as_deref())?;
        for entry in listing.entries {
            let name = entry.path.rsplit('/').next().unwrap_or_default();
            if pattern::matches(&config.pattern, name) {
                found.push(FilePart {
                    path: entry.path,
                    size: entry.size,
                    modified_ms: entry.modified_ms,
                });
            }
        }
        page = listing.next;
        if page.is_none() {
            return Ok(found);
        }
    }
}

fn columns(connection: &Connection, config: &Config, file: &FilePart) -> Result<Vec<String>> {
    let reader = files::open(connection, &file.path, 0)?;
    Rows::decode(
        reader,
        "csv",
        &config.csv.options(&file.path, &config.expected_columns),
    )?
    .columns()
}

#[cfg(target_arch = "wasm32")]
tributary_sdk::export_source!(Sftp);
