//! Target documents as rows of a table, for targets without lists.
//!
//! The columns are the fields of the document in its order, those inside of objects with the names
//! around them: `address.city`. Invariants: every row has every column, also those whose field was left
//! out; texts are what the mapping made, with nothing in front of them, since a program reads the file. Null
//! is an empty cell, and so is the empty text. Deliberately absent: lists; a mapping that makes one has no table.

use std::collections::BTreeMap;

use tributary_formats::export::{Cell, CsvWriter, ExportOptions, Purpose};
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
            purpose: Purpose::Exchange,
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
            .map(|pointer| found.get(pointer).and_then(|json| text_of(json)))
            .collect();
        let cells = self.columns.iter().zip(&texts).map(|(pointer, text)| {
            match (found.get(pointer), text) {
                (Some(json), None) if json != "null" => Cell::Number(json),
                (_, Some(text)) => Cell::Text(text),
                (_, None) => Cell::Empty,
            }
        });
        self.writer.row(cells);
    }

    /// What was written since the last call.
    #[must_use]
    pub fn take(&mut self) -> Vec<u8> {
        self.writer.take()
    }
}

/// A text without its quotes and escapes; none for any other value.
fn text_of(json: &str) -> Option<String> {
    serde_json::from_str(json).ok()
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn with_fields(fields: &Value) -> Document {
        let document = json!({
            "version": 1, "name": "flat", "source": { "format": "json", "key": ["$.id"] }, "fields": fields
        });
        serde_json::from_value(document).unwrap()
    }

    fn flat() -> Document {
        with_fields(&json!([
            { "id": "a", "to": "a", "type": "string", "from": "$.a" },
            { "id": "o", "to": "o", "object": [{ "id": "b", "to": "b/c", "type": "decimal", "from": "$.b" }] },
            { "id": "h", "to": null, "as": "h", "type": "string", "const": "x" }
        ]))
    }

    #[test]
    fn flat_targets_are_tables_and_others_are_refused() {
        let lines = with_fields(
            &json!([{ "id": "lines", "to": "lines", "each": "$.lines", "fields": [
            { "id": "a", "to": "a", "type": "string", "from": "$.a" }] }]),
        );
        assert_eq!(
            FlatWriter::new(&lines, b',').err().as_deref(),
            Some("lines")
        );
        let mut writer = FlatWriter::new(&flat(), b';').unwrap();
        writer.row(r#"{"a":"x;\"y\"","o":{"b/c":-1.50}}"#);
        let text = String::from_utf8(writer.take()).unwrap();
        assert_eq!(text, "a;o.b/c\r\n\"x;\"\"y\"\"\";-1.50\r\n");
    }

    #[test]
    fn data_come_out_as_they_are() {
        let mut writer = FlatWriter::new(&flat(), b';').unwrap();
        let _header = writer.take();
        for text in ["=1+1", "+49 30", "-x", "@a", "null", "true"] {
            writer.row(&json!({ "a": text, "o": {} }).to_string());
            let row = String::from_utf8(writer.take()).unwrap();
            assert_eq!(row, format!("{text};\r\n"));
        }
        writer.row(r#"{"a":null,"o":{"b/c":null}}"#);
        assert_eq!(writer.take(), b";\r\n");
    }
}
