//! What texts look like: numbers of a locale, dates of a form, booleans in words. A reading is named
//! only if **all** texts allow it; where several do, all are named, since only a person knows
//! whether `1.234` is a thousand.

use tributary_model::issue::shorten;

use crate::date::{InstantError, Pattern, local_date};
use crate::decimal::{Decimal, Separators};
use crate::document::LocaleName;
use crate::functions::Locale;

/// One way to read all texts of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looks {
    /// whole numbers without grouping and without leading zeros
    Int,
    /// numbers; the locales in which all of them can be read
    Decimal { locales: Vec<LocaleName> },
    /// dates; the forms of `date_parse` that fit all of them
    Date { formats: Vec<String> },
    /// RFC 3339 instants with an offset
    Instant,
    /// words for true and for false
    Bool {
        truthy: &'static str,
        falsy: &'static str,
    },
    /// digits with leading zeros: a number by its signs, but its zeros belong to it
    Digits,
}

/// The locales of which one stands for each way of writing; plain first, as it allows least.
const WRITINGS: [(LocaleName, Separators); 5] = [
    (LocaleName::Plain, Separators::PLAIN),
    (LocaleName::EnglishUnitedStates, Separators::ENGLISH),
    (LocaleName::GermanGermany, Separators::GERMAN),
    (LocaleName::GermanSwitzerland, Separators::SWISS),
    (LocaleName::FrenchFrance, Separators::FRENCH),
];

/// Forms of dates, the most telling first.
const FORMATS: [&str; 16] = [
    "yyyy-MM-dd",
    "dd.MM.yyyy",
    "MM/dd/yyyy",
    "dd/MM/yyyy",
    "yyyyMMdd",
    "yyyy/MM/dd",
    "dd-MM-yyyy",
    "d.M.yyyy",
    "M/d/yyyy",
    "d/M/yyyy",
    "dd.MM.yyyy HH:mm",
    "dd.MM.yyyy HH:mm:ss",
    "yyyy-MM-dd HH:mm:ss",
    "yyyy-MM-ddTHH:mm:ss",
    "MM/dd/yyyy HH:mm",
    "MM/dd/yyyy HH:mm:ss",
];

/// Words for true and false, lower case.
const WORDS: [(&str, &str); 9] = [
    ("true", "false"),
    ("yes", "no"),
    ("ja", "nein"),
    ("y", "n"),
    ("j", "n"),
    ("t", "f"),
    ("wahr", "falsch"),
    ("on", "off"),
    ("1", "0"),
];

/// All readings of `texts`, which are trimmed and not empty.
pub(super) fn looks(texts: &[&str]) -> Vec<Looks> {
    if texts.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    dates(texts, &mut found);
    let digits = texts.iter().all(|text| is_digits(text));
    if digits && texts.iter().any(|text| has_leading_zero(text)) {
        found.push(Looks::Digits);
    } else if texts
        .iter()
        .all(|text| is_digits(text.strip_prefix('-').unwrap_or(text)) && text.len() <= 38)
    {
        found.push(Looks::Int);
    } else {
        let locales: Vec<LocaleName> = WRITINGS
            .iter()
            .filter(|(_, separators)| {
                texts
                    .iter()
                    .all(|text| Decimal::parse_in(text, *separators).is_ok())
            })
            .map(|(name, _)| *name)
            .collect();
        if !locales.is_empty() {
            found.push(Looks::Decimal { locales });
        }
    }
    found.extend(booleans(texts));
    found
}

/// The number that a text is in a locale.
#[must_use]
pub fn number_in(text: &str, locale: LocaleName) -> Option<Decimal> {
    Decimal::parse_in(text, Locale::from(locale).separators).ok()
}

/// The first text that is another number in one of the locales than in the others.
pub(super) fn ambiguous(texts: &[&str], looks: &[Looks]) -> Option<String> {
    let locales = looks.iter().find_map(|look| match look {
        Looks::Decimal { locales } => Some(locales),
        _ => None,
    })?;
    let differs = |text: &&&str| {
        let mut numbers = locales.iter().map(|locale| number_in(text, *locale));
        let first = numbers.next();
        first.is_some_and(|first| numbers.any(|number| number != first))
    };
    texts.iter().find(differs).map(|text| shorten(text, 60))
}

fn dates(texts: &[&str], found: &mut Vec<Looks>) {
    let formats: Vec<String> = FORMATS
        .iter()
        .filter(|format| {
            // eight digits are a date only if the year is one of our time
            let compact = **format == "yyyyMMdd";
            Pattern::compile(format).is_ok_and(|pattern| {
                texts.iter().all(|text| {
                    pattern
                        .parse(text)
                        .is_some_and(|date| !compact || (1900..2100).contains(&date.parts().0))
                })
            })
        })
        .map(|format| (*format).to_owned())
        .collect();
    if !formats.is_empty() {
        found.push(Looks::Date { formats });
    }
    let utc = jiff::tz::TimeZone::UTC;
    if texts.iter().all(|text| {
        text.len() > 10
            && !matches!(
                local_date(text, &utc),
                Err(InstantError::Form | InstantError::NoOffset)
            )
    }) {
        found.push(Looks::Instant);
    }
}

fn booleans(texts: &[&str]) -> Option<Looks> {
    let is = |text: &str, word: &str| text.eq_ignore_ascii_case(word);
    let (truthy, falsy) = WORDS.into_iter().find(|(truthy, falsy)| {
        let all = texts.iter().all(|text| is(text, truthy) || is(text, falsy));
        // one letter or digit alone says little: both must have been seen
        let both = || {
            texts.iter().any(|text| is(text, truthy)) && texts.iter().any(|text| is(text, falsy))
        };
        all && (truthy.len() > 1 || both())
    })?;
    Some(Looks::Bool { truthy, falsy })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn has_leading_zero(text: &str) -> bool {
    text.len() > 1 && text.starts_with('0')
}
