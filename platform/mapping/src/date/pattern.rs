//! Fixed date patterns (`dd.MM.yyyy`), compiled once to a list of parts. The fast way: what has
//! names, short years or offsets is a [`super::Layout`].

use super::{Date, two_digits};

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    parts: Vec<Part>,
    fixed: Option<Fixed>,
}

/// A pattern of a day whose parts all have one length: what stands where.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fixed {
    length: usize,
    /// where year, month and day start
    places: [usize; 3],
    /// signs between them
    signs: Vec<(usize, u8)>,
}

impl Fixed {
    fn of(parts: &[Part]) -> Option<Self> {
        let mut fixed = Self {
            length: 0,
            places: [0; 3],
            signs: Vec::new(),
        };
        let [year, month, day] = &mut fixed.places;
        for part in parts {
            match part {
                Part::Year => *year = fixed.length,
                Part::Month => *month = fixed.length,
                Part::Day => *day = fixed.length,
                Part::Sign(sign) => fixed.signs.push((fixed.length, *sign)),
                _ => return None,
            }
            fixed.length += match part {
                Part::Year => 4,
                Part::Sign(_) => 1,
                _ => 2,
            };
        }
        Some(fixed)
    }

    #[inline]
    fn parse(&self, text: &[u8]) -> Option<Date> {
        let is_sign = |(place, sign): &(usize, u8)| text.get(*place) == Some(sign);
        if text.len() != self.length || !self.signs.iter().all(is_sign) {
            return None;
        }
        let [year, month, day] = self.places;
        let century = u16::from(digits(text, year)?);
        let year = century * 100 + u16::from(digits(text, year + 2)?);
        Date::new(year, digits(text, month)?, digits(text, day)?)
    }
}

/// Two digits at a place.
#[inline]
fn digits(text: &[u8], at: usize) -> Option<u8> {
    two(&mut text.get(at..)?)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Year,
    /// two digits
    Month,
    /// one or two digits
    MonthShort,
    Day,
    DayShort,
    /// two digits below the limit, read and not kept
    Clock(u8),
    /// a sign of one byte
    Sign(u8),
    Literal(char),
}

const WORDS: [(&str, Part); 8] = [
    ("yyyy", Part::Year),
    ("MM", Part::Month),
    ("M", Part::MonthShort),
    ("dd", Part::Day),
    ("d", Part::DayShort),
    ("HH", Part::Clock(24)),
    ("mm", Part::Clock(60)),
    ("ss", Part::Clock(60)),
];

impl Pattern {
    /// Compiles a pattern of `yyyy MM M dd d HH mm ss` and other signs, which stand for themselves.
    ///
    /// # Errors
    /// What is wrong with it, for the author.
    pub(crate) fn compile(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if !first.is_ascii_alphabetic() || first == 'T' {
                parts.push(match u8::try_from(first) {
                    Ok(sign) if sign.is_ascii() => Part::Sign(sign),
                    _ => Part::Literal(first),
                });
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
                continue;
            }
            let length = rest.chars().take_while(|sign| *sign == first).count();
            let word = rest.get(..length).unwrap_or_default();
            let Some((_, part)) = WORDS.iter().find(|(name, _)| *name == word) else {
                return Err(format!(
                    "{word:?} in {text:?} is not known; there are yyyy, MM, M, dd, d, HH, mm, ss and rfc3339"
                ));
            };
            parts.push(*part);
            rest = rest.get(length..).unwrap_or_default();
        }
        let has = |wanted: &[Part]| parts.iter().filter(|part| wanted.contains(part)).count() == 1;
        if has(&[Part::Year])
            && has(&[Part::Month, Part::MonthShort])
            && has(&[Part::Day, Part::DayShort])
        {
            Ok(Self {
                fixed: Fixed::of(&parts),
                parts,
            })
        } else {
            Err(format!(
                "{text:?} needs year (yyyy), month (MM or M) and day (dd or d), each once"
            ))
        }
    }

    /// The date that `text` holds, if it has this form and is on the calendar.
    pub(crate) fn parse(&self, text: &str) -> Option<Date> {
        if let Some(fixed) = &self.fixed {
            return fixed.parse(text.as_bytes());
        }
        let (mut year, mut month, mut day) = (0_u16, 0_u8, 0_u8);
        let mut rest = text.as_bytes();
        for part in &self.parts {
            match part {
                Part::Year => {
                    let century = two(&mut rest)?;
                    year = u16::from(century) * 100 + u16::from(two(&mut rest)?);
                }
                Part::Month => month = two(&mut rest)?,
                Part::MonthShort => month = one_or_two(&mut rest)?,
                Part::Day => day = two(&mut rest)?,
                Part::DayShort => day = one_or_two(&mut rest)?,
                Part::Clock(limit) => {
                    if two(&mut rest)? >= *limit {
                        return None;
                    }
                }
                Part::Sign(sign) => {
                    let (first, tail) = rest.split_first()?;
                    if first != sign {
                        return None;
                    }
                    rest = tail;
                }
                Part::Literal(sign) => {
                    let mut buffer = [0_u8; 4];
                    rest = rest.strip_prefix(sign.encode_utf8(&mut buffer).as_bytes())?;
                }
            }
        }
        if rest.is_empty() {
            Date::new(year, month, day)
        } else {
            None
        }
    }

    /// Whether it has a part that a date alone does not.
    pub(crate) fn has_clock(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Clock(_)))
    }

    /// Appends the date in this form.
    pub(crate) fn write(&self, date: Date, mut put: impl FnMut(&str)) {
        let (year, month, day) = date.parts();
        for part in &self.parts {
            match part {
                Part::Year => {
                    put(pair((year / 100) as u8).as_str());
                    put(pair((year % 100) as u8).as_str());
                }
                Part::Month => put(pair(month).as_str()),
                Part::Day => put(pair(day).as_str()),
                Part::MonthShort => put(pair(month).as_str().trim_start_matches('0')),
                Part::DayShort => put(pair(day).as_str().trim_start_matches('0')),
                Part::Clock(_) => {}
                Part::Sign(sign) => put(char::from(*sign).encode_utf8(&mut [0; 4])),
                Part::Literal(sign) => put(sign.encode_utf8(&mut [0; 4])),
            }
        }
    }
}

struct Pair([u8; 2]);

impl Pair {
    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

fn pair(number: u8) -> Pair {
    Pair(two_digits(number))
}

#[inline]
pub(super) fn two(rest: &mut &[u8]) -> Option<u8> {
    let (tens, tail) = rest.split_first()?;
    let (units, tail) = tail.split_first()?;
    if !tens.is_ascii_digit() || !units.is_ascii_digit() {
        return None;
    }
    *rest = tail;
    Some((tens - b'0') * 10 + (units - b'0'))
}

pub(super) fn one_or_two(rest: &mut &[u8]) -> Option<u8> {
    if let Some(number) = two(rest) {
        return Some(number);
    }
    let (digit, tail) = rest.split_first()?;
    if !digit.is_ascii_digit() {
        return None;
    }
    *rest = tail;
    Some(digit - b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_of_the_calendar() {
        let german = Pattern::compile("dd.MM.yyyy").unwrap();
        assert_eq!(
            german.parse("29.02.2024").unwrap().to_string(),
            "2024-02-29"
        );
        for text in [
            "29.02.2023",
            "31.04.2024",
            "00.01.2024",
            "01.13.2024",
            "1.1.2024",
            "01.01.24",
            "01.01.2024 ",
            "01-01-2024",
            "01.01.0000",
        ] {
            assert_eq!(german.parse(text), None, "{text}");
        }
        assert_eq!(Date::new(1900, 2, 29), None);
        assert!(Date::new(2000, 2, 29).is_some());
    }

    #[test]
    fn short_parts_and_clocks() {
        let short = Pattern::compile("M/d/yyyy").unwrap();
        assert_eq!(short.parse("3/7/2026").unwrap().to_string(), "2026-03-07");
        assert_eq!(short.parse("12/31/2026").unwrap().to_string(), "2026-12-31");
        let stamp = Pattern::compile("yyyy-MM-ddTHH:mm:ss").unwrap();
        assert_eq!(
            stamp.parse("2026-03-07T23:59:59").unwrap().to_string(),
            "2026-03-07"
        );
        assert_eq!(stamp.parse("2026-03-07T24:00:00"), None);
        let mut text = String::new();
        short.write(Date::new(2026, 3, 7).unwrap(), |piece| text.push_str(piece));
        assert_eq!(text, "3/7/2026");
    }

    #[test]
    fn patterns_that_would_guess_are_refused() {
        for text in ["dd.MM.yy", "dd.MM", "yyyy-MM-dd-dd", "MMM d yyyy", ""] {
            assert!(Pattern::compile(text).is_err(), "{text}");
        }
    }
}
