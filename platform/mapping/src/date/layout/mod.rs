//! Patterns with all that dates and times are written with: names, two-digit years, clocks, offsets.
//!
//! [`super::Pattern`] is the fast way for plain dates; this is the general one. The letters are those
//! of CLDR (UTS 35), of which the listed ones are known. Deliberately absent: zone names (they do not
//! say which offset), eras, week-based years.

mod write;

use jiff::civil::Time;
use jiff::tz::Offset;

use super::names::Language;
use super::{Date, pattern};

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    parts: Vec<Part>,
    language: Option<&'static Language>,
    /// two-digit years below it are 20yy, the others 19yy
    century_pivot: Option<u8>,
}

/// What names and short years in a pattern mean.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Conventions {
    pub(crate) language: Option<&'static Language>,
    /// 0 to 100
    pub(crate) century_pivot: Option<u8>,
}

/// What a text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) date: Date,
    pub(crate) time: Time,
    pub(crate) offset: Option<Offset>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Year,
    ShortYear,
    /// two digits, or one if possible
    Month {
        short: bool,
    },
    MonthName {
        short: bool,
    },
    Day {
        short: bool,
    },
    DayName {
        short: bool,
    },
    Hour {
        short: bool,
    },
    HourOf12 {
        short: bool,
    },
    Minute,
    Second,
    /// digits of a fraction of a second
    Fraction(u8),
    HalfDay,
    Offset {
        colon: bool,
        zulu: bool,
    },
    Literal(char),
}

const WORDS: [(&str, Part); 22] = [
    ("yyyy", Part::Year),
    ("yy", Part::ShortYear),
    ("MM", Part::Month { short: false }),
    ("M", Part::Month { short: true }),
    ("MMM", Part::MonthName { short: true }),
    ("MMMM", Part::MonthName { short: false }),
    ("dd", Part::Day { short: false }),
    ("d", Part::Day { short: true }),
    ("EEE", Part::DayName { short: true }),
    ("EEEE", Part::DayName { short: false }),
    ("HH", Part::Hour { short: false }),
    ("H", Part::Hour { short: true }),
    ("hh", Part::HourOf12 { short: false }),
    ("h", Part::HourOf12 { short: true }),
    ("mm", Part::Minute),
    ("ss", Part::Second),
    ("a", Part::HalfDay),
    (
        "XXX",
        Part::Offset {
            colon: true,
            zulu: true,
        },
    ),
    (
        "XX",
        Part::Offset {
            colon: false,
            zulu: true,
        },
    ),
    (
        "xxx",
        Part::Offset {
            colon: true,
            zulu: false,
        },
    ),
    (
        "xx",
        Part::Offset {
            colon: false,
            zulu: false,
        },
    ),
    ("T", Part::Literal('T')),
];

/// The words for messages and documentation.
const KNOWN: &str = "yyyy yy MM M MMM MMMM dd d EEE EEEE HH H hh h a mm ss S XXX XX xxx xx";

impl Layout {
    /// Compiles a pattern; letters that stand for themselves are put in quotes: `'at'`.
    ///
    /// # Errors
    /// What is wrong with it, for the author.
    pub(crate) fn compile(text: &str, conventions: Conventions) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let (read, length) = if first == '\'' {
                quoted(rest).ok_or_else(|| format!("a quote in {text:?} is not closed"))?
            } else if !first.is_ascii_alphabetic() {
                (vec![Part::Literal(first)], first.len_utf8())
            } else {
                let length = rest.chars().take_while(|sign| *sign == first).count();
                let word = rest.get(..length).unwrap_or_default();
                let part = word_part(word).ok_or_else(|| {
                    format!("{word:?} in {text:?} is not known; there are {KNOWN}; put other letters in quotes: 'at'")
                })?;
                (vec![part], length)
            };
            parts.extend(read);
            rest = rest.get(length..).unwrap_or_default();
        }
        let layout = Self {
            parts,
            language: conventions.language,
            century_pivot: conventions.century_pivot,
        };
        layout.check(text)?;
        Ok(layout)
    }

    fn check(&self, text: &str) -> Result<(), String> {
        let names = |part: &Part| matches!(part, Part::MonthName { .. } | Part::DayName { .. });
        if self.language.is_none() && self.parts.iter().any(names) {
            return Err(format!("the names in {text:?} need a language"));
        }
        let half = self.parts.contains(&Part::HalfDay);
        let of_twelve = |part: &Part| matches!(part, Part::HourOf12 { .. });
        if half != self.parts.iter().any(of_twelve) {
            return Err(format!("hh and a in {text:?} need each other"));
        }
        Ok(())
    }

    /// Whether a date can be read with it: year, month and day, each once.
    ///
    /// # Errors
    /// What is missing, for the author.
    pub(crate) fn check_reading(&self, text: &str) -> Result<(), String> {
        let count = |test: fn(&Part) -> bool| self.parts.iter().filter(|part| test(part)).count();
        let year = count(|part| matches!(part, Part::Year | Part::ShortYear));
        let month = count(|part| matches!(part, Part::Month { .. } | Part::MonthName { .. }));
        let day = count(|part| matches!(part, Part::Day { .. }));
        let hour = count(|part| matches!(part, Part::Hour { .. } | Part::HourOf12 { .. }));
        if (year, month, day) != (1, 1, 1) {
            return Err(format!("{text:?} needs year, month and day, each once"));
        }
        if hour > 1 {
            return Err(format!("{text:?} has the hour twice"));
        }
        if self.parts.contains(&Part::ShortYear) && self.century_pivot.is_none() {
            return Err(format!(
                "yy in {text:?} needs century_pivot: two-digit years below it are 20yy, the others 19yy"
            ));
        }
        Ok(())
    }

    /// Whether it has the hour.
    pub(crate) fn has_time(&self) -> bool {
        let hour = |part: &Part| matches!(part, Part::Hour { .. } | Part::HourOf12 { .. });
        self.parts.iter().any(hour)
    }

    /// Whether it has a part that a date alone does not.
    pub(crate) fn has_clock(&self) -> bool {
        self.parts.iter().any(|part| {
            matches!(
                part,
                Part::Hour { .. }
                    | Part::HourOf12 { .. }
                    | Part::Minute
                    | Part::Second
                    | Part::Fraction(_)
                    | Part::HalfDay
                    | Part::Offset { .. }
            )
        })
    }

    /// Whether it has the offset from UTC.
    pub(crate) fn has_offset(&self) -> bool {
        let offset = |part: &Part| matches!(part, Part::Offset { .. });
        self.parts.iter().any(offset)
    }

    /// What `text` says, if it has this form, is on the calendar, and names the right weekday.
    pub(crate) fn parse(&self, text: &str) -> Option<Moment> {
        let mut found = Found::default();
        let mut rest = text;
        for (place, part) in self.parts.iter().enumerate() {
            let dot_follows = self.parts.get(place + 1) == Some(&Part::Literal('.'));
            rest = self.read(*part, rest, dot_follows, &mut found)?;
        }
        if rest.is_empty() {
            found.moment()
        } else {
            None
        }
    }

    fn read<'t>(
        &self,
        part: Part,
        text: &'t str,
        dot_follows: bool,
        found: &mut Found,
    ) -> Option<&'t str> {
        let mut bytes = text.as_bytes();
        match part {
            Part::Year => {
                let century = pattern::two(&mut bytes)?;
                found.year = u16::from(century) * 100 + u16::from(pattern::two(&mut bytes)?);
            }
            Part::ShortYear => {
                let year = pattern::two(&mut bytes)?;
                found.year = full_year(year, self.century_pivot?);
            }
            Part::Month { short } => found.month = number(&mut bytes, short)?,
            Part::Day { short } => found.day = number(&mut bytes, short)?,
            Part::Hour { short } => found.hour = number(&mut bytes, short).filter(|h| *h < 24)?,
            Part::HourOf12 { short } => {
                let hour = number(&mut bytes, short)?;
                found.hour = (1..=12).contains(&hour).then_some(hour % 12)?;
            }
            Part::Minute => found.minute = pattern::two(&mut bytes)?,
            Part::Second => found.second = pattern::two(&mut bytes)?,
            Part::Fraction(digits) => found.nanosecond = fraction(&mut bytes, digits)?,
            Part::HalfDay => {
                let (word, _) = text.split_at_checked(2)?;
                found.afternoon = word.eq_ignore_ascii_case("pm");
                if !found.afternoon && !word.eq_ignore_ascii_case("am") {
                    return None;
                }
                return text.get(2..);
            }
            Part::MonthName { .. } => {
                let (month, length) = self.language?.read_month(text)?;
                found.month = month;
                return Some(after_name(text, length, dot_follows));
            }
            Part::DayName { .. } => {
                let (day, length) = self.language?.read_day(text)?;
                found.weekday = Some(day);
                return Some(after_name(text, length, dot_follows));
            }
            Part::Offset { colon, zulu } => {
                found.offset = Some(offset(&mut bytes, colon, zulu)?);
            }
            Part::Literal(sign) => return text.strip_prefix(sign),
        }
        // only ASCII was taken
        text.get(text.len() - bytes.len()..)
    }
}

/// The year of two digits.
pub(super) fn full_year(year: u8, century_pivot: u8) -> u16 {
    let century = if year < century_pivot { 2000 } else { 1900 };
    century + u16::from(year)
}

#[derive(Default)]
struct Found {
    year: u16,
    month: u8,
    day: u8,
    weekday: Option<u8>,
    hour: u8,
    afternoon: bool,
    minute: u8,
    second: u8,
    nanosecond: i32,
    offset: Option<Offset>,
}

impl Found {
    fn moment(self) -> Option<Moment> {
        let date = Date::new(self.year, self.month, self.day)?;
        if self
            .weekday
            .is_some_and(|weekday| weekday != date.weekday())
        {
            return None;
        }
        let hour = self.hour + if self.afternoon { 12 } else { 0 };
        let clock = |number: u8| i8::try_from(number).ok();
        let time = Time::new(
            clock(hour)?,
            clock(self.minute)?,
            clock(self.second)?,
            self.nanosecond,
        );
        Some(Moment {
            date,
            time: time.ok()?,
            offset: self.offset,
        })
    }
}

fn word_part(word: &str) -> Option<Part> {
    if word.bytes().all(|letter| letter == b'S') && word.len() <= 9 {
        return u8::try_from(word.len()).ok().map(Part::Fraction);
    }
    let (_, part) = WORDS.iter().find(|(name, _)| *name == word)?;
    Some(*part)
}

/// The signs of a quoted text, and its length with the quotes; `''` is a quote.
fn quoted(text: &str) -> Option<(Vec<Part>, usize)> {
    if text.starts_with("''") {
        return Some((vec![Part::Literal('\'')], 2));
    }
    let mut parts = Vec::new();
    let mut signs = text.char_indices().skip(1).peekable();
    while let Some((at, sign)) = signs.next() {
        if sign != '\'' {
            parts.push(Part::Literal(sign));
        } else if signs.next_if(|(_, next)| *next == '\'').is_some() {
            parts.push(Part::Literal('\''));
        } else {
            return Some((parts, at + 1));
        }
    }
    None
}

fn number(bytes: &mut &[u8], short: bool) -> Option<u8> {
    if short {
        pattern::one_or_two(bytes)
    } else {
        pattern::two(bytes)
    }
}

fn fraction(bytes: &mut &[u8], digits: u8) -> Option<i32> {
    let mut nanoseconds = 0;
    for place in 0..9 {
        let mut digit = 0;
        if place < digits {
            let (first, rest) = bytes.split_first()?;
            digit = first.is_ascii_digit().then(|| first - b'0')?;
            *bytes = rest;
        }
        nanoseconds = nanoseconds * 10 + i32::from(digit);
    }
    Some(nanoseconds)
}

fn offset(bytes: &mut &[u8], colon: bool, zulu: bool) -> Option<Offset> {
    let (sign, rest) = bytes.split_first()?;
    *bytes = rest;
    let negative = match sign {
        b'Z' if zulu => return Some(Offset::UTC),
        b'+' => false,
        b'-' => true,
        _ => return None,
    };
    let hours = pattern::two(bytes)?;
    if colon {
        *bytes = bytes.strip_prefix(b":")?;
    }
    let minutes = pattern::two(bytes).filter(|minutes| *minutes < 60)?;
    let seconds = i32::from(hours) * 3600 + i32::from(minutes) * 60;
    Offset::from_seconds(if negative { -seconds } else { seconds }).ok()
}

/// What follows a name; the dot of an abbreviation belongs to it, unless the pattern has one.
fn after_name(text: &str, length: usize, dot_follows: bool) -> &str {
    let rest = text.get(length..).unwrap_or_default();
    match rest.strip_prefix('.') {
        Some(after) if !dot_follows => after,
        _ => rest,
    }
}

#[cfg(test)]
mod tests;
