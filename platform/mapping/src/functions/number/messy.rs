//! Numbers as they stand in spreadsheets and mails: with currencies, percent signs, accounting
//! parentheses, a minus behind, spaces for groups.
//!
//! Invariant: a text has one reading or is refused. Without a locale, a text that both ways of writing
//! decimals could mean differently (`1.234`) is refused with both readings.

use super::currency;
use crate::decimal::{Decimal, DecimalError, Separators};

/// What a text was found to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    One(Decimal),
    Two(Decimal, Decimal),
}

/// Signs of currencies, the longer ones of those that begin alike first.
const CURRENCY_SIGNS: [&str; 29] = [
    "US$", "CA$", "AU$", "NZ$", "HK$", "MX$", "A$", "C$", "R$", "S$", "€", "$", "£", "¥", "₹", "₽",
    "₺", "₩", "₪", "₫", "₴", "₦", "฿", "zł", "Kč", "kr.", "kr", "Fr.", "Ft",
];

const SPACES: &[char] = &[' ', '\u{a0}', '\u{202f}', '\u{2009}'];
const APOSTROPHES: &[char] = &['\'', '\u{2019}'];

/// Ways of writing that every locale reads, by decimal sign.
const POINT: [Separators; 3] = ways('.', &[',']);
const COMMA: [Separators; 3] = ways(',', &['.']);

const fn ways(decimal: char, group: &'static [char]) -> [Separators; 3] {
    [
        Separators { decimal, group },
        Separators {
            decimal,
            group: SPACES,
        },
        Separators {
            decimal,
            group: APOSTROPHES,
        },
    ]
}

/// Reads a number; with the signs of a locale only as that locale writes it.
pub(super) fn read(text: &str, locale: Option<Separators>) -> Result<Reading, DecimalError> {
    let mut stripped = Stripped::new(text);
    stripped.strip();
    let core = stripped.core;
    if core.starts_with(['+', '-']) {
        return Err(DecimalError::Invalid); // a second sign
    }
    let decimal = stripped.decimal;
    let reading = match locale {
        // 1,200.-- is not how the locale writes
        Some(separators) if decimal.is_some_and(|sign| sign != separators.decimal) => {
            Reading::One(Decimal::parse_in(core, Separators::PLAIN)?)
        }
        None if decimal == Some('.') => Reading::One(one(core, POINT)?),
        None if decimal == Some(',') => Reading::One(one(core, COMMA)?),
        Some(separators) => Reading::One(one(core, own_ways(separators))?),
        None => match (one(core, POINT), one(core, COMMA)) {
            (Ok(left), Ok(right)) if left != right => Reading::Two(left, right),
            (Ok(number), _) | (_, Ok(number)) => Reading::One(number),
            (Err(DecimalError::TooLarge), _) | (_, Err(DecimalError::TooLarge)) => {
                return Err(DecimalError::TooLarge);
            }
            (Err(error), _) => return Err(error),
        },
    };
    Ok(match reading {
        Reading::One(number) => Reading::One(stripped.finish(number)?),
        Reading::Two(left, right) => Reading::Two(stripped.finish(left)?, stripped.finish(right)?),
    })
}

/// A locale's own way, and the groupings that no locale reads otherwise.
fn own_ways(separators: Separators) -> [Separators; 3] {
    let [_, spaces, apostrophes] = ways(separators.decimal, &[]);
    [separators, spaces, apostrophes]
}

fn one(core: &str, ways: [Separators; 3]) -> Result<Decimal, DecimalError> {
    if core.starts_with(['.', ',']) && core.as_bytes().get(1).is_some_and(u8::is_ascii_digit) {
        return one(&format!("0{core}"), ways);
    }
    let mut found = Err(DecimalError::Invalid);
    for separators in ways {
        match Decimal::parse_in(core, separators) {
            Ok(number) => return Ok(number),
            Err(DecimalError::TooLarge) => found = Err(DecimalError::TooLarge),
            Err(_) => {}
        }
    }
    found
}

/// A text from which signs are taken off at both ends.
struct Stripped<'t> {
    core: &'t str,
    negative: bool,
    signed: bool,
    percent: bool,
    currency: bool,
    /// the decimal sign in front of the dash that stands for no cents
    decimal: Option<char>,
}

impl<'t> Stripped<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            core: text.trim(),
            negative: false,
            signed: false,
            percent: false,
            currency: false,
            decimal: None,
        }
    }

    /// Takes off what is around the digits; each kind of sign at most once, so that this ends.
    fn strip(&mut self) {
        while let Some(rest) = self
            .no_cents()
            .or_else(|| self.sign())
            .or_else(|| self.percent())
            .or_else(|| self.currency())
        {
            self.core = rest.trim();
        }
    }

    /// `12,-` and `12.--`: a dash in place of the cents.
    fn no_cents(&mut self) -> Option<&'t str> {
        let rest = self.core.trim_end_matches(['-', '\u{2013}', '\u{2014}']);
        let whole = rest.strip_suffix([',', '.'])?;
        let dashes = self.core.len() > rest.len();
        if !dashes || !whole.ends_with(|sign: char| sign.is_ascii_digit()) {
            return None;
        }
        self.decimal = rest.chars().next_back();
        Some(whole)
    }

    fn sign(&mut self) -> Option<&'t str> {
        if self.signed {
            return None;
        }
        let (rest, negative) = if let Some(inner) = self.core.strip_prefix('(') {
            (inner.strip_suffix(')')?, true)
        } else if let Some(rest) = self.core.strip_prefix('+') {
            (rest, false)
        } else {
            let minus = ['-', '\u{2212}', '\u{2013}'];
            let behind = || self.core.strip_suffix(minus);
            (self.core.strip_prefix(minus).or_else(behind)?, true)
        };
        self.signed = true;
        self.negative = negative;
        Some(rest)
    }

    fn percent(&mut self) -> Option<&'t str> {
        if self.percent {
            return None;
        }
        let rest = self.core.strip_suffix('%')?;
        self.percent = true;
        Some(rest)
    }

    fn currency(&mut self) -> Option<&'t str> {
        if self.currency {
            return None;
        }
        let rest = sign_of_currency(self.core).or_else(|| code_of_currency(self.core))?;
        self.currency = true;
        Some(rest)
    }

    /// The number with the sign and as the part that a percentage is.
    fn finish(&self, number: Decimal) -> Result<Decimal, DecimalError> {
        let signed = if self.negative {
            number.negate()
        } else {
            number
        };
        if self.percent {
            signed.shift_right(2)
        } else {
            Ok(signed)
        }
    }
}

fn sign_of_currency(core: &str) -> Option<&str> {
    CURRENCY_SIGNS.iter().find_map(|sign| {
        let rest = core
            .strip_prefix(sign)
            .or_else(|| core.strip_suffix(sign))?;
        // kr is no part of a word
        let touches = rest.starts_with(char::is_alphabetic) || rest.ends_with(char::is_alphabetic);
        (!touches).then_some(rest)
    })
}

fn code_of_currency(core: &str) -> Option<&str> {
    let known = |code: &str| currency::decimals(code).is_some();
    if let Some((code, rest)) = core.split_at_checked(3)
        && known(code)
    {
        return Some(rest);
    }
    let (rest, code) = core.split_at_checked(core.len().checked_sub(3)?)?;
    known(code).then_some(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_text_panics(text in "[(€-]?\\PC{0,8}[0-9.,' ]{0,12}[)%-]{0,3}\\PC{0,4}") {
            let _read = read(&text, None);
            let _german = read(&text, Some(Separators::GERMAN));
        }
    }

    fn readings(text: &str, locale: Option<Separators>) -> String {
        match read(text, locale) {
            Ok(Reading::One(number)) => number.to_string(),
            Ok(Reading::Two(left, right)) => format!("{left} or {right}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn one_reading_or_none() {
        let cases = [
            ("€ 1.234,50", "1234.50"),
            ("1,234.50 USD", "1234.50"),
            ("EUR1234", "1234"),
            ("1 234 567,8\u{a0}€", "1234567.8"),
            ("CHF 1'234.50", "1234.50"),
            ("(1,234.50)", "-1234.50"),
            ("($12.00)", "-12.00"),
            ("-$12.00", "-12.00"),
            ("12.00-", "-12.00"),
            ("\u{2212}5", "-5"),
            ("19 %", "0.19"),
            ("-7,5%", "-0.075"),
            ("12,-", "12"),
            ("1.200,-- EUR", "1200"),
            ("0.123", "0.123"),
            ("0,5", "0.5"),
            (".5", "0.5"),
            ("-,5", "-0.5"),
            (".,5", "not a number"),
            ("1.234.567", "1234567"),
            ("500 kr", "500"),
            ("1.234", "1.234 or 1234"),
            ("12,345", "12345 or 12.345"),
            ("-1.234 €", "-1.234 or -1234"),
            ("1 234", "1234"),
            ("1 23", "not a number"),
            ("", "not a number"),
            ("€", "not a number"),
            ("--5", "not a number"),
            ("(-5)", "not a number"),
            ("5 5", "not a number"),
            ("EUR 5 USD", "not a number"),
            ("12 krona", "not a number"),
            ("50%%", "not a number"),
            ("1e5", "not a number"),
            ("(5", "not a number"),
            ("(", "not a number"),
            ("-", "not a number"),
            ("ä", "not a number"),
            (
                "999999999999999999999999999999999999999",
                "more than 38 digits",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(readings(text, None), expected, "{text:?}");
        }
    }

    #[test]
    fn a_locale_decides() {
        let german = Some(Separators::GERMAN);
        assert_eq!(readings("1.234 €", german), "1234");
        assert_eq!(readings("1 234,5", german), "1234.5");
        assert_eq!(readings("1,234.5", german), "not a number");
        assert_eq!(readings("1.234", Some(Separators::ENGLISH)), "1.234");
        assert_eq!(readings("1.234", Some(Separators::PLAIN)), "1.234");
        assert_eq!(readings("12.-", german), "12");
        assert_eq!(readings("1,200.--", german), "not a number");
    }
}
