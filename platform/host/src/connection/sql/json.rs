//! Values as JSON text, without loss: decimals with all their digits, dates and times in ISO 8601,
//! bytes in base64, numbers that JSON does not have (`NaN`) as text.

use data_encoding::BASE64;

pub(crate) fn null(out: &mut Vec<u8>) {
    out.extend_from_slice(b"null");
}

pub(crate) fn raw(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

pub(crate) fn text(out: &mut Vec<u8>, text: &str) {
    // A vector takes everything.
    let _ = serde_json::to_writer(out, text);
}

pub(crate) fn bytes(out: &mut Vec<u8>, value: &[u8]) {
    text(out, &BASE64.encode(value));
}

/// JSON that a database keeps as text, on one line.
pub(crate) fn document(out: &mut Vec<u8>, value: &[u8]) {
    let blank = |byte: &u8| match byte {
        b'\n' | b'\r' => b' ',
        other => *other,
    };
    out.extend(value.iter().map(blank));
}

/// The shortest text that gives this very number.
pub(crate) fn double(out: &mut Vec<u8>, value: f64) {
    match value.is_finite() {
        true => raw(out, &format!("{value:?}")),
        false => text(out, infinite(value)),
    }
}

pub(crate) fn float(out: &mut Vec<u8>, value: f32) {
    match value.is_finite() {
        true => raw(out, &format!("{value:?}")),
        false => text(out, infinite(f64::from(value))),
    }
}

fn infinite(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// A decimal's digits as a JSON number: `007.50` is `7.50`, `.5` is `0.5`. What is no decimal is text.
pub(crate) fn decimal(out: &mut Vec<u8>, digits: &str) {
    let (sign, plain) = match digits.strip_prefix('-') {
        Some(plain) => ("-", plain),
        None => ("", digits.strip_prefix('+').unwrap_or(digits)),
    };
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return text(out, digits);
    }
    let whole = whole.trim_start_matches('0');
    raw(out, sign);
    raw(out, if whole.is_empty() { "0" } else { whole });
    if !fraction.is_empty() {
        out.push(b'.');
        raw(out, fraction);
    }
}

pub(crate) fn date((year, month, day): (i64, i64, i64)) -> String {
    format!("{year:04}-{month:02}-{day:02}")
}

/// `HH:MM:SS`, with a fraction if there is one. Hours may be more than 24.
pub(crate) fn clock(micros: u64) -> String {
    let seconds = micros / 1_000_000;
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{hour:02}:{minute:02}:{second:02}{}", fraction(micros))
}

fn fraction(micros: u64) -> String {
    match micros % 1_000_000 {
        0 => String::new(),
        rest => format!(".{rest:06}").trim_end_matches('0').to_owned(),
    }
}

/// A span as ISO 8601 has it: `P1Y2M3DT4H5M6.7S`; each part has a sign of its own.
pub(crate) fn duration(months: i32, days: i32, micros: i64) -> String {
    let mut span = String::from("P");
    let mut part = |amount: i64, unit: char| {
        if amount != 0 {
            span.push_str(&format!("{amount}{unit}"));
        }
    };
    part(i64::from(months / 12), 'Y');
    part(i64::from(months % 12), 'M');
    part(i64::from(days), 'D');
    if micros != 0 {
        let sign = if micros < 0 { "-" } else { "" };
        let whole = micros.unsigned_abs();
        let seconds = whole / 1_000_000;
        span.push('T');
        for (amount, unit) in [(seconds / 3_600, 'H'), (seconds / 60 % 60, 'M')] {
            if amount != 0 {
                span.push_str(&format!("{sign}{amount}{unit}"));
            }
        }
        if !whole.is_multiple_of(60_000_000) {
            span.push_str(&format!("{sign}{}{}S", seconds % 60, fraction(whole)));
        }
    }
    if span.len() == 1 {
        span.push_str("T0S");
    }
    span
}

#[cfg(test)]
mod tests {
    use tributary_model::clock::civil;

    use super::*;

    fn said(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_keep_their_digits_and_are_json() {
        for (digits, wanted) in [
            ("0", "0"),
            ("-0.50", "-0.50"),
            ("007.50", "7.50"),
            (".5", "0.5"),
            ("000", "0"),
            (
                "12345678901234567890123456789.123456789",
                "12345678901234567890123456789.123456789",
            ),
            ("NaN", "\"NaN\""),
            ("1e5", "\"1e5\""),
            ("", "\"\""),
        ] {
            assert_eq!(said(|out| decimal(out, digits)), wanted, "{digits}");
        }
        for (value, wanted) in [
            (0.1, "0.1"),
            (1.0, "1.0"),
            (1e300, "1e300"),
            (-2.5e-10, "-2.5e-10"),
            (f64::NAN, "\"NaN\""),
            (f64::NEG_INFINITY, "\"-Infinity\""),
        ] {
            let text = said(|out| double(out, value));
            assert_eq!(text, wanted);
            assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        }
        assert_eq!(said(|out| float(out, 0.1)), "0.1");
    }

    #[test]
    fn days_and_times_are_iso_8601() {
        for (days, wanted) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (11_016, "2000-02-29"),
            (20_778, "2026-11-21"),
            (-719_468, "0000-03-01"),
            (2_932_896, "9999-12-31"),
        ] {
            assert_eq!(date(civil(days)), wanted);
        }
        assert_eq!(clock(0), "00:00:00");
        assert_eq!(clock(86_399_999_999), "23:59:59.999999");
        assert_eq!(clock(3_600_500_000), "01:00:00.5");
        assert_eq!(duration(0, 0, 0), "PT0S");
        assert_eq!(duration(14, 3, 14_706_700_000), "P1Y2M3DT4H5M6.7S");
        assert_eq!(duration(0, -1, -1_500_000), "P-1DT-1.5S");
        assert_eq!(said(|out| document(out, b"{\"a\":\n1}")), "{\"a\": 1}");
        assert_eq!(said(|out| bytes(out, b"\x00\xff")), "\"AP8=\"");
    }
}
