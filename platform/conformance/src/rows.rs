//! The rows of a page, as bytes to compare and as JSON to hold against a schema.

use serde_json::Value;
use tributary_formats::page::Page;
use tributary_formats::rows::RowReader;
use tributary_formats::shown;

/// One row.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// as received
    pub(crate) raw: Vec<u8>,
    /// what a mapping would see, or why it can't be read
    pub(crate) value: Result<Value, String>,
}

/// All rows of a page, faulty ones included.
pub(crate) fn rows(page: &Page) -> Vec<Row> {
    let mut reader = RowReader::new(&page.format, page.first, &page.bytes);
    let mut rows = Vec::new();
    while let Some(item) = reader.next() {
        rows.push(Row {
            value: shown::value(&item, &page.format),
            raw: item.raw.to_vec(),
        });
    }
    rows
}
