//! One file to pages. The host gives the file that was planned or an error. A file that is shorter than
//! announced or changed meanwhile is an error of the file; what was read before stays, with its
//! checkpoint. A read that is told that its time is nearly over ends at a checkpoint inside the file.

use tributary_sdk::{
    Connection, Error, Found, Piped, Position, Result, Rows, checkpoint, control, files, log,
};

use crate::config::Config;
use crate::decoder;
use crate::{Checkpoint, FilePart};

/// Reads `file` from the checkpoint on, if that is of this very file. Answers whether it was read to its end.
pub fn file(
    connection: &Connection,
    config: &Config,
    file: &FilePart,
    last: Option<Checkpoint>,
) -> Result<bool> {
    if let Some(last) = &last
        && last.done
    {
        if last.file.is(file) {
            return Ok(true);
        }
        if same_content(connection, file, last)? {
            checkpoint(&Checkpoint {
                file: file.clone(),
                ..last.clone()
            })?;
            return Ok(true);
        }
    }
    let last = last.filter(|last| !last.done && last.file.is(file));
    let (rows, found) = open(connection, config, file, last)?;
    loop {
        let piped = rows.pipe(&config.stream, 1)?;
        if piped.ended {
            // of a packed file the decoder knows whether it is complete
            if decoder::packed(config, &file.path).is_none() {
                complete(file, &piped)?;
            }
            let mut state = state(file, piped.next, &found);
            state.done = true;
            state.sha256 = piped.digest;
            state.done_ms = Some(control::now_ms());
            checkpoint(&state)?;
            return Ok(true);
        }
        checkpoint(&state(file, piped.next, &found))?;
        if control::stopping() {
            return Ok(false);
        }
    }
}

/// Whether a file that was read has only been touched or sent again: then its rows are known.
fn same_content(connection: &Connection, file: &FilePart, last: &Checkpoint) -> Result<bool> {
    let Some(known) = last
        .sha256
        .as_deref()
        .filter(|_| last.file.size == file.size)
    else {
        return Ok(false);
    };
    unchanged(connection, file)?;
    let same = files::digest(connection, &file.path)? == known;
    if same {
        log::info(
            "the file has the content that was read before",
            &[("file", &file.path)],
        );
    }
    Ok(same)
}

fn open(
    connection: &Connection,
    config: &Config,
    file: &FilePart,
    last: Option<Checkpoint>,
) -> Result<(Rows, Found)> {
    let entry = file.entry();
    if let Some(last) = last {
        let at = Position {
            line: last.line,
            offset: last.offset,
        };
        let (line, offset) = (last.line.to_string(), last.offset.to_string());
        log::info(
            "going on inside the file",
            &[("file", &file.path), ("line", &line), ("offset", &offset)],
        );
        let known = Found {
            columns: last.columns,
            delimiter: last.delimiter,
            encoding: last.encoding,
            transcoded: last.transcoded,
        };
        let decoder = decoder::from(config, &file.path, &known, at);
        let reader = files::open_entry(connection, &entry, decoder.offset)?;
        let rows = Rows::decode(reader, decoder.format, &decoder.options)?;
        return Ok((rows, known));
    }
    let decoder = decoder::fresh(config, &file.path);
    let reader = files::open_entry(connection, &entry, decoder.offset)?;
    let rows = Rows::decode(reader, decoder.format, &decoder.options)?;
    let found = rows.found()?;
    Ok((rows, found))
}

/// The bytes that came must be the file that was announced; that it did not change is the host's to see.
fn complete(file: &FilePart, piped: &Piped) -> Result<()> {
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

/// An error if the path leads to another file than the planned one.
pub fn unchanged(connection: &Connection, file: &FilePart) -> Result<()> {
    let now = files::stat(connection, &file.path)?;
    if now.size != file.size {
        let what = format!(
            "it had {} bytes when the run was planned and has {} now",
            file.size, now.size
        );
        return Err(changed(file, &what));
    }
    if now.modified_ms != file.modified_ms || now.version != file.version {
        return Err(changed(file, "it was written to after the run was planned"));
    }
    Ok(())
}

fn changed(file: &FilePart, what: &str) -> Error {
    Error::transient(format!("{}: {what}", file.path)).with_code("file_changed")
}

fn state(file: &FilePart, next: Position, found: &Found) -> Checkpoint {
    Checkpoint {
        file: file.clone(),
        offset: next.offset,
        line: next.line,
        columns: found.columns.clone(),
        delimiter: found.delimiter.clone(),
        encoding: found.encoding.clone(),
        transcoded: found.transcoded,
        done: false,
        sha256: None,
        done_ms: None,
    }
}
