//! Telephone numbers to E.164 by the calling codes and prefixes of the countries.
//!
//! Deliberately absent: which numbers of a country are given out, carriers, and extensions.

use std::sync::LazyLock;

use super::code_table::{CodeTable, Row};
use crate::worker::run::Run;

/// Columns of the table.
const COUNTRY: usize = 0;
const CALLING_CODE: usize = 1;
const NATIONAL_PREFIX: usize = 2;
const INTERNATIONAL_PREFIX: usize = 3;
const FEWEST: usize = 4;
const MOST: usize = 5;

/// Most digits of a number (ITU-T E.164).
const MOST_DIGITS: usize = 15;

static PHONES: LazyLock<CodeTable> = LazyLock::new(|| CodeTable::read(TEXT, &[COUNTRY], &[]));

const TEXT: &str = include_str!("data/phones.csv");

/// Why a number cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Signs,
    /// without calling code, and the country is not known
    National,
    CallingCode,
    Length,
}

/// The number with + and its calling code.
pub(super) fn international<'a>(
    text: &str,
    country: Option<&str>,
    run: &Run<'a>,
) -> Result<&'a str, Fault> {
    let (plus, digits) = digits(text, run)?;
    let home = country.and_then(|country| PHONES.by_code(run.arena.alloc_str(country), run.arena));
    let abroad = match home {
        Some(row) => row.cell(INTERNATIONAL_PREFIX).unwrap_or("00"),
        None => "00",
    };
    let called = if plus {
        Some(digits)
    } else {
        digits.strip_prefix(abroad)
    };
    let (code, national) = match (called, home) {
        (Some(called), _) => split(called).ok_or(Fault::CallingCode)?,
        (None, Some(row)) => (
            row.cell(CALLING_CODE).unwrap_or_default(),
            without_prefix(digits, row)?,
        ),
        (None, None) => return Err(Fault::National),
    };
    let mut possible = PHONES
        .rows()
        .filter(|row| row.cell(CALLING_CODE) == Some(code));
    if !possible.any(|row| fits(national, row)) || code.len() + national.len() > MOST_DIGITS {
        return Err(Fault::Length);
    }
    Ok(run.display(format_args!("+{code}{national}")))
}

/// Whether the text begins with +, and its digits; a (0) after a calling code is left out.
fn digits<'a>(text: &str, run: &Run<'a>) -> Result<(bool, &'a str), Fault> {
    let text = text.trim();
    let (plus, rest) = match text.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let called = plus || rest.starts_with("00");
    let mut digits = run.text_buffer(MOST_DIGITS + 5);
    for (part, text) in rest.split("(0)").enumerate() {
        if part > 0 && (!called || part > 1) {
            digits.push('0');
        }
        for sign in text.chars() {
            match sign {
                '0'..='9' if digits.len() < 2 * MOST_DIGITS => digits.push(sign),
                '0'..='9' => return Err(Fault::Length),
                '(' | ')' | '.' | '-' | '/' | '\u{2010}'..='\u{2013}' => {}
                space if space.is_whitespace() => {}
                _ => return Err(Fault::Signs),
            }
        }
    }
    Ok((plus, digits.into_bump_str()))
}

/// The calling code at the start, and what follows; no calling code begins another one.
fn split(called: &str) -> Option<(&str, &str)> {
    (1..=3).find_map(|length| {
        let (code, national) = called.split_at_checked(length)?;
        PHONES
            .rows()
            .any(|row| row.cell(CALLING_CODE) == Some(code))
            .then_some((code, national))
    })
}

/// A national number without the prefix that it has inside its country only.
fn without_prefix<'t>(digits: &'t str, row: Row<'_>) -> Result<&'t str, Fault> {
    let Some(prefix) = row.cell(NATIONAL_PREFIX) else {
        return Ok(digits);
    };
    match digits.strip_prefix(prefix) {
        // 1 and 8 can be a number's first digit as well: then it is one digit shorter
        Some(short) if fits(short, row) => Ok(short),
        _ if fits(digits, row) && !digits.starts_with('0') => Ok(digits),
        _ => Err(Fault::Length),
    }
}

/// Whether the digits after the calling code can be a number of the country.
fn fits(national: &str, row: Row<'_>) -> bool {
    let limit = |column: usize| {
        row.cell(column)
            .and_then(|cell| cell.parse().ok())
            .unwrap_or(0)
    };
    let range = limit(FEWEST)..=limit(MOST);
    // area code and exchange of North America begin with 2 to 9
    let north_american = row.cell(CALLING_CODE) == Some("1");
    let begins = |place: usize| matches!(national.as_bytes().get(place), Some(b'2'..=b'9'));
    range.contains(&national.len())
        && (!north_american || (begins(0) && begins(3)))
        // where there is a national prefix 0, no number begins with it
        && !(row.cell(NATIONAL_PREFIX) == Some("0") && national.starts_with('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        super::super::code_table::tests::check(TEXT, 6, &[COUNTRY], &[]);
        let mut codes: Vec<&str> = PHONES
            .rows()
            .filter_map(|row| row.cell(CALLING_CODE))
            .collect();
        codes.sort_unstable();
        codes.dedup();
        for code in &codes {
            let longer = codes
                .iter()
                .any(|other| other != code && other.starts_with(code));
            assert!(!longer, "{code} begins another calling code");
        }
    }
}
