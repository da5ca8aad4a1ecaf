//! Dates as people write them, without a pattern.
//!
//! Invariant: a text has one reading or is refused: where day and month could be exchanged and no
//! locale says which comes first, both readings are given back; a year of two digits needs a pivot.
//! Deliberately absent: dates without a year, relative dates, instants (their day needs a zone).

use super::Date;
use super::layout::full_year;
use super::names::Language;

/// Which of day and month comes first where the year is last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    DayFirst,
    MonthFirst,
}

/// How a text is to be read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reader {
    pub(crate) order: Option<Order>,
    /// whose names are read; none: those of all languages
    pub(crate) language: Option<&'static Language>,
    /// two-digit years below it are 20yy, the others 19yy
    pub(crate) century_pivot: Option<u8>,
}

/// Why a text is no date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MessyError {
    Form,
    Ambiguous(Date, Date),
    /// the year has two digits, and nothing says which century
    Century,
    /// an instant with an offset: its day depends on the zone
    Instant,
}

/// Most words and numbers of a date.
const MAX_TOKENS: usize = 8;

/// Words between the parts of a date, and endings of ordinal numbers.
const FILLERS: [&str; 14] = [
    "of", "the", "de", "del", "den", "der", "dem", "le", "il", "st", "nd", "rd", "th", "er",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'t> {
    /// value and number of digits
    Number(u32, usize),
    Word(&'t str),
}

impl Reader {
    /// The date that `text` says.
    pub(crate) fn read(&self, text: &str) -> Result<Date, MessyError> {
        let day = without_time(text.trim())?;
        let tokens = tokens(day).ok_or(MessyError::Form)?;
        let mut numbers = tokens.iter().filter_map(|token| match token {
            Token::Number(value, digits) => Some((*value, *digits)),
            Token::Word(_) => None,
        });
        let found = [numbers.next(), numbers.next(), numbers.next()];
        if numbers.next().is_some() {
            return Err(MessyError::Form);
        }
        let (month, weekday) = self.names(&tokens)?;
        let candidates = match (found, month) {
            ([Some(one), None, None], None) => self.compact(one)?,
            ([Some(one), Some(two), Some(three)], None) => self.numeric(one, two, three)?,
            ([Some(one), Some(two), None], Some(month)) => {
                vec![self.named(one, two, month)?]
            }
            _ => return Err(MessyError::Form),
        };
        let mut dates: Vec<Date> = candidates.into_iter().flatten().collect();
        dates.sort_unstable();
        dates.dedup();
        dates.retain(|date| weekday.is_none_or(|weekday| weekday == date.weekday()));
        match dates.as_slice() {
            [date] => Ok(*date),
            [one, two, ..] => Err(MessyError::Ambiguous(*one, *two)),
            [] => Err(MessyError::Form),
        }
    }

    /// The month and the day of the week that the words name. The last name of a month is the month:
    /// `mar` may be a Tuesday before it.
    fn names(&self, tokens: &[Token<'_>]) -> Result<(Option<u8>, Option<u8>), MessyError> {
        let (mut month, mut weekday) = (None, None);
        for token in tokens.iter().rev() {
            let Token::Word(word) = token else {
                continue;
            };
            let named_month = self
                .languages()
                .find_map(|l| whole(l.read_month(word), word));
            let named_day = self.languages().find_map(|l| whole(l.read_day(word), word));
            if month.is_none() && named_month.is_some() {
                month = named_month;
            } else if weekday.is_none() && named_day.is_some() {
                weekday = named_day;
            } else if !FILLERS
                .iter()
                .any(|filler| filler.eq_ignore_ascii_case(word))
            {
                return Err(MessyError::Form);
            }
        }
        Ok((month, weekday))
    }

    fn languages(&self) -> impl Iterator<Item = &'static Language> {
        let only = self.language;
        Language::ALL
            .into_iter()
            .filter(move |language| only.is_none_or(|only| only == *language))
    }

    /// Day, month, year by the order; both orders if none is said.
    fn ordered(&self, one: u32, two: u32, year: u32) -> Vec<Option<Date>> {
        let day_first = || date(year, two, one);
        let month_first = || date(year, one, two);
        match self.order {
            Some(Order::DayFirst) => vec![day_first()],
            Some(Order::MonthFirst) => vec![month_first()],
            None => vec![day_first(), month_first()],
        }
    }

    /// Eight digits.
    fn compact(&self, (value, digits): (u32, usize)) -> Result<Vec<Option<Date>>, MessyError> {
        if digits != 8 {
            return Err(MessyError::Form);
        }
        let mut dates = vec![date(value / 10_000, value / 100 % 100, value % 100)];
        dates.extend(self.ordered(value / 1_000_000, value / 10_000 % 100, value % 10_000));
        // without separators only years of our time are years
        for found in &mut dates {
            *found = found.filter(|date| (1800..2200).contains(&date.parts().0));
        }
        Ok(dates)
    }

    fn numeric(
        &self,
        (one, digits): (u32, usize),
        (two, of_two): (u32, usize),
        (three, of_three): (u32, usize),
    ) -> Result<Vec<Option<Date>>, MessyError> {
        if of_two > 2 {
            return Err(MessyError::Form);
        }
        match (digits, of_three) {
            (4, 1 | 2) => Ok(vec![date(one, two, three)]),
            (1 | 2, 4) => Ok(self.ordered(one, two, three)),
            (2, 2) | (1, 2) => {
                let mut dates = self.ordered(one, two, self.year(three, of_three)?);
                if self.order.is_none() && digits == 2 {
                    dates.push(date(self.year(one, digits)?, two, three));
                }
                Ok(dates)
            }
            _ => Err(MessyError::Form),
        }
    }

    /// A day and a year around the name of a month.
    fn named(
        &self,
        (one, digits): (u32, usize),
        (two, of_two): (u32, usize),
        month: u8,
    ) -> Result<Option<Date>, MessyError> {
        let month = u32::from(month);
        match (digits, of_two) {
            (4, 1 | 2) => Ok(date(one, month, two)),
            (1 | 2, 4) => Ok(date(two, month, one)),
            // day and month stand before a short year in all languages
            (1 | 2, 2) => Ok(date(self.year(two, of_two)?, month, one)),
            _ => Err(MessyError::Form),
        }
    }

    fn year(&self, value: u32, digits: usize) -> Result<u32, MessyError> {
        if digits != 2 {
            return Err(MessyError::Form);
        }
        let pivot = self.century_pivot.ok_or(MessyError::Century)?;
        let year = u8::try_from(value).map_err(|_| MessyError::Form)?;
        Ok(u32::from(full_year(year, pivot)))
    }
}

fn whole(found: Option<(u8, usize)>, word: &str) -> Option<u8> {
    found
        .filter(|(_, length)| *length == word.len())
        .map(|(number, _)| number)
}

fn date(year: u32, month: u32, day: u32) -> Option<Date> {
    Date::new(
        u16::try_from(year).ok()?,
        u8::try_from(month).ok()?,
        u8::try_from(day).ok()?,
    )
}

/// The day in front of a time of day, which must be one.
fn without_time(text: &str) -> Result<&str, MessyError> {
    let Some(colon) = text.find(':') else {
        return Ok(text);
    };
    let before = text.get(..colon).unwrap_or_default();
    let digits = before.trim_end_matches(|sign: char| sign.is_ascii_digit());
    let time = text.get(digits.len()..).unwrap_or_default();
    let day = digits
        .strip_suffix(['T', 't'])
        .or_else(|| digits.strip_suffix(char::is_whitespace))
        .ok_or(MessyError::Form)?;
    let upper = time.trim().to_ascii_uppercase();
    let clock = upper
        .strip_suffix("AM")
        .or_else(|| upper.strip_suffix("PM"))
        .unwrap_or(&upper)
        .trim_end();
    if clock.ends_with('Z') || clock.contains(['+', '-']) {
        return Err(MessyError::Instant);
    }
    let mut limits = [24, 60, 60].into_iter();
    for piece in clock.split(':') {
        let limit = limits.next().ok_or(MessyError::Form)?;
        let (number, fraction) = piece.split_once('.').unwrap_or((piece, "0"));
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let fits = number.parse::<u32>().is_ok_and(|number| number < limit);
        if !fits || number.len() > 2 || !is_digits(number) || !is_digits(fraction) {
            return Err(MessyError::Form);
        }
    }
    Ok(day.trim_end_matches([',', ' ']))
}

/// Numbers and words; `None` if there is anything else, or too much.
fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if tokens.len() == MAX_TOKENS {
            return None;
        }
        let is_same: fn(char) -> bool = if first.is_ascii_digit() {
            |sign| sign.is_ascii_digit()
        } else if first.is_alphabetic() {
            char::is_alphabetic
        } else if first.is_whitespace() || ['.', '/', '-', ',', 'º', 'ª'].contains(&first) {
            rest = rest.get(first.len_utf8()..)?;
            continue;
        } else {
            return None;
        };
        let end = rest.find(|sign| !is_same(sign)).unwrap_or(rest.len());
        let (token, after) = rest.split_at_checked(end)?;
        tokens.push(if first.is_ascii_digit() {
            let value = token.parse().ok().filter(|_| token.len() <= 8)?;
            Token::Number(value, token.len())
        } else {
            Token::Word(token)
        });
        rest = after;
    }
    // a sign in front would make the first number a negative one
    (!text.starts_with(['-', '/', '.', ','])).then_some(tokens)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_text_panics(text in "[0-9]{0,4}[ ./,:TZ+-]?\\PC{0,12}[ ./,:-]?[0-9]{0,5}") {
            let _read = Reader::default().read(&text);
        }

        #[test]
        fn what_is_written_reads_back(number in -700_000_i64..2_900_000) {
            let date = Date::from_day_number(number).unwrap();
            prop_assert_eq!(Reader::default().read(&date.to_string()), Ok(date));
        }
    }

    fn shown(reader: Reader, text: &str) -> String {
        match reader.read(text) {
            Ok(date) => date.to_string(),
            Err(MessyError::Ambiguous(one, two)) => format!("{one} or {two}"),
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn without_a_locale_only_what_is_certain() {
        let cases = [
            ("2026-03-07", "2026-03-07"),
            ("2026/3/7", "2026-03-07"),
            ("20260307", "2026-03-07"),
            ("25.12.2026", "2026-12-25"),
            ("12/25/2026", "2026-12-25"),
            ("03/03/2026", "2026-03-03"),
            ("03/04/2026", "2026-03-04 or 2026-04-03"),
            ("07032026", "2026-03-07 or 2026-07-03"),
            ("7. März 2026", "2026-03-07"),
            ("Mar 7, 2026", "2026-03-07"),
            ("March 7th, 2026", "2026-03-07"),
            ("7 de marzo de 2026", "2026-03-07"),
            ("sáb., 7 mar 2026", "2026-03-07"),
            ("mar 3 mar 2026", "2026-03-03"),
            ("1er août 2026", "2026-08-01"),
            ("07-MAR-2026", "2026-03-07"),
            ("7Mar2026", "2026-03-07"),
            ("2026 March 7", "2026-03-07"),
            ("Saturday, 03/07/2026", "2026-03-07"),
            ("2026-03-07 13:05:09.5", "2026-03-07"),
            ("3/17/2026, 1:05 PM", "2026-03-17"),
            ("2026-03-07T13:05", "2026-03-07"),
            ("2026-03-07T13:05Z", "Instant"),
            ("2026-03-07T13:05:00-08:00", "Instant"),
            ("03/17/26", "Century"),
            ("7 Mar 26", "Century"),
            ("Monday, 7 March 2026", "Form"),
            ("30.02.2026", "Form"),
            ("March 2026", "Form"),
            ("7.3.", "Form"),
            ("2026", "Form"),
            ("", "Form"),
            ("tomorrow", "Form"),
            ("-2026-03-07", "Form"),
            ("1 2 3 4", "Form"),
            ("2026-03-07 25:00", "Form"),
            ("2026-03-07 10:00:00:00", "Form"),
            ("2026_03_07", "Form"),
            ("99999999999999999999", "Form"),
            (":", "Form"),
            ("a b c d e f g h i j", "Form"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(Reader::default(), text), expected, "{text:?}");
        }
    }

    #[test]
    fn locale_and_pivot_decide() {
        let german = Reader {
            order: Some(Order::DayFirst),
            language: Language::named("de"),
            century_pivot: Some(50),
        };
        let american = Reader {
            order: Some(Order::MonthFirst),
            language: Language::named("en"),
            century_pivot: Some(50),
        };
        let cases = [
            ("03.04.2026", "2026-04-03", "2026-03-04"),
            ("3/4/26", "2026-04-03", "2026-03-04"),
            ("25/12/2026", "2026-12-25", "Form"),
            ("7. Dez. 49", "2049-12-07", "Form"),
            ("7 Dec 50", "Form", "1950-12-07"),
            ("Di, 7.4.2026", "2026-04-07", "Form"),
        ];
        for (text, in_german, in_american) in cases {
            assert_eq!(shown(german, text), in_german, "{text:?}");
            assert_eq!(shown(american, text), in_american, "{text:?}");
        }
    }
}
