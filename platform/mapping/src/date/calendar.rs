//! Arithmetic on days of the Gregorian calendar: day numbers, months, weeks.
//!
//! Invariants: nothing leaves the years 1 to 9999, `None` says so; adding months keeps the day of
//! the month, or takes the month's last day if it is shorter.

use super::{Date, days_of};

impl Date {
    /// Days since 1970-01-01; negative before.
    #[must_use]
    pub(crate) fn day_number(self) -> i32 {
        // Howard Hinnant's days_from_civil: years start in March, so that the leap day is the last
        let (month, day) = (i32::from(self.month), i32::from(self.day));
        let year = i32::from(self.year) - i32::from(month <= 2);
        let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }

    /// The day with a number.
    pub(crate) fn from_day_number(number: i64) -> Option<Self> {
        // four million days are more than the calendar has
        if number.abs() > 4_000_000 {
            return None;
        }
        let (year, month, day) = tributary_model::clock::civil(number);
        Self::new(
            u16::try_from(year).ok()?,
            u8::try_from(month).ok()?,
            u8::try_from(day).ok()?,
        )
    }

    pub(crate) fn add_days(self, days: i64) -> Option<Self> {
        Self::from_day_number(i64::from(self.day_number()).checked_add(days)?)
    }

    /// The same day in another month, or that month's last day if it has no such day.
    pub(crate) fn add_months(self, months: i64) -> Option<Self> {
        let count = i64::from(self.year) * 12 + i64::from(self.month) - 1;
        let count = count.checked_add(months)?;
        let year = u16::try_from(count.div_euclid(12)).ok()?;
        let month = u8::try_from(count.rem_euclid(12) + 1).ok()?;
        Self::new(year, month, self.day.min(days_of(year, month)))
    }

    /// Whole months from this day to `other`; negative if `other` comes first.
    pub(crate) fn months_until(self, other: Self) -> i64 {
        let months = (i64::from(other.year) - i64::from(self.year)) * 12 + i64::from(other.month)
            - i64::from(self.month);
        if months > 0 && other.day < self.day {
            months - 1
        } else if months < 0 && other.day > self.day {
            months + 1
        } else {
            months
        }
    }

    /// 1 for Monday to 7 for Sunday, as ISO 8601 counts.
    #[must_use]
    pub(crate) fn weekday(self) -> u8 {
        // 1970-01-01 was a Thursday
        (self.day_number() + 3).rem_euclid(7) as u8 + 1
    }

    #[must_use]
    pub(crate) fn quarter(self) -> u8 {
        (self.month - 1) / 3 + 1
    }

    #[must_use]
    pub(crate) fn days_in_month(self) -> u8 {
        days_of(self.year, self.month)
    }

    /// 1 for 1 January.
    #[must_use]
    pub(crate) fn day_of_year(self) -> u16 {
        let before: u16 = (1..self.month)
            .map(|month| u16::from(days_of(self.year, month)))
            .sum();
        before + u16::from(self.day)
    }

    /// Year and week of ISO 8601: the week belongs to the year in which its Thursday lies.
    #[must_use]
    pub(crate) fn iso_week(self) -> (i32, u8) {
        let (weekday, ordinal) = (i32::from(self.weekday()), i32::from(self.day_of_year()));
        let year = i32::from(self.year);
        let week = (ordinal - weekday + 10) / 7;
        if week < 1 {
            return (year - 1, weeks_of(year - 1));
        }
        let week = week as u8;
        if week > weeks_of(year) {
            (year + 1, 1)
        } else {
            (year, week)
        }
    }
}

/// 53 if the year has a week more.
fn weeks_of(year: i32) -> u8 {
    // weekday of 31 December, from 0 for Sunday; such a year ends on Thursday, or started on it
    let last = |year: i32| {
        (year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400)).rem_euclid(7)
    };
    if last(year) == 4 || last(year - 1) == 3 {
        53
    } else {
        52
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse_iso(text).unwrap()
    }

    /// Every day of the calendar against jiff.
    #[test]
    fn days_agree_with_another_implementation() {
        let mut day = jiff::civil::date(1, 1, 1);
        let first = date("0001-01-01").day_number();
        let mut number = first;
        loop {
            let ours = Date::from_day_number(i64::from(number)).unwrap();
            assert_eq!(ours.civil().unwrap(), day);
            assert_eq!(ours.day_number(), number);
            assert_eq!(ours.weekday() as i8, day.weekday().to_monday_one_offset());
            assert_eq!(ours.day_of_year() as i16, day.day_of_year());
            let iso = day.iso_week_date();
            assert_eq!(
                ours.iso_week(),
                (i32::from(iso.year()), iso.week() as u8),
                "{ours}"
            );
            let Ok(next) = day.tomorrow() else {
                break;
            };
            if next.year() > 9999 {
                break;
            }
            (day, number) = (next, number + 1);
        }
        assert_eq!(number, date("9999-12-31").day_number());
        assert_eq!(Date::from_day_number(i64::from(first) - 1), None);
        assert_eq!(Date::from_day_number(i64::from(number) + 1), None);
        assert_eq!(Date::from_day_number(i64::MIN + 1), None);
    }

    #[test]
    fn months_keep_the_day_or_take_the_last() {
        let cases = [
            ("2026-01-31", 1, "2026-02-28"),
            ("2024-01-31", 1, "2024-02-29"),
            ("2026-03-31", -1, "2026-02-28"),
            ("2026-03-15", -15, "2024-12-15"),
            ("2024-02-29", 12, "2025-02-28"),
            ("2024-02-29", 48, "2028-02-29"),
        ];
        for (from, months, to) in cases {
            assert_eq!(
                date(from).add_months(months),
                Some(date(to)),
                "{from} {months}"
            );
        }
        assert_eq!(date("9999-12-01").add_months(1), None);
        assert_eq!(date("0001-01-01").add_months(-1), None);
        assert_eq!(date("0001-01-01").add_months(i64::MAX), None);
    }

    #[test]
    fn whole_months_between() {
        let cases = [
            ("2026-01-31", "2026-02-28", 0),
            ("2026-01-31", "2026-03-01", 1),
            ("2026-01-15", "2026-03-15", 2),
            ("2026-03-15", "2026-01-16", -1),
            ("2026-03-15", "2026-01-15", -2),
            ("2026-03-15", "2026-03-20", 0),
            ("2026-03-20", "2026-03-15", 0),
        ];
        for (from, to, months) in cases {
            assert_eq!(date(from).months_until(date(to)), months, "{from} {to}");
        }
    }
}
