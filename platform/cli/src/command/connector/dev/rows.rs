//! Rows that a target is tried with: out of a file or standard input, NDJSON or one JSON array.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, anyhow, ensure};
use serde_json::value::RawValue;

/// A try is no run: each call is shown, and sent by itself.
const MOST_ROWS: usize = 2_000;
const MOST_BYTES: u64 = 16 << 20;

/// Reads them; `-` is standard input.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<Box<RawValue>>> {
    let (name, bytes) = if path == Path::new("-") {
        let bytes = bounded(std::io::stdin().lock());
        ("standard input".to_owned(), bytes)
    } else {
        let bytes = std::fs::File::open(path).and_then(bounded);
        (path.display().to_string(), bytes)
    };
    let bytes = bytes.with_context(|| unread(&name))?;
    ensure!(
        bytes.len() as u64 <= MOST_BYTES,
        "{name} has more than {MOST_BYTES} bytes; try with fewer rows"
    );
    let rows = parsed(&bytes).map_err(|why| anyhow!("{name}: {why}"))?;
    ensure!(
        !rows.is_empty(),
        "{name} has no rows: NDJSON has one JSON object a line, otherwise there is one JSON array of objects"
    );
    ensure!(
        rows.len() <= MOST_ROWS,
        "{name} has {} rows; a try takes {MOST_ROWS} at most",
        rows.len()
    );
    Ok(rows)
}

fn bounded(from: impl std::io::Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// `--rows 20` once meant how many are shown.
fn unread(name: &str) -> String {
    let hint = match name.parse::<u32>() {
        Ok(_) => " (how many rows are shown is said by --show)",
        Err(_) => "",
    };
    format!("could not read the rows in {name}{hint}")
}

/// The rows as they are written, so that no digit changes; or which line is wrong.
fn parsed(bytes: &[u8]) -> Result<Vec<Box<RawValue>>, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
        format!("line {line} is no UTF-8 text")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with('[') {
        return array(text);
    }
    match lines(text) {
        // One object over several lines, as an editor writes it.
        Err(why) => match serde_json::from_str(text) {
            Ok(row) => Ok(vec![object(row, "the document")?]),
            Err(_) => Err(why),
        },
        rows => rows,
    }
}

fn array(text: &str) -> Result<Vec<Box<RawValue>>, String> {
    let rows: Vec<Box<RawValue>> = serde_json::from_str(text).map_err(|error| {
        let line = error.line();
        format!("line {line} is where the JSON array goes wrong: {error}")
    })?;
    let numbered = rows.into_iter().enumerate();
    numbered
        .map(|(number, row)| object(row, &format!("row {number} of the array (from 0)")))
        .collect()
}

fn lines(text: &str) -> Result<Vec<Box<RawValue>>, String> {
    let lines = (1..).zip(text.lines());
    lines
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| {
            let row = serde_json::from_str(line).map_err(|error| {
                let column = error.column();
                format!("line {number} is no JSON, from column {column} on: {line:.80}")
            })?;
            object(row, &format!("line {number}"))
        })
        .collect()
}

fn object(row: Box<RawValue>, place: &str) -> Result<Box<RawValue>, String> {
    match row.get().starts_with('{') {
        true => Ok(row),
        false => Err(format!("{place} is no JSON object but {:.80}", row.get())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(bytes: &[u8]) -> Vec<String> {
        let rows = parsed(bytes).unwrap();
        rows.iter().map(|row| row.get().to_owned()).collect()
    }

    #[test]
    fn lines_an_array_and_one_object_are_rows_with_their_digits() {
        let two = ["{\"a\": 1.10}", "{\"a\":2}"];
        assert_eq!(texts(b"{\"a\": 1.10}\r\n\n  {\"a\":2}\n"), two);
        assert_eq!(texts(b"\xef\xbb\xbf{\"a\": 1.10}\n{\"a\":2}"), two);
        assert_eq!(texts(b" [\n{\"a\": 1.10},\n{\"a\":2}\n]\n"), two);
        assert_eq!(texts(b"{\n \"a\": 2\n}\n"), ["{\n \"a\": 2\n}"]);
        assert!(texts(b"\n").is_empty() && texts(b"[]").is_empty());
    }

    #[test]
    fn what_is_no_row_is_named_with_its_line() {
        for (bytes, words) in [
            (
                b"{\"a\":1}\n{\"a\":\n{}\n".as_slice(),
                "line 2 is no JSON, from column 5 on: {\"a\":",
            ),
            (b"{}\n\n7\n", "line 3 is no JSON object but 7"),
            (b"[\n{},\n{\"a\"}\n]", "line 3 is where the JSON array"),
            (b"[{}, \"x\"]", "row 1 of the array (from 0) is no JSON"),
            (b"{}\n\xff\n", "line 2 is no UTF-8 text"),
        ] {
            let why = parsed(bytes).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
    }
}
