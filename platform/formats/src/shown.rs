//! The rows of a page as JSON values, as a mapping would see them: for samples, previews and reports.
//! A run never makes these.

use serde_json::{Map, Value};
use tributary_model::rows::{CsvFormat, RowFormat};

use crate::csv::Fields;
use crate::page::Page;
use crate::rows::{RowItem, RowReader};

/// The readable rows of a page, at most `most`; rows with a fault are left out.
#[must_use]
pub fn values(page: &Page, most: usize) -> Vec<Value> {
    let mut reader = RowReader::new(&page.format, page.first, &page.bytes);
    let mut values = Vec::new();
    while values.len() < most
        && let Some(item) = reader.next()
    {
        values.extend(value(&item, &page.format).ok());
    }
    values
}

/// A row's value.
///
/// # Errors
/// Why it cannot be read, in words.
pub fn value(item: &RowItem<'_, '_>, format: &RowFormat) -> Result<Value, String> {
    match (&item.fault, format) {
        (Some(fault), _) => Err(fault.message.clone()),
        (None, RowFormat::Csv(format)) => Ok(named(&item.text, format)),
        (None, _) => serde_json::from_slice(&item.text).map_err(|error| error.to_string()),
    }
}

/// Fields by the names of their columns, all texts.
fn named(row: &[u8], format: &CsvFormat) -> Value {
    let ascii = |sign: char| u8::try_from(sign).unwrap_or(b',');
    let fields = Fields::new(row, ascii(format.delimiter), format.quote.map(ascii));
    let pair = |(name, field): (&String, std::borrow::Cow<'_, [u8]>)| {
        let text = String::from_utf8_lossy(&field).into_owned();
        (name.clone(), Value::String(text))
    };
    let members = format.columns.iter().zip(fields).map(pair);
    Value::Object(members.collect::<Map<_, _>>())
}
