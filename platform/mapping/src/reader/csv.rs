//! One CSV record (RFC 4180, free delimiter) into table 0.

use bumpalo::Bump;
use bumpalo::collections::String as ArenaString;
use tributary_model::error_code::ErrorCode;

use super::{ReadError, Slot, Table};

/// Where the columns of a stream go.
#[derive(Debug, Clone)]
pub(crate) struct CsvBinding {
    pub(crate) delimiter: u8,
    pub(crate) quote: Option<u8>,
    /// for every column the slot it fills
    pub(crate) columns: Vec<Option<u16>>,
}

/// Reads `line` as a new row of `table`.
///
/// # Errors
/// `csv_columns` another number of fields than columns, `csv_quote` a quoted field that is not closed
/// or goes on after its quote.
pub(crate) fn read_csv<'a>(
    line: &'a str,
    binding: &CsvBinding,
    table: &mut Table<'a>,
    arena: &'a Bump,
) -> Result<(), ReadError> {
    let base = table.push_row();
    let bytes = line.as_bytes();
    let quoted = binding
        .quote
        .filter(|quote| memchr::memchr(*quote, bytes).is_some());
    let fields = match quoted {
        None => split_plain(line, binding, table, base),
        Some(quote) => split_quoted(line, quote, binding, table, base, arena)?,
    };
    if fields == binding.columns.len() {
        return Ok(());
    }
    Err(ReadError::new(
        ErrorCode::CsvColumns,
        0,
        format!(
            "the line has {fields} fields, the header {}",
            binding.columns.len()
        ),
    ))
}

fn split_plain<'a>(
    line: &'a str,
    binding: &CsvBinding,
    table: &mut Table<'a>,
    base: usize,
) -> usize {
    let mut start = 0;
    let mut field = 0;
    for end in memchr::memchr_iter(binding.delimiter, line.as_bytes()) {
        store(
            binding,
            table,
            base,
            field,
            line.get(start..end).unwrap_or_default(),
        );
        start = end + 1;
        field += 1;
    }
    store(
        binding,
        table,
        base,
        field,
        line.get(start..).unwrap_or_default(),
    );
    field + 1
}

fn store<'a>(
    binding: &CsvBinding,
    table: &mut Table<'a>,
    base: usize,
    field: usize,
    text: &'a str,
) {
    if let Some(Some(slot)) = binding.columns.get(field) {
        table.set(base, *slot, Slot::Decoded(text));
    }
}

fn split_quoted<'a>(
    line: &'a str,
    quote: u8,
    binding: &CsvBinding,
    table: &mut Table<'a>,
    base: usize,
    arena: &'a Bump,
) -> Result<usize, ReadError> {
    let bytes = line.as_bytes();
    let mut at = 0;
    let mut field = 0;
    loop {
        let end;
        if bytes.get(at) == Some(&quote) {
            let (text, after) = quoted_field(line, at, quote, arena)?;
            end = after + length_of_rest(bytes, after, binding.delimiter);
            let rest = line.get(after..end).unwrap_or_default();
            store(binding, table, base, field, joined(text, rest, arena));
        } else {
            let rest = bytes.get(at..).unwrap_or_default();
            end = memchr::memchr(binding.delimiter, rest).map_or(bytes.len(), |length| at + length);
            store(
                binding,
                table,
                base,
                field,
                line.get(at..end).unwrap_or_default(),
            );
        }
        field += 1;
        if end >= bytes.len() {
            return Ok(field);
        }
        at = end + 1;
    }
}

/// Bytes up to the next delimiter or the end of the line.
fn length_of_rest(bytes: &[u8], from: usize, delimiter: u8) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    memchr::memchr(delimiter, rest).unwrap_or(rest.len())
}

/// A quoted field may go on after its closing quote (`"a"b` is `ab`), as the row splitter of
/// `formats` reads it too: both must see the same fields.
fn joined<'a>(text: &'a str, rest: &str, arena: &'a Bump) -> &'a str {
    if rest.is_empty() {
        return text;
    }
    let mut whole = ArenaString::with_capacity_in(text.len() + rest.len(), arena);
    whole.push_str(text);
    whole.push_str(rest);
    whole.into_bump_str()
}

/// The text of the quoted field that starts at `start`, and the place after its closing quote.
fn quoted_field<'a>(
    line: &'a str,
    start: usize,
    quote: u8,
    arena: &'a Bump,
) -> Result<(&'a str, usize), ReadError> {
    let bytes = line.as_bytes();
    let mut joined: Option<ArenaString<'a>> = None;
    let mut from = start + 1;
    loop {
        let rest = bytes.get(from..).unwrap_or_default();
        let Some(length) = memchr::memchr(quote, rest) else {
            return Err(ReadError::new(
                ErrorCode::CsvQuote,
                start,
                "a quoted field is not closed",
            ));
        };
        let close = from + length;
        let piece = line.get(from..close).unwrap_or_default();
        if bytes.get(close + 1) == Some(&quote) {
            let text = joined.get_or_insert_with(|| ArenaString::new_in(arena));
            text.push_str(piece);
            text.push(char::from(quote));
            from = close + 2;
            continue;
        }
        return Ok(match joined {
            None => (piece, close + 1),
            Some(mut text) => {
                text.push_str(piece);
                (text.into_bump_str(), close + 1)
            }
        });
    }
}
