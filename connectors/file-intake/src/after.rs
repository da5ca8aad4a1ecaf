//! What becomes of a file that was read. The rows are safe by now, so a failure here is told in
//! the run's log and tried again by the next run; it does not spoil the run.

use tributary_sdk::{Connection, Error, Result, control, file_changes, log};

use crate::config::{After, Config};
use crate::{FilePart, read};

/// As [`apply`], for a file that was read just now: one that has come in its place meanwhile stays.
pub fn apply_read(connection: &Connection, config: &Config, file: &FilePart) {
    // Where there are versions the server compares.
    if file.version.is_none()
        && let Err(error) = read::unchanged(connection, file)
    {
        let fields = [
            ("file", file.path.as_str()),
            ("reason", error.message.as_str()),
        ];
        log::warn(
            "the file was read and is another one by now, which stays",
            &fields,
        );
        return;
    }
    apply(connection, config, file);
}

/// Moves or removes the file as configured, and its marker with it.
pub fn apply(connection: &Connection, config: &Config, file: &FilePart) {
    let done = match config.after {
        After::Keep => return,
        After::Delete => file_changes::remove(connection, &file.path, file.version.as_deref()),
        After::Archive => archive(connection, config, file),
    };
    if let Err(error) = done {
        let fields = [
            ("file", file.path.as_str()),
            ("reason", error.message.as_str()),
        ];
        log::warn("the file was read but stays where it is", &fields);
        return;
    }
    let Some(marker) = config.own_marker_of(&file.path) else {
        return;
    };
    if let Err(error) = file_changes::remove(connection, &marker, None) {
        let fields = [
            ("file", marker.as_str()),
            ("reason", error.message.as_str()),
        ];
        log::warn("the marker of a file that was read stays", &fields);
    }
}

/// A file of that name that is there already keeps its place.
fn archive(connection: &Connection, config: &Config, file: &FilePart) -> Result<()> {
    let to = config.archive_place(&file.path);
    let version = file.version.as_deref();
    match file_changes::move_(connection, &file.path, &to, version) {
        Err(error) if is_taken(&error) => {
            let other = format!("{to}.{}", control::now_ms());
            file_changes::move_(connection, &file.path, &other, version)
        }
        moved => moved,
    }
}

fn is_taken(error: &Error) -> bool {
    error.code.as_deref() == Some("conflict")
}
