//! A moment in the form of a pattern.

use jiff::tz::Offset;

use super::{Layout, Moment, Part};
use crate::date::two_digits;

impl Layout {
    /// Appends what is known in this form; the clock is that of the moment's offset.
    pub(crate) fn write(&self, moment: Moment, mut put: impl FnMut(&str)) {
        for part in &self.parts {
            self.write_part(*part, moment, &mut put);
        }
    }

    fn write_part(&self, part: Part, moment: Moment, put: &mut impl FnMut(&str)) {
        let (year, month, day) = moment.date.parts();
        let time = moment.time;
        let clock = |number: i8| u8::try_from(number).unwrap_or(0);
        match part {
            Part::Year => {
                digits((year / 100) as u8, false, put);
                digits((year % 100) as u8, false, put);
            }
            Part::ShortYear => digits((year % 100) as u8, false, put),
            Part::Month { short } => digits(month, short, put),
            Part::Day { short } => digits(day, short, put),
            Part::Hour { short } => digits(clock(time.hour()), short, put),
            Part::HourOf12 { short } => digits((clock(time.hour()) + 11) % 12 + 1, short, put),
            Part::Minute => digits(clock(time.minute()), false, put),
            Part::Second => digits(clock(time.second()), false, put),
            Part::Fraction(length) => {
                let mut unit = 100_000_000;
                for _ in 0..length {
                    digits((time.subsec_nanosecond() / unit % 10) as u8, true, put);
                    unit /= 10;
                }
            }
            Part::HalfDay => put(if time.hour() < 12 { "AM" } else { "PM" }),
            Part::MonthName { short } => {
                put(self.language.map_or("", |names| names.month(month, short)));
            }
            Part::DayName { short } => {
                let weekday = moment.date.weekday();
                put(self.language.map_or("", |names| names.day(weekday, short)));
            }
            Part::Offset { colon, zulu } => write_offset(moment.offset, colon, zulu, put),
            Part::Literal(sign) => put(sign.encode_utf8(&mut [0; 4])),
        }
    }
}

fn digits(number: u8, short: bool, put: &mut impl FnMut(&str)) {
    let pair = two_digits(number);
    let text = std::str::from_utf8(&pair).unwrap_or_default();
    let from = usize::from(short && number < 10);
    put(text.get(from..).unwrap_or_default());
}

fn write_offset(offset: Option<Offset>, colon: bool, zulu: bool, put: &mut impl FnMut(&str)) {
    let seconds = offset.map_or(0, Offset::seconds);
    if seconds == 0 && zulu {
        return put("Z");
    }
    put(if seconds < 0 { "-" } else { "+" });
    let minutes = seconds.unsigned_abs() / 60;
    digits((minutes / 60) as u8, false, put);
    if colon {
        put(":");
    }
    digits((minutes % 60) as u8, false, put);
}
