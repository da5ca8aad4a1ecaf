//! Target documents as rows of a table, for targets without lists.
//!
//! The columns are the fields of the document in its order, those inside of objects with the names
//! around them: `address.city`. Invariant: every row has every column, also those whose field was left
//! out. Deliberately absent: lists; a mapping that makes one has no table.

use std::collections::BTreeMap;

use tributary_formats::export::{Cell, CsvWriter, ExportOptions};
use tributary_mapping::Document;
use tributary_mapping::document::Field;

use crate::leaves::{leaves, segment};

/// Writes documents as CSV.
pub struct FlatWriter {
    writer: CsvWriter,
    /// pointers of the columns
    columns: Vec<String>,
}

impl FlatWriter {
    /// Starts with the header.
    ///
    /// # Errors
    /// The name of the first field that makes a list or an object of any form.
    pub fn new(document: &Document, delimiter: u8) -> Result<Self, String> {
        let mut columns = Vec::new();
        collect(&document.fields, ("", ""), &mut columns)?;
        let mut writer = CsvWriter::new(ExportOptions {
            delimiter,
            byte_order_mark: false,
        });
        writer.row(columns.iter().map(|(name, _)| Cell::Text(name)));
        Ok(Self {
            writer,
            columns: columns.into_iter().map(|(_, pointer)| pointer).collect(),
        })
    }

    /// Adds a document.
    pub fn row(&mut self, document: &str) {
        let found: BTreeMap<String, String> = leaves(document).into_iter().collect();
        let texts: Vec<Option<String>> = self
            .columns
            .iter()
            .map(|pointer| found.get(pointer).map(|text| plain(text)))
            .collect();
        let quoted =
            |pointer: &String| found.get(pointer).is_some_and(|text| text.starts_with('"'));
        let cells = self
            .columns
            .iter()
            .zip(&texts)
            .map(|(pointer, text)| match text.as_deref() {
                None | Some("null") => Cell::Empty,
                Some(text) if quoted(pointer) => Cell::Text(text),
                Some(text) => Cell::Number(text),
            });
        self.writer.row(cells);
    }

    /// What was written since the last call.
    #[must_use]
    pub fn take(&mut self) -> Vec<u8> {
        self.writer.take()
    }
}

/// A text without its quotes and escapes, anything else as it is.
fn plain(json: &str) -> String {
    serde_json::from_str::<String>(json).unwrap_or_else(|_| json.to_owned())
}

fn collect(
    fields: &[Field],
    around: (&str, &str),
    columns: &mut Vec<(String, String)>,
) -> Result<(), String> {
    for field in fields {
        let Some(to) = &field.to else { continue };
        let name = match around.0 {
            "" => to.clone(),
            names => format!("{names}.{to}"),
        };
        let pointer = format!("{}/{}", around.1, segment(to));
        let kind = field.kind.as_deref().unwrap_or_default();
        if field.each.is_some() || kind == "json" || kind.starts_with("array(") {
            return Err(name);
        }
        match &field.object {
            Some(inner) => collect(inner, (&name, &pointer), columns)?,
            None => columns.push((name, pointer)),
        }
    }
    Ok(())
}
