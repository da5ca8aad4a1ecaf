//! Serial numbers of dates in spreadsheets.
//!
//! The 1900 system counts from 1 = 1900-01-01 and holds 1900 for a leap year, as Lotus 1-2-3 did: 60
//! is 29 February 1900, a day that never was, and every later number is one too high. The 1904 system
//! (older Macs) counts from 0 = 1904-01-01. Source: ECMA-376 part 1, 18.17.4.1.

use super::Date;

/// Which day a serial number counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DateSystem {
    From1900,
    From1904,
}

/// 1899-12-31 and 1904-01-01 as day numbers.
const ZERO_OF_1900: i64 = -25_568;
const ZERO_OF_1904: i64 = -24_107;
/// 29 February 1900, which never was
const FALSE_LEAP_DAY: i64 = 60;
const LAST_YEAR: u16 = 9999;

impl DateSystem {
    /// The day of a serial number; `None` for the false leap day and before the system's first day.
    pub(crate) fn date(self, serial: i64) -> Option<Date> {
        let number = match self {
            Self::From1900 if serial < 1 || serial == FALSE_LEAP_DAY => return None,
            Self::From1900 if serial < FALSE_LEAP_DAY => serial.checked_add(ZERO_OF_1900)?,
            Self::From1900 => serial.checked_add(ZERO_OF_1900 - 1)?,
            Self::From1904 if serial < 0 => return None,
            Self::From1904 => serial.checked_add(ZERO_OF_1904)?,
        };
        Date::from_day_number(number).filter(|date| date.parts().0 <= LAST_YEAR)
    }

    /// The serial number of a day; `None` before the system's first day.
    pub(crate) fn serial(self, date: Date) -> Option<i64> {
        let number = i64::from(date.day_number());
        match self {
            Self::From1900 => {
                let serial = number - ZERO_OF_1900;
                let counted = if serial >= FALSE_LEAP_DAY {
                    serial + 1
                } else {
                    serial
                };
                (counted >= 1).then_some(counted)
            }
            Self::From1904 => Some(number - ZERO_OF_1904).filter(|serial| *serial >= 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_systems_there_and_back() {
        let cases = [
            (DateSystem::From1900, 1, "1900-01-01"),
            (DateSystem::From1900, 59, "1900-02-28"),
            (DateSystem::From1900, 61, "1900-03-01"),
            (DateSystem::From1900, 46_086, "2026-03-05"),
            (DateSystem::From1900, 2_958_465, "9999-12-31"),
            (DateSystem::From1904, 0, "1904-01-01"),
            (DateSystem::From1904, 44_624, "2026-03-05"),
        ];
        for (system, serial, expected) in cases {
            let date = system.date(serial).unwrap();
            assert_eq!(date.to_string(), expected, "{system:?} {serial}");
            assert_eq!(system.serial(date), Some(serial));
        }
        for serial in [0, 60, -1, 2_958_466, i64::MAX, i64::MIN] {
            assert_eq!(DateSystem::From1900.date(serial), None, "{serial}");
        }
        assert_eq!(DateSystem::From1904.date(-1), None);
        let early = Date::new(1899, 12, 31).unwrap();
        assert_eq!(DateSystem::From1900.serial(early), None);
    }
}
