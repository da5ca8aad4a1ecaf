//! The fields of one row.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

/// Iterates over the fields of one row (without line end); unquotes, borrows where it can.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    rest: Option<&'a [u8]>,
    delimiter: u8,
    quote: Option<u8>,
}

impl<'a> Fields<'a> {
    /// The fields of `row`. An empty row has one empty field.
    #[must_use]
    pub fn new(row: &'a [u8], delimiter: u8, quote: Option<u8>) -> Self {
        Self {
            rest: Some(row),
            delimiter,
            quote,
        }
    }

    /// Ends the field at the first delimiter of `text`, which is outside of quotes.
    fn plain(&mut self, text: &'a [u8]) -> &'a [u8] {
        match memchr(self.delimiter, text) {
            Some(end) => {
                self.rest = text.get(end + 1..);
                text.get(..end).unwrap_or_default()
            }
            None => {
                self.rest = None;
                text
            }
        }
    }

    fn quoted(&mut self, mut text: &'a [u8], quote: u8) -> Cow<'a, [u8]> {
        let mut value: Cow<'a, [u8]> = Cow::Borrowed(&[]);
        loop {
            let Some(end) = memchr(quote, text) else {
                // Not closed: the rest of the row is the field.
                self.rest = None;
                append(&mut value, text);
                return value;
            };
            append(&mut value, text.get(..end).unwrap_or_default());
            let after = text.get(end + 1..).unwrap_or_default();
            if after.first() == Some(&quote) {
                append(&mut value, text.get(end..=end).unwrap_or_default());
                text = after.get(1..).unwrap_or_default();
            } else {
                let tail = self.plain(after);
                append(&mut value, tail);
                return value;
            }
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Cow<'a, [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest?;
        match (rest.split_first(), self.quote) {
            (Some((first, text)), Some(quote)) if *first == quote => Some(self.quoted(text, quote)),
            _ => Some(Cow::Borrowed(self.plain(rest))),
        }
    }
}

fn append<'a>(value: &mut Cow<'a, [u8]>, part: &'a [u8]) {
    if value.is_empty() {
        *value = Cow::Borrowed(part);
    } else if !part.is_empty() {
        value.to_mut().extend_from_slice(part);
    }
}

/// How many fields `row` (without line end) has.
#[must_use]
pub fn field_count(row: &[u8], delimiter: u8, quote: Option<u8>) -> usize {
    match quote {
        Some(quote) if memchr(quote, row).is_some() => {
            Fields::new(row, delimiter, Some(quote)).count()
        }
        _ => memchr_iter(delimiter, row).count() + 1,
    }
}
