//! How files are taken in, the same for every source of files: which files, in which order, from
//! where on, and what becomes of them. The connectors `sftp`, `s3` and `upload` are this with
//! the name of their connection.
//!
//! A partition is one file as it was seen when the run was planned (path, size, time, version).
//! While it is read, a checkpoint after each page holds the place in the file, so a crash repeats
//! one page. The last checkpoint is kept from run to run: together they are the ledger of files.
//!
//! Invariants: no row enters this memory; a file is moved or removed only when its rows are
//! durable; two workers never have one file, because a partition is one file, and the platform
//! leases the work of a partition to one worker at a time.

mod after;
mod config;
mod decoder;
mod find;
mod ledger;
mod pattern;
mod read;

use tributary_sdk::serde_json::{Map, Value, json};
use tributary_sdk::{
    CheckStep, Connection, Error, ErrorKind, Found, Result, Rows, Selection, StreamInfo,
    connections, control, files, output,
};

pub use config::Config;
pub use ledger::{Checkpoint, FilePart};

/// A source of files.
pub struct Intake {
    /// label of the connection in the manifest
    pub connection: &'static str,
}

impl Intake {
    fn connect(&self) -> Result<Connection> {
        connections::get(self.connection)
    }

    /// Tries the connection step by step.
    ///
    /// # Errors
    /// Only if the check itself could not be made.
    pub fn check(&self, config: &Config) -> Result<Vec<CheckStep>> {
        let connection = self.connect()?;
        config.check()?;
        let found = match find::files(&connection, config) {
            Ok(found) => found,
            Err(error) => return Ok(vec![refused(&error)]),
        };
        let files = match found.files.len() {
            1 => "1 file matches".to_owned(),
            count => format!("{count} files match"),
        };
        let place = match config.folder.as_str() {
            "" => String::new(),
            folder => format!(" in {folder}"),
        };
        let message = format!("{files} {}{place}", config.pattern);
        let mut steps = vec![CheckStep::ok("list", message)];
        if let Some(newest) = found.files.iter().max_by_key(|file| file.modified_ms) {
            steps.push(match front(&connection, config, newest) {
                Ok(found) => CheckStep::ok("header", told(&newest.path, &found)),
                Err(error) => CheckStep::failed("header", &error),
            });
        }
        Ok(steps)
    }

    /// The one stream there is, with the columns of the newest file.
    ///
    /// # Errors
    /// What the other side says.
    pub fn discover(&self, config: &Config) -> Result<Vec<StreamInfo>> {
        let connection = self.connect()?;
        let found = find::files(&connection, config)?;
        let names = match found.files.iter().max_by_key(|file| file.modified_ms) {
            Some(newest) => front(&connection, config, newest)?.columns,
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

    /// The files to read, in order. Drops from the ledger what has been gone for long, and does
    /// what a crash kept from being done with files that were read.
    ///
    /// # Errors
    /// What the other side says, a stream that is not there.
    pub fn partitions(&self, config: &Config, selection: &Selection) -> Result<Vec<FilePart>> {
        config.check_stream(&selection.stream)?;
        config.check()?;
        let connection = self.connect()?;
        let found = find::files(&connection, config)?;
        let ready = find::ready(&connection, config, &found)?;
        if !selection.incremental {
            return Ok(ready);
        }
        let known: Vec<Checkpoint> = selection.checkpoints()?;
        for key in ledger::forgettable(
            &known,
            &found.files,
            config.forget_after_days,
            control::now_ms(),
        ) {
            output::forget(key)?;
        }
        let (done, new) = ledger::divide(ready, &known);
        for file in done {
            after::apply(&connection, config, &file);
        }
        Ok(new)
    }

    /// Reads one file.
    ///
    /// # Errors
    /// What the other side says; a file that changed or is shorter than announced.
    pub fn read(&self, config: &Config, selection: &Selection) -> Result<()> {
        config.check_stream(&selection.stream)?;
        let file: FilePart = selection.planned()?;
        let last: Option<Checkpoint> = selection.checkpoint()?;
        let connection = self.connect()?;
        let whole = read::file(&connection, config, &file, last)?;
        if whole && config.after.changes() {
            output::flush()?;
            after::apply_read(&connection, config, &file);
        }
        Ok(())
    }
}

/// The step that failed. The host has tried everything up to the account itself, so that a failure
/// before the folder is one that came since.
fn refused(error: &Error) -> CheckStep {
    let name = match error.kind {
        ErrorKind::NotFound => "list",
        _ => "connect",
    };
    CheckStep::failed(name, error)
}

/// What the front of a file shows, with what was found out about its text.
fn told(path: &str, found: &Found) -> String {
    let mut text = match found.columns.as_slice() {
        [] => format!("{path} can be opened"),
        names => format!("{path}: {}", names.join(", ")),
    };
    let delimiter = found.delimiter.as_deref().map(|delimiter| match delimiter {
        "\t" => "tab".to_owned(),
        other => format!("{other:?}"),
    });
    if let Some(encoding) = &found.encoding {
        let between = delimiter.map_or(String::new(), |name| format!("{name} between columns, "));
        text.push_str(&format!(" ({between}{encoding})"));
    }
    text
}

fn front(connection: &Connection, config: &Config, file: &FilePart) -> Result<Found> {
    let decoder = decoder::fresh(config, &file.path);
    let reader = files::open_entry(connection, &file.entry(), decoder.offset)?;
    Rows::decode(reader, decoder.format, &decoder.options)?.found()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_says_how_the_text_was_taken() {
        let mut found = Found {
            columns: vec!["no".to_owned(), "city".to_owned()],
            delimiter: Some(";".to_owned()),
            encoding: Some("windows-1252".to_owned()),
            transcoded: false,
        };
        assert_eq!(
            told("/a", &found),
            "/a: no, city (\";\" between columns, windows-1252)"
        );
        found.delimiter = Some("\t".to_owned());
        assert_eq!(
            told("/a", &found),
            "/a: no, city (tab between columns, windows-1252)"
        );
        let sheet = Found {
            columns: vec!["no".to_owned()],
            ..Found::default()
        };
        assert_eq!(told("/a", &sheet), "/a: no");
        assert_eq!(told("/a", &Found::default()), "/a can be opened");
    }

    #[test]
    fn a_failure_is_the_step_that_it_belongs_to() {
        let step = |kind, code: &str| refused(&Error::new(kind, "no").with_code(code));
        for (kind, code, name) in [
            (ErrorKind::Transient, "connection_unreachable", "connect"),
            (ErrorKind::Auth, "host_key_changed", "host_key"),
            (ErrorKind::Auth, "connection_auth_failed", "auth"),
            (ErrorKind::Auth, "source_permission_denied", "permission"),
            (ErrorKind::NotFound, "source_not_found", "list"),
        ] {
            let step = step(kind, code);
            assert!(step.name == name && !step.ok, "{code}: {}", step.name);
        }
    }
}
