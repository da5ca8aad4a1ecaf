//! The rows of a page, as bytes to compare and as JSON to hold against a schema.

use serde_json::{Map, Value};
use tributary_formats::csv::Fields;
use tributary_formats::page::Page;
use tributary_formats::rows::RowReader;
use tributary_model::rows::{CsvFormat, RowFormat};

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
        let value = match (&item.fault, &page.format) {
            (Some(fault), _) => Err(fault.message.clone()),
            (None, RowFormat::Csv(format)) => Ok(named(&item.text, format)),
            (None, _) => serde_json::from_slice(&item.text).map_err(|error| error.to_string()),
        };
        rows.push(Row {
            raw: item.raw.to_vec(),
            value,
        });
    }
    rows
}

/// Fields by the names of their columns, all texts.
fn named(row: &[u8], format: &CsvFormat) -> Value {
    let ascii = |sign: char| u8::try_from(sign).unwrap_or(b',');
    let fields = Fields::new(row, ascii(format.delimiter), format.quote.map(ascii));
    let pair = |(name, field): (&String, std::borrow::Cow<'_, [u8]>)| {
        let text = String::from_utf8_lossy(&field).into_owned();
        (name.clone(), Value::String(text))
    };
    Value::Object(
        format
            .columns
            .iter()
            .zip(fields)
            .map(pair)
            .collect::<Map<_, _>>(),
    )
}
