//! Places, numbers and dates of a sheet.

use tributary_model::clock::civil;

/// Columns that a sheet can have: XFD is the last.
pub(super) const MAX_COLUMNS: u32 = 16_384;

/// Rows that a sheet can have.
pub(super) const MAX_ROWS: u32 = 1_048_576;

/// Days from 1970-01-01 back to day 0 of the two date systems, 1899-12-30 and 1904-01-01.
const EPOCH_1900: i64 = -25_569;
const EPOCH_1904: i64 = -24_107;

const SECONDS_OF_DAY: i64 = 86_400;

/// What a number format makes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Date,
    DateTime,
    Time,
}

/// `C17` as column (from 0) and row (from 1); `None` when it is no place on a sheet.
pub(super) fn parse_reference(text: &str) -> Option<(u32, u32)> {
    let digits = text.find(|c: char| c.is_ascii_digit())?;
    let (letters, row) = text.split_at(digits);
    let mut column = 0_u32;
    if letters.is_empty() || letters.len() > 3 {
        return None;
    }
    for letter in letters.bytes() {
        if !letter.is_ascii_uppercase() {
            return None;
        }
        column = column * 26 + u32::from(letter - b'A') + 1;
    }
    let row: u32 = row.parse().ok()?;
    (column <= MAX_COLUMNS && (1..=MAX_ROWS).contains(&row)).then_some((column - 1, row))
}

/// The letters of a column, counted from 0.
pub(super) fn column_letters(column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(b'A' + u8::try_from(rest % 26).unwrap_or(0));
        rest /= 26;
    }
    letters.reverse();
    String::from_utf8(letters).unwrap_or_default()
}

/// The shortest text that stands for the same number; a workbook holds doubles. Valid JSON.
pub(crate) fn number_text(number: f64) -> String {
    let size = number.abs();
    if number == 0.0 {
        "0".to_owned()
    } else if (1e-7..1e21).contains(&size) {
        format!("{number}")
    } else {
        format!("{number:e}")
    }
}

/// The ISO form of a serial date; `None` when it is not on the calendar: negative, behind
/// 9999-12-31, or the 29th of February 1900, which the 1900 system has and the calendar has not.
///
/// The form follows the number format, so that it is the same in all rows of a column; a date
/// format does not hide a time of day, though. What is a time of day and no date is seen before seconds are
/// rounded: the last half second of a day is 23:59:59, not the day after.
pub(super) fn date_text(serial: f64, kind: Kind, date1904: bool) -> Option<String> {
    let limit = if date1904 { 2_957_004.0 } else { 2_958_466.0 };
    if !(0.0..limit).contains(&serial) {
        return None;
    }
    // Checked above: below 2^38.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked above"
    )]
    let rounded = (serial * 86_400.0).round() as i64;
    let time_alone = kind == Kind::Time && serial < 1.0;
    let seconds = match time_alone {
        true => rounded.min(SECONDS_OF_DAY - 1),
        false => rounded,
    };
    let (day, second) = (seconds / SECONDS_OF_DAY, seconds % SECONDS_OF_DAY);
    let time = format!(
        "{:02}:{:02}:{:02}",
        second / 3600,
        second / 60 % 60,
        second % 60
    );
    if time_alone {
        return Some(time);
    }
    let days = match (date1904, day) {
        (true, _) => day + EPOCH_1904,
        (false, 61..) => day + EPOCH_1900,
        (false, 1..=59) => day + EPOCH_1900 + 1,
        (false, _) => return None,
    };
    let (year, month, day) = civil(days);
    if year > 9999 {
        return None;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if kind == Kind::Date && second == 0 {
        Some(date)
    } else {
        Some(format!("{date}T{time}"))
    }
}

/// What a number format with this id does when the workbook does not define it (ECMA-376 18.8.30).
pub(super) fn built_in_kind(id: u32) -> Kind {
    match id {
        14..=17 | 27..=31 | 36 | 50..=54 | 57 | 58 => Kind::Date,
        22 => Kind::DateTime,
        18..=21 | 32..=35 | 45 | 47 | 55 | 56 => Kind::Time,
        _ => Kind::Number,
    }
}

/// What a number format code does. A length of time (`[h]:mm`) stays a number of days.
pub(super) fn format_kind(code: &str) -> Kind {
    let mut letters = String::new();
    let mut characters = code.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                let _ = characters.by_ref().find(|c| *c == '"');
            }
            '\\' | '_' | '*' => {
                characters.next();
            }
            '[' => {
                let inside: String = characters.by_ref().take_while(|c| *c != ']').collect();
                let inside = inside.to_ascii_lowercase();
                let elapsed = !inside.is_empty() && inside.chars().all(|c| "hms".contains(c));
                if elapsed {
                    return Kind::Number;
                }
            }
            // The first section is the one for dates.
            ';' => break,
            _ => letters.push(character.to_ascii_lowercase()),
        }
    }
    if letters.trim() == "general" {
        return Kind::Number;
    }
    let letters = letters.replace("am/pm", "h").replace("a/p", "h");
    let has = |wanted: &[char]| letters.contains(wanted);
    let time = has(&['h', 's']);
    let date = has(&['y', 'd']) || (has(&['m']) && !time);
    match (date, time) {
        (true, true) => Kind::DateTime,
        (true, false) => Kind::Date,
        (false, true) => Kind::Time,
        (false, false) => Kind::Number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_letters_and_digits() {
        for (text, column, row) in [
            ("A1", 0, 1),
            ("Z9", 25, 9),
            ("AA10", 26, 10),
            ("XFD1048576", 16_383, 1_048_576),
        ] {
            assert_eq!(parse_reference(text), Some((column, row)), "{text}");
            assert_eq!(format!("{}{row}", column_letters(column)), text);
        }
        for bad in [
            "", "A", "1", "a1", "A0", "XFE1", "A1048577", "AAAA1", "A-1", "A1B", "Ä1",
        ] {
            assert_eq!(parse_reference(bad), None, "{bad}");
        }
    }

    #[test]
    fn numbers_are_short_and_exact() {
        for (text, expected) in [
            ("1", "1"),
            ("1.0", "1"),
            ("-0", "0"),
            ("1.10", "1.1"),
            ("0.1", "0.1"),
            ("1.1000000000000001", "1.1"),
            ("19.989999999999998", "19.99"),
            ("0.30000000000000004", "0.30000000000000004"),
            ("1E-3", "0.001"),
            ("1.5E+300", "1.5e300"),
            ("-2e-10", "-2e-10"),
            ("123456789012345", "123456789012345"),
            ("100000000000000000000", "100000000000000000000"),
        ] {
            let number: f64 = text.parse().unwrap();
            let written = number_text(number);
            assert_eq!(written, expected);
            let read: f64 = serde_json::from_str(&written).unwrap();
            assert!(read == number, "{text}");
        }
    }

    #[test]
    fn serial_dates_in_both_systems() {
        use Kind::{Date, DateTime, Time};
        for (serial, kind, date1904, expected) in [
            (1.0, Date, false, Some("1900-01-01")),
            (59.0, Date, false, Some("1900-02-28")),
            (60.0, Date, false, None),
            (61.0, Date, false, Some("1900-03-01")),
            (45_292.0, Date, false, Some("2024-01-01")),
            (45_292.0, DateTime, false, Some("2024-01-01T00:00:00")),
            (45_292.5, Date, false, Some("2024-01-01T12:00:00")),
            (45_351.999_999, DateTime, false, Some("2024-03-01T00:00:00")),
            (0.75, Time, false, Some("18:00:00")),
            (0.0, Time, false, Some("00:00:00")),
            (0.999_99, Time, false, Some("23:59:59")),
            (0.999_994_3, Time, false, Some("23:59:59")),
            (0.999_999_9, Time, true, Some("23:59:59")),
            (1.0, Time, false, Some("1900-01-01T00:00:00")),
            (0.0, Date, false, None),
            (45_292.25, Time, false, Some("2024-01-01T06:00:00")),
            (0.0, Date, true, Some("1904-01-01")),
            (43_830.0, Date, true, Some("2024-01-01")),
            (2_958_465.0, Date, false, Some("9999-12-31")),
            (2_958_466.0, Date, false, None),
            (2_957_003.0, Date, true, Some("9999-12-31")),
            (-1.0, Date, false, None),
            (f64::NAN, Date, false, None),
            (f64::INFINITY, Date, true, None),
        ] {
            let found = date_text(serial, kind, date1904);
            assert_eq!(found.as_deref(), expected, "{serial} {kind:?} {date1904}");
        }
    }

    #[test]
    fn format_codes_tell_dates_from_numbers() {
        for (code, kind) in [
            ("General", Kind::Number),
            ("0.00", Kind::Number),
            ("#,##0.00 \"days\"", Kind::Number),
            ("0.00E+00", Kind::Number),
            ("[Red]0;[Blue]-0", Kind::Number),
            ("0\\d", Kind::Number),
            ("[h]:mm:ss", Kind::Number),
            ("yyyy-mm-dd", Kind::Date),
            ("dd.mm.yyyy;@", Kind::Date),
            ("[$-407]d. mmmm yyyy", Kind::Date),
            ("mmm", Kind::Date),
            ("dd/mm/yyyy hh:mm", Kind::DateTime),
            ("h:mm AM/PM", Kind::Time),
            ("mm:ss", Kind::Time),
            ("_-* #,##0.00_-", Kind::Number),
        ] {
            assert_eq!(format_kind(code), kind, "{code}");
        }
    }
}
