//! Instants with the offset from UTC in which they are written: RFC 3339 in and out.
//!
//! Deliberately absent: a local date and time without an offset; it is not one instant until a zone
//! says which.

use std::cmp::Ordering;
use std::fmt;

use jiff::Timestamp;
use jiff::civil;
use jiff::tz::{Offset, TimeZone};

use super::{Date, two_digits};

/// An instant, to the nanosecond, with the offset in which it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DateTime {
    instant: Timestamp,
    offset: Offset,
}

impl DateTime {
    /// The instant as a clock at `offset` shows it.
    pub(crate) fn new(instant: Timestamp, offset: Offset) -> Self {
        Self { instant, offset }
    }

    /// The instant as a clock in `zone` shows it.
    pub(crate) fn in_zone(instant: Timestamp, zone: &TimeZone) -> Self {
        Self {
            instant,
            offset: zone.to_offset(instant),
        }
    }

    pub(crate) fn instant(self) -> Timestamp {
        self.instant
    }

    pub(crate) fn offset(self) -> Offset {
        self.offset
    }

    /// What the clock at the offset shows.
    pub(crate) fn civil(self) -> civil::DateTime {
        self.offset.to_datetime(self.instant)
    }

    /// The day on which the instant falls at its offset; `None` before year 1.
    pub(crate) fn date(self) -> Option<Date> {
        Date::from_civil(self.civil().date())
    }

    /// Whether both are the same instant; offsets do not matter.
    pub(crate) fn is_same_instant(self, other: Self) -> bool {
        self.instant == other.instant
    }

    /// Which instant comes first.
    pub(crate) fn order(self, other: Self) -> Ordering {
        self.instant.cmp(&other.instant)
    }

    /// Appends it as RFC 3339: `2026-03-05T23:30:00-08:00`, with a fraction only if there is one.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.to_string().as_bytes());
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let civil = self.civil();
        write!(
            f,
            "{:04}-{:02}-{:02}",
            civil.year(),
            civil.month(),
            civil.day()
        )?;
        write!(
            f,
            "T{:02}:{:02}:{:02}",
            civil.hour(),
            civil.minute(),
            civil.second()
        )?;
        let nanoseconds = civil.subsec_nanosecond();
        if nanoseconds != 0 {
            let digits = format!("{nanoseconds:09}");
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        let seconds = self.offset.seconds();
        if seconds == 0 {
            return f.write_str("Z");
        }
        let sign = if seconds < 0 { '-' } else { '+' };
        let minutes = seconds.unsigned_abs() / 60;
        let pair = |number: u32| two_digits(u8::try_from(number).unwrap_or(0)).map(char::from);
        let ([hour_tens, hour], [tens, unit]) = (pair(minutes / 60), pair(minutes % 60));
        write!(f, "{sign}{hour_tens}{hour}:{tens}{unit}")
    }
}
