//! One file to pages. A file that is shorter than announced or changed meanwhile is an error of
//! the file; what was read before stays, with its checkpoint.

use tributary_sdk::{Connection, Error, Piped, Position, Result, Rows, checkpoint, files, log};

use crate::config::Config;
use crate::{Checkpoint, FilePart};

/// Reads `file` from the checkpoint on, if that is of this very file.
pub fn file(
    connection: &Connection,
    config: &Config,
    file: &FilePart,
    last: Option<Checkpoint>,
) -> Result<()> {
    let last = last.filter(|last| last.file == *file);
    if last.as_ref().is_some_and(|last| last.done) {
        return Ok(());
    }
    unchanged(connection, file)?;
    let (rows, columns) = open(connection, config, file, last)?;
    loop {
        let piped = rows.pipe(&config.stream, 1)?;
        if piped.ended {
            complete(connection, file, piped)?;
            return checkpoint(&state(file, piped.next, &columns, true));
        }
        checkpoint(&state(file, piped.next, &columns, false))?;
    }
}

fn open(
    connection: &Connection,
    config: &Config,
    file: &FilePart,
    last: Option<Checkpoint>,
) -> Result<(Rows, Vec<String>)> {
    if let Some(last) = last {
        let at = Position {
            line: last.line,
            offset: last.offset,
        };
        let offset = last.offset.to_string();
        log::info(
            "going on inside the file",
            &[("file", &file.path), ("offset", &offset)],
        );
        let reader = files::open(connection, &file.path, at.offset)?;
        let options = config.csv.options_from(&file.path, &last.columns, at);
        return Ok((Rows::decode(reader, "csv", &options)?, last.columns));
    }
    let reader = files::open(connection, &file.path, 0)?;
    let options = config.csv.options(&file.path, &config.expected_columns);
    let rows = Rows::decode(reader, "csv", &options)?;
    let columns = rows.columns()?;
    Ok((rows, columns))
}

/// The bytes that came must be the file that was announced.
fn complete(connection: &Connection, file: &FilePart, piped: Piped) -> Result<()> {
    unchanged(connection, file)?;
    if piped.next.offset < file.size {
        let message = format!(
            "{}: {} bytes were announced, {} came",
            file.path, file.size, piped.next.offset
        );
        return Err(Error::data(message).with_code("file_truncated"));
    }
    if piped.next.offset > file.size {
        return Err(changed(file, "it grew while it was read"));
    }
    Ok(())
}

fn unchanged(connection: &Connection, file: &FilePart) -> Result<()> {
    let now = files::stat(connection, &file.path)?;
    if now.size != file.size {
        let what = format!(
            "it had {} bytes when the run was planned and has {} now",
            file.size, now.size
        );
        return Err(changed(file, &what));
    }
    if now.modified_ms != file.modified_ms {
        return Err(changed(file, "it was written to after the run was planned"));
    }
    Ok(())
}

fn changed(file: &FilePart, what: &str) -> Error {
    Error::transient(format!("{}: {what}", file.path)).with_code("file_changed")
}

fn state(file: &FilePart, next: Position, columns: &[String], done: bool) -> Checkpoint {
    Checkpoint {
        file: file.clone(),
        offset: next.offset,
        line: next.line,
        columns: columns.to_vec(),
        done,
    }
}
