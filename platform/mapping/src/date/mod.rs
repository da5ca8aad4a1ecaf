//! Calendar dates and instants: checked against the calendar, read and written by patterns, computed
//! with.
//!
//! Deliberately absent: guesses. The century of a two-digit year, the language of a name, the zone of
//! a local time and what comes first of day and month are always said by the caller.

mod business;
mod calendar;
mod date_time;
mod excel;
mod instant;
mod layout;
mod local;
mod messy;
mod names;
mod pattern;

pub(crate) use business::{BusinessCalendar, WEEKDAYS, Weekend};
pub(crate) use date_time::DateTime;
pub(crate) use excel::DateSystem;
pub(crate) use instant::{InstantError, local_date, parse_rfc3339};
pub(crate) use layout::{Conventions, Layout, Moment};
pub(crate) use local::OnAmbiguous;
pub(crate) use messy::{MessyError, Order, Reader};
pub(crate) use names::Language;
pub(crate) use pattern::Pattern;

/// A day of the Gregorian calendar, year 1 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The date, if it is on the calendar.
    #[must_use]
    pub(crate) fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let valid = (1..=9999).contains(&year) && day >= 1 && day <= days_of(year, month);
        valid.then_some(Self { year, month, day })
    }

    /// The same day in jiff's type.
    pub(crate) fn civil(self) -> Option<jiff::civil::Date> {
        let year = i16::try_from(self.year).ok()?;
        let part = |number: u8| i8::try_from(number).ok();
        jiff::civil::Date::new(year, part(self.month)?, part(self.day)?).ok()
    }

    /// The day of jiff's type, if it is one of the years 1 to 9999.
    pub(crate) fn from_civil(date: jiff::civil::Date) -> Option<Self> {
        let part = |number: i8| u8::try_from(number).ok();
        Self::new(
            u16::try_from(date.year()).ok()?,
            part(date.month())?,
            part(date.day())?,
        )
    }

    /// Year, month, day.
    #[must_use]
    pub(crate) fn parts(self) -> (u16, u8, u8) {
        (self.year, self.month, self.day)
    }

    /// Appends `yyyy-MM-dd`.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        let [century, tens] = two_digits((self.year / 100) as u8);
        let [decade, year] = two_digits((self.year % 100) as u8);
        let ([month, of_month], [day, of_day]) = (two_digits(self.month), two_digits(self.day));
        out.extend_from_slice(&[
            century, tens, decade, year, b'-', month, of_month, b'-', day, of_day,
        ]);
    }

    /// Reads `yyyy-MM-dd`.
    #[must_use]
    pub fn parse_iso(text: &str) -> Option<Self> {
        let mut rest = text.as_bytes();
        let century = u16::from(pattern::two(&mut rest)?);
        let year = century * 100 + u16::from(pattern::two(&mut rest)?);
        rest = rest.strip_prefix(b"-")?;
        let month = pattern::two(&mut rest)?;
        rest = rest.strip_prefix(b"-")?;
        let day = pattern::two(&mut rest)?;
        if rest.is_empty() {
            Self::new(year, month, day)
        } else {
            None
        }
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// `00` to `99`.
pub(crate) fn two_digits(number: u8) -> [u8; 2] {
    crate::decimal::PAIRS
        .get(usize::from(number))
        .copied()
        .unwrap_or([b'0'; 2])
}

fn days_of(year: u16, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 0,
    }
}
