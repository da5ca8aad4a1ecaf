//! An analyst's mapping sheet as rows of texts: a CSV, or a sheet of a workbook. Nothing is known yet of
//! where its header stands: titles and empty rows may come before it.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::{Map, Value};
use tributary_model::rows::RowFormat;

use super::input::{InputOptions, Opened, fault_error, kept_stdin};
use super::look::sample;

/// Most rows that are read.
const MAX_ROWS: usize = 100_000;

/// All rows of a sheet, its header among them. `path` may name a sheet of a workbook: `FILE#SHEET`.
pub(super) fn rows(path: &Path) -> anyhow::Result<Vec<Vec<String>>> {
    if path == Path::new("-") {
        return piped_rows();
    }
    let text = path.to_string_lossy();
    let named = text.rsplit_once('#').filter(|_| !path.exists());
    let (path, worksheet) = match named {
        Some((file, worksheet)) => (Path::new(file), Some(worksheet)),
        None => (path, None),
    };
    let file =
        std::fs::File::open(path).with_context(|| format!("could not read {}", path.display()))?;
    if is_workbook(file).with_context(|| format!("could not read {}", path.display()))? {
        return workbook_rows(InputOptions::all_rows(worksheet).open(path)?);
    }
    table_rows(path, InputOptions::default().open(path)?)
}

/// The same of stdin.
fn piped_rows() -> anyhow::Result<Vec<Vec<String>>> {
    let kept = kept_stdin()?;
    let path = Path::new("-");
    // a clone reads where the other stands, so every reader begins at the start
    let mut head = kept.try_clone()?;
    head.seek(SeekFrom::Start(0))?;
    if is_workbook(head)? {
        return workbook_rows(InputOptions::all_rows(None).open_kept(&kept)?);
    }
    table_rows(path, InputOptions::default().open_kept(&kept)?)
}

fn table_rows(path: &Path, mut opened: Opened) -> anyhow::Result<Vec<Vec<String>>> {
    if !matches!(opened.reader.format(), RowFormat::Csv(_)) {
        bail!(
            "{} is neither a CSV nor a workbook\n  hint: save the mapping sheet as .xlsx or .csv",
            path.display()
        );
    }
    let header = opened.reader.columns().to_vec();
    let sample = sample(&mut opened, MAX_ROWS)?;
    Ok(std::iter::once(header).chain(sample.rows).collect())
}

/// Whether the file is a ZIP archive, as every workbook is.
fn is_workbook(file: std::fs::File) -> std::io::Result<bool> {
    let mut head = Vec::new();
    file.take(4).read_to_end(&mut head)?;
    Ok(head == b"PK\x03\x04")
}

/// Rows at their places, so that what is said of one names the number that the workbook shows.
fn workbook_rows(mut opened: Opened) -> anyhow::Result<Vec<Vec<String>>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    while rows.len() < MAX_ROWS {
        let record = match opened.reader.next_record() {
            Ok(Some(record)) => record,
            Ok(None) => break,
            Err(fault) => return Err(fault_error(&opened.name, &fault)),
        };
        let number = usize::try_from(record.position.line).unwrap_or(usize::MAX);
        let cells: Map<String, Value> = serde_json::from_slice(&record.bytes)
            .with_context(|| format!("{}, row {number}", opened.name))?;
        // a row far below the others is taken as the next one
        if number > rows.len() && number <= MAX_ROWS {
            rows.resize(number - 1, Vec::new());
        }
        rows.push(texts(&cells));
    }
    Ok(rows)
}

/// The texts of a row's cells, which are named by the letters of their columns.
fn texts(cells: &Map<String, Value>) -> Vec<String> {
    let mut row = Vec::new();
    for (letters, value) in cells {
        let place = letters.bytes().fold(0, |place, letter| {
            place * 26 + usize::from(letter - b'A') + 1
        });
        if row.len() < place {
            row.resize(place, String::new());
        }
        if let Some(cell) = row.get_mut(place - 1) {
            *cell = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
        }
    }
    row
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_stand_where_their_letters_say() {
        let cells = json!({"A": "target", "C": 5, "AA": true});
        let row = texts(cells.as_object().unwrap());
        assert_eq!(row.len(), 27);
        assert_eq!(
            [&row[0], &row[1], &row[2], &row[26]],
            ["target", "", "5", "true"]
        );
    }
}
