//! One CSV record (RFC 4180, free delimiter) into table 0.

use bumpalo::Bump;
use bumpalo::collections::String as ArenaString;
use tributary_model::error_code::ErrorCode;

use super::scan::{equal, marked};
use super::{ReadError, Slot, Table};

/// Bytes that are neither a delimiter nor a sign that JSON escapes.
const NOTHING: [u8; 8] = [0x80; 8];

/// Where the columns of a stream go.
#[derive(Debug, Clone)]
pub(crate) struct CsvBinding {
    pub(crate) delimiter: u8,
    pub(crate) quote: Option<u8>,
    /// for every column the slot it fills
    pub(crate) columns: Vec<Option<u16>>,
    /// nothing behind these columns is looked at: not how many there are, not whether they can be read
    pub(crate) open: bool,
}

impl CsvBinding {
    /// The same for the slots that `wanted` is true of, up to the last of their columns: what a line's
    /// key needs.
    pub(crate) fn only(&self, wanted: impl Fn(u16) -> bool) -> Self {
        let mut columns = self.columns.clone();
        for column in &mut columns {
            *column = column.filter(|slot| wanted(*slot));
        }
        let last = columns.iter().rposition(Option::is_some);
        columns.truncate(last.map_or(0, |last| last + 1));
        Self {
            columns,
            open: true,
            ..*self
        }
    }

    /// The number of fields behind which reading ends.
    fn most(&self) -> usize {
        if self.open {
            self.columns.len()
        } else {
            usize::MAX
        }
    }
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
    let fields = match split_plain(line, binding, table.row_mut(base)) {
        Some(fields) => fields,
        None => split_special(line, binding, table, base, arena)?,
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

/// The quick way: a line without quotes, and without signs that JSON escapes, so that its texts can be
/// written as they are. Eight bytes at a time. `None` for any other line.
fn split_plain<'a>(line: &'a str, binding: &CsvBinding, row: &mut [Slot<'a>]) -> Option<usize> {
    if binding.quote.is_some_and(|quote| quote != b'"') {
        return None;
    }
    let mut columns = binding.columns.iter();
    let mut put = |from: usize, to: usize| {
        if let Some(Some(slot)) = columns.next()
            && let Some(place) = row.get_mut(usize::from(*slot))
        {
            *place = Slot::Text(line.get(from..to).unwrap_or_default());
        }
    };
    let (words, rest) = line.as_bytes().as_chunks::<8>();
    let mut last = NOTHING;
    for (place, byte) in last.iter_mut().zip(rest) {
        *place = *byte;
    }
    let (mut at, mut start, mut field, mut others) = (0, 0, 0, 0);
    let most = binding.most();
    for word in words.iter().chain([&last]) {
        let word = u64::from_le_bytes(*word);
        let mut ends = equal(word, binding.delimiter);
        let marks = marked(word) & !ends;
        while ends != 0 {
            let end = at + ends.trailing_zeros() as usize / 8;
            put(start, end);
            start = end + 1;
            field += 1;
            if field == most {
                let before = marks & ((1 << (8 * (end - at))) - 1);
                return (others | before == 0).then_some(field);
            }
            ends &= ends - 1;
        }
        others |= marks;
        at += 8;
    }
    put(start, line.len());
    (others == 0).then_some(field + 1)
}

/// A line that needs a closer look.
fn split_special<'a>(
    line: &'a str,
    binding: &CsvBinding,
    table: &mut Table<'a>,
    base: usize,
    arena: &'a Bump,
) -> Result<usize, ReadError> {
    // what the quick way has found may be wrong
    table.row_mut(base).fill(Slot::Missing);
    let bytes = line.as_bytes();
    let quoted = binding
        .quote
        .filter(|quote| memchr::memchr(*quote, bytes).is_some());
    match quoted {
        None => Ok(split_unquoted(line, binding, table, base)),
        Some(quote) => split_quoted(line, quote, binding, table, base, arena),
    }
}

fn split_unquoted<'a>(
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
        if field == binding.most() {
            return field;
        }
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
        if end >= bytes.len() || field == binding.most() {
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

/// Where the text of a column (from 0) stands in a line that was read before, without the quotes around it.
pub(crate) fn column_range(
    line: &str,
    binding: &CsvBinding,
    column: usize,
) -> Option<(usize, usize)> {
    let bytes = line.as_bytes();
    let mut start = 0;
    for number in 0..=column {
        let quote = binding
            .quote
            .filter(|quote| bytes.get(start) == Some(quote));
        let after = match quote {
            Some(quote) => behind_quotes(bytes, start, quote)?,
            None => start,
        };
        let end = after + length_of_rest(bytes, after, binding.delimiter);
        if number == column {
            return Some(match quote {
                Some(_) if end == after => (start + 1, end - 1),
                Some(_) => (start + 1, end),
                None => (start, end),
            });
        }
        if end >= bytes.len() {
            return None;
        }
        start = end + 1;
    }
    None
}

/// The place behind the closing quote of the quoted field that starts at `start`.
fn behind_quotes(bytes: &[u8], start: usize, quote: u8) -> Option<usize> {
    let mut from = start + 1;
    loop {
        let close = from + memchr::memchr(quote, bytes.get(from..)?)?;
        if bytes.get(close + 1) != Some(&quote) {
            return Some(close + 1);
        }
        from = close + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_where_they_stand() {
        let binding = CsvBinding {
            delimiter: b';',
            quote: Some(b'"'),
            columns: Vec::new(),
            open: false,
        };
        let line = r#"1;"a;b";"x""y";größer;"q"r;;"""#;
        let at = |column| {
            let (from, to) = column_range(line, &binding, column)?;
            line.get(from..to)
        };
        let expected = ["1", "a;b", r#"x""y"#, "größer", r#"q"r"#, "", ""];
        for (column, text) in expected.into_iter().enumerate() {
            assert_eq!(at(column), Some(text), "{column}");
        }
        assert_eq!(at(expected.len()), None);
        let open = column_range("1;\"a", &binding, 1);
        assert_eq!(open, None, "a quoted field that is not closed");
    }

    fn text(slot: &Slot<'_>) -> Option<String> {
        match slot {
            Slot::Text(text) | Slot::Decoded(text) => Some((*text).to_owned()),
            _ => None,
        }
    }

    /// Every line of up to six of these pieces is read the same way, quickly or with a closer look.
    #[test]
    fn the_quick_way_reads_what_the_closer_look_reads() {
        let pieces = ["", ";", "a", "größer 12,5", "0123456789abcdef", "\\", "\t"];
        let binding = CsvBinding {
            delimiter: b';',
            quote: Some(b'"'),
            columns: vec![Some(0), None, Some(2), Some(1)],
            open: false,
        };
        let only = binding.only(|slot| slot != 1);
        assert_eq!(only.columns, [Some(0), None, Some(2)]);
        let mut quick_lines = 0;
        for number in 0..7_usize.pow(6) {
            let mut rest = number;
            let mut line = String::new();
            for _ in 0..6 {
                line.push_str(pieces[rest % 7]);
                rest /= 7;
            }
            let arena = Bump::new();
            let (mut quick, mut slow) = (Table::new_in(3, &arena), Table::new_in(3, &arena));
            let base = quick.push_row();
            slow.push_row();
            let found = split_plain(&line, &binding, quick.row_mut(base));
            let fields = split_special(&line, &binding, &mut slow, base, &arena).unwrap();
            let (mut front, mut slow_front) = (Table::new_in(3, &arena), Table::new_in(3, &arena));
            let of_front = read_csv(&line, &only, &mut front, &arena).is_ok();
            slow_front.push_row();
            let seen = split_special(&line, &only, &mut slow_front, base, &arena).unwrap();
            assert_eq!(of_front, fields >= 3, "{line:?}");
            assert_eq!(seen, fields.min(3), "{line:?}");
            for slot in [0, 2] {
                let whole = text(&slow.slots[slot]);
                assert_eq!(text(&front.slots[slot]), whole, "{line:?}");
                assert_eq!(text(&slow_front.slots[slot]), whole, "{line:?}");
            }
            let Some(found) = found else {
                assert!(line.contains(['\\', '\t']), "{line:?}");
                continue;
            };
            quick_lines += 1;
            assert_eq!(found, fields, "{line:?}");
            for (left, right) in quick.slots.iter().zip(&slow.slots) {
                assert_eq!(text(left), text(right), "{line:?}");
            }
        }
        assert!(quick_lines > 10_000);
    }

    #[test]
    fn quotes_and_other_quote_signs_take_the_closer_look() {
        let arena = Bump::new();
        let mut binding = CsvBinding {
            delimiter: b'\t',
            quote: Some(b'"'),
            columns: vec![Some(0), Some(1)],
            open: false,
        };
        for (line, quote, expected) in [
            ("a\tb", Some(b'"'), ["a", "b"]),
            ("\"a\tx\"\tb\"", Some(b'"'), ["a\tx", "b\""]),
            ("'a\tx'\tb", Some(b'\''), ["a\tx", "b"]),
            ("\"a\tb", None, ["\"a", "b"]),
        ] {
            binding.quote = quote;
            let mut table = Table::new_in(2, &arena);
            read_csv(line, &binding, &mut table, &arena).unwrap();
            let read: Vec<_> = table.slots.iter().filter_map(text).collect();
            assert_eq!(read, expected, "{line:?}");
        }
    }
}
