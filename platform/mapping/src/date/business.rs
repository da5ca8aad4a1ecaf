//! Business days: days that are neither on the weekend nor a holiday.
//!
//! Everything is counting: how many business days lie up to a day is a product and a binary search,
//! and the n-th business day is found by halving, so that no count of days is a loop.

use super::Date;

/// Weekend and holidays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BusinessCalendar {
    weekend: Weekend,
    /// day numbers, ascending, each once, none on the weekend
    holidays: Vec<i32>,
}

/// The days of the week that are free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weekend {
    /// from Monday to Sunday
    free: [bool; 7],
}

/// The days of the week as documents name them, from Monday.
pub(crate) const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

impl Weekend {
    pub(crate) const SATURDAY_SUNDAY: Self = Self {
        free: [false, false, false, false, false, true, true],
    };

    /// The weekend of the named days; `None` if a name is not known, or no day is left.
    pub(crate) fn named(days: &[String]) -> Option<Self> {
        let mut free = [false; 7];
        for day in days {
            let place = WEEKDAYS.iter().position(|name| name == day)?;
            *free.get_mut(place)? = true;
        }
        free.contains(&false).then_some(Self { free })
    }

    pub(crate) fn has(self, date: Date) -> bool {
        self.is_free(date.day_number())
    }

    fn is_free(self, day: i32) -> bool {
        let place = (day + 3).rem_euclid(7) as usize;
        self.free.get(place).copied().unwrap_or(false)
    }

    /// Working days of the week up to a day, counted from a Monday long ago.
    fn working_until(self, day: i32) -> i32 {
        let (weeks, place) = ((day + 3).div_euclid(7), (day + 3).rem_euclid(7) as usize);
        let working = |days: &[bool]| days.iter().filter(|free| !**free).count() as i32;
        let started = self.free.get(..=place).unwrap_or_default();
        weeks * working(&self.free) + working(started)
    }
}

impl BusinessCalendar {
    pub(crate) fn new(weekend: Weekend, holidays: impl Iterator<Item = Date>) -> Self {
        let mut holidays: Vec<i32> = holidays
            .map(Date::day_number)
            .filter(|day| !weekend.is_free(*day))
            .collect();
        holidays.sort_unstable();
        holidays.dedup();
        Self { weekend, holidays }
    }

    pub(crate) fn is_business_day(&self, date: Date) -> bool {
        let day = date.day_number();
        !self.weekend.is_free(day) && self.holidays.binary_search(&day).is_err()
    }

    /// Business days after `from` up to and with `to`; before `from`, from `to` on, as a negative
    /// number.
    pub(crate) fn days_between(&self, from: Date, to: Date) -> i64 {
        let (from, to) = (from.day_number(), to.day_number());
        let days = if from <= to {
            self.until(to) - self.until(from)
        } else {
            self.until(to - 1) - self.until(from - 1)
        };
        i64::from(days)
    }

    /// The `days`-th business day after `from`, or before it if negative; `from` itself for 0.
    pub(crate) fn add(&self, from: Date, days: i32) -> Option<Date> {
        let start = from.day_number();
        if days == 0 {
            return Some(from);
        }
        let found = if days > 0 {
            self.nth(self.until(start).checked_add(days)?)
        } else {
            // the day that completes the count backwards is the one after which it is not yet full
            self.nth(self.until(start - 1).checked_add(days)?.checked_add(1)?)
        };
        Date::from_day_number(i64::from(found?))
    }

    /// Business days up to a day, counted from a Monday long ago.
    fn until(&self, day: i32) -> i32 {
        let holidays = self.holidays.partition_point(|holiday| *holiday <= day);
        self.weekend.working_until(day) - i32::try_from(holidays).unwrap_or(i32::MAX)
    }

    /// The first day with that many business days up to it.
    fn nth(&self, count: i32) -> Option<i32> {
        // years 1 to 9999, and some more
        let (mut low, mut high) = (-800_000, 3_000_000);
        if self.until(low) >= count || self.until(high) < count {
            return None;
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.until(middle) < count {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some(high)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn date(text: &str) -> Date {
        Date::parse_iso(text).unwrap()
    }

    #[test]
    fn around_a_weekend_and_a_holiday() {
        let easter = [date("2026-04-03"), date("2026-04-06"), date("2026-04-05")];
        let calendar = BusinessCalendar::new(Weekend::SATURDAY_SUNDAY, easter.into_iter());
        let cases = [
            ("2026-04-02", 1, "2026-04-07"),
            ("2026-04-02", 2, "2026-04-08"),
            ("2026-04-07", -1, "2026-04-02"),
            ("2026-04-05", 1, "2026-04-07"),
            ("2026-04-05", -1, "2026-04-02"),
            ("2026-04-05", 0, "2026-04-05"),
        ];
        for (from, days, to) in cases {
            assert_eq!(
                calendar.add(date(from), days),
                Some(date(to)),
                "{from} {days}"
            );
        }
        assert_eq!(
            calendar.days_between(date("2026-04-02"), date("2026-04-07")),
            1
        );
        assert_eq!(
            calendar.days_between(date("2026-04-07"), date("2026-04-02")),
            -1
        );
        assert_eq!(calendar.add(date("9999-12-31"), 1), None);
        assert_eq!(calendar.add(date("0001-01-01"), -1), None);
        assert_eq!(calendar.add(date("2026-01-01"), i32::MAX), None);
        assert_eq!(calendar.add(date("2026-01-01"), i32::MIN), None);
    }

    proptest! {
        #[test]
        fn counting_agrees_with_walking(
            start in -800_i32..800,
            days in -60_i32..60,
            free in proptest::collection::vec(any::<bool>(), 7),
            holidays in proptest::collection::vec(-900_i32..900, 0..40),
        ) {
            let names: Vec<String> = WEEKDAYS.iter().zip(&free)
                .filter(|(_, free)| **free).map(|(name, _)| (*name).to_owned()).collect();
            let Some(weekend) = Weekend::named(&names) else { return Ok(()); };
            let day = |number: i32| Date::from_day_number(i64::from(number)).unwrap();
            let calendar = BusinessCalendar::new(weekend, holidays.iter().map(|number| day(*number)));
            let (mut at, mut left) = (start, days.abs());
            while left > 0 {
                at += days.signum();
                let is_free = weekend.has(day(at)) || holidays.contains(&at);
                prop_assert_eq!(calendar.is_business_day(day(at)), !is_free);
                left -= i32::from(!is_free);
            }
            prop_assert_eq!(calendar.add(day(start), days), Some(day(at)));
            prop_assert_eq!(calendar.days_between(day(start), day(at)), i64::from(days));
        }
    }
}
