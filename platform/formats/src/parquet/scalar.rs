//! Values as JSON, by what the schema says they are.
//!
//! Invariants: decimals and whole numbers keep every digit; a date that is not on the calendar, a number
//! that JSON has no word for and bytes that are no UTF-8 are told and never written as something else.

use data_encoding::{BASE64, HEXLOWER};
use tributary_model::clock::civil;
use tributary_model::error_code::ErrorCode;

use super::schema::{Leaf, Meaning, Unit};
use super::values::Raw;
use crate::json::write_text;

/// From 1970-01-01 to the first and last day of years with four digits.
const FIRST_DAY: i64 = -719_162;
const LAST_DAY: i64 = 2_932_896;

const MILLIS_OF_DAY: i64 = 86_400_000;

/// Julian day number of 1970-01-01.
const JULIAN_EPOCH: i64 = 2_440_588;

/// Why a value cannot be written.
pub(super) struct BadValue {
    pub(super) code: ErrorCode,
    pub(super) message: String,
    pub(super) value: Vec<u8>,
}

/// Appends a value.
pub(super) fn write(out: &mut Vec<u8>, leaf: &Leaf, raw: Raw<'_>) -> Result<(), BadValue> {
    let bad = |code, what: String, value: &[u8]| BadValue {
        code,
        message: format!("column {:?} holds {what}", leaf.path),
        value: value.to_vec(),
    };
    match (leaf.meaning, raw) {
        (Meaning::Text, Raw::Bytes(bytes)) => match std::str::from_utf8(bytes) {
            Ok(text) => write_text(out, text),
            Err(_) => {
                let what = "text that is not UTF-8".to_owned();
                return Err(bad(ErrorCode::EncodingInvalid, what, bytes));
            }
        },
        (Meaning::Plain, Raw::Bytes(bytes)) => quoted(out, &BASE64.encode(bytes)),
        (Meaning::Uuid, Raw::Bytes(bytes)) => quoted(out, &uuid(bytes)),
        (Meaning::Interval, Raw::Bytes(bytes)) => quoted(out, &interval(bytes)),
        (Meaning::Decimal(scale), raw) => match unscaled(raw) {
            Some(number) => out.extend_from_slice(decimal(number, scale).as_bytes()),
            None => {
                let what = "a decimal of more than 38 digits".to_owned();
                return Err(bad(ErrorCode::ValueInvalid, what, b""));
            }
        },
        (Meaning::Unsigned(bits), raw) => {
            let mask = u64::MAX >> (64 - bits.clamp(1, 64));
            let number = whole(raw) as u64 & mask;
            out.extend_from_slice(number.to_string().as_bytes());
        }
        (Meaning::Date | Meaning::Time(_) | Meaning::Timestamp(..), raw) => {
            match moment(leaf.meaning, raw) {
                Some(text) => quoted(out, &text),
                None => {
                    let number = whole(raw).to_string();
                    let what =
                        format!("{number}, which is not on the calendar of the years 1 to 9999");
                    return Err(bad(ErrorCode::ValueInvalid, what, number.as_bytes()));
                }
            }
        }
        (Meaning::Float16, Raw::Bytes(&[low, high])) => {
            let number = half(u16::from_le_bytes([low, high]));
            return float(out, f64::from(number), number.to_string(), bad);
        }
        (_, Raw::Float(number)) => {
            return float(out, f64::from(number), short(number), bad);
        }
        (_, Raw::Double(number)) => {
            return float(out, number, crate::xlsx::number_text(number), bad);
        }
        (_, Raw::Boolean(value)) => out.extend_from_slice(value.to_string().as_bytes()),
        (_, raw) => out.extend_from_slice(whole(raw).to_string().as_bytes()),
    }
    Ok(())
}

fn quoted(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

fn float(
    out: &mut Vec<u8>,
    number: f64,
    text: String,
    bad: impl Fn(ErrorCode, String, &[u8]) -> BadValue,
) -> Result<(), BadValue> {
    if !number.is_finite() {
        let what = format!("{number}, which is no number");
        return Err(bad(ErrorCode::ValueInvalid, what, text.as_bytes()));
    }
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

/// As [`crate::xlsx::number_text`], for the shorter kind.
fn short(number: f32) -> String {
    let size = number.abs();
    if number == 0.0 {
        "0".to_owned()
    } else if (1e-7..1e21).contains(&size) {
        format!("{number}")
    } else {
        format!("{number:e}")
    }
}

fn whole(raw: Raw<'_>) -> i64 {
    match raw {
        Raw::Int32(number) => i64::from(number),
        Raw::Int64(number) => number,
        _ => 0,
    }
}

/// A decimal without its point; bytes are big-endian.
fn unscaled(raw: Raw<'_>) -> Option<i128> {
    let Raw::Bytes(bytes) = raw else {
        return Some(i128::from(whole(raw)));
    };
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let fill = if negative { 0xFF } else { 0 };
    let (front, back) = bytes.split_at(bytes.len().saturating_sub(16));
    let mut word = [fill; 16];
    word.get_mut(16 - back.len()..)?.copy_from_slice(back);
    let number = i128::from_be_bytes(word);
    let fits = front.iter().all(|byte| *byte == fill) && (number < 0) == negative;
    fits.then_some(number)
}

fn decimal(number: i128, scale: u32) -> String {
    let digits = number.unsigned_abs().to_string();
    let scale = scale as usize;
    let sign = if number < 0 { "-" } else { "" };
    if scale == 0 {
        return format!("{sign}{digits}");
    }
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (front, back) = digits.split_at(digits.len() - scale);
    format!("{sign}{front}.{back}")
}

/// The ISO form of a date, time or timestamp.
fn moment(meaning: Meaning, raw: Raw<'_>) -> Option<String> {
    match meaning {
        Meaning::Date => day(whole(raw)),
        Meaning::Time(unit) => {
            let (seconds, fraction) = split(whole(raw), unit);
            let in_day = (0..MILLIS_OF_DAY / 1000).contains(&seconds);
            in_day.then(|| clock(seconds, &fraction))
        }
        Meaning::Timestamp(unit, utc) => {
            let (seconds, fraction) = match raw {
                Raw::Bytes(bytes) => julian(bytes)?,
                raw => split(whole(raw), unit),
            };
            let date = day(seconds.div_euclid(MILLIS_OF_DAY / 1000))?;
            let time = clock(seconds.rem_euclid(MILLIS_OF_DAY / 1000), &fraction);
            Some(format!("{date}T{time}{}", if utc { "Z" } else { "" }))
        }
        _ => None,
    }
}

fn day(days: i64) -> Option<String> {
    if !(FIRST_DAY..=LAST_DAY).contains(&days) {
        return None;
    }
    let (year, month, day) = civil(days);
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

/// Seconds, and what is left of one as text: empty, or a point with as many digits as the unit has.
fn split(count: i64, unit: Unit) -> (i64, String) {
    let (per_second, digits) = match unit {
        Unit::Millis => (1_000, 3),
        Unit::Micros => (1_000_000, 6),
        Unit::Nanos => (1_000_000_000, 9),
    };
    let rest = count.rem_euclid(per_second);
    let fraction = if rest == 0 {
        String::new()
    } else {
        format!(".{rest:0digits$}")
    };
    (count.div_euclid(per_second), fraction)
}

fn clock(seconds: i64, fraction: &str) -> String {
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{hour:02}:{minute:02}:{second:02}{fraction}")
}

/// Nanoseconds of the day and Julian day, as old writers store timestamps in 12 bytes.
fn julian(bytes: &[u8]) -> Option<(i64, String)> {
    let (nanos, days) = bytes.split_at_checked(8)?;
    let nanos = i64::from_le_bytes(nanos.try_into().ok()?);
    let days = i64::from(i32::from_le_bytes(days.try_into().ok()?)) - JULIAN_EPOCH;
    let (seconds, fraction) = split(nanos, Unit::Nanos);
    Some((
        days.checked_mul(MILLIS_OF_DAY / 1000)?
            .checked_add(seconds)?,
        fraction,
    ))
}

fn uuid(bytes: &[u8]) -> String {
    let mut text = HEXLOWER.encode(bytes);
    for at in [20, 16, 12, 8] {
        if text.is_char_boundary(at) {
            text.insert(at, '-');
        }
    }
    text
}

/// Months, days and milliseconds as ISO 8601 has lengths of time.
fn interval(bytes: &[u8]) -> String {
    let mut parts = bytes.chunks(4).map(|part| {
        let part = part.try_into().map(u32::from_le_bytes);
        part.unwrap_or_default()
    });
    let mut part = || i64::from(parts.next().unwrap_or_default());
    let (months, days, millis) = (part(), part(), part());
    let (seconds, fraction) = split(millis, Unit::Millis);
    format!("P{months}M{days}DT{seconds}{fraction}S")
}

/// IEEE 754 binary16.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from(bits >> 10 & 0x1F);
    let fraction = f32::from(bits & 0x3FF);
    sign * match exponent {
        0 => fraction * 2.0_f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1024.0 + fraction) * 2.0_f32.powi(exponent - 25),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parquet::schema::Physical;

    fn written(meaning: Meaning, raw: Raw<'_>) -> Result<String, String> {
        let leaf = Leaf {
            path: "a".to_owned(),
            physical: Physical::Bytes,
            length: 0,
            meaning,
            definition: 0,
            repetition: 0,
        };
        let mut out = Vec::new();
        write(&mut out, &leaf, raw).map_err(|bad| bad.message)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn values_as_json() {
        use Meaning::{Date, Decimal, Float16, Interval, Plain, Time, Timestamp, Unsigned, Uuid};
        let sixteen: Vec<u8> = (0..16).collect();
        let (first, last) = (-62_135_596_800_000, 253_402_300_799_999);
        for (meaning, raw, expected) in [
            (Plain, Raw::Boolean(true), "true"),
            (Plain, Raw::Int64(i64::MIN), "-9223372036854775808"),
            (Plain, Raw::Float(0.1), "0.1"),
            (Plain, Raw::Double(-0.0), "0"),
            (Plain, Raw::Double(1e300), "1e300"),
            (Plain, Raw::Bytes(b"\xFF\x00"), "\"/wA=\""),
            (Unsigned(32), Raw::Int32(-1), "4294967295"),
            (Unsigned(8), Raw::Int32(-1), "255"),
            (Unsigned(64), Raw::Int64(-1), "18446744073709551615"),
            (Decimal(2), Raw::Int32(-5), "-0.05"),
            (Decimal(0), Raw::Int64(7), "7"),
            (Decimal(3), Raw::Bytes(&[0xFF, 0x85]), "-0.123"),
            (Decimal(1), Raw::Bytes(&[]), "0.0"),
            (
                Decimal(2),
                Raw::Bytes(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
                "0.01",
            ),
            (Date, Raw::Int32(19_782), "\"2024-02-29\""),
            (Date, Raw::Int32(-719_162), "\"0001-01-01\""),
            (
                Time(Unit::Millis),
                Raw::Int32(3_661_001),
                "\"01:01:01.001\"",
            ),
            (Time(Unit::Nanos), Raw::Int64(1_000_000_000), "\"00:00:01\""),
            (
                Timestamp(Unit::Millis, true),
                Raw::Int64(first),
                "\"0001-01-01T00:00:00Z\"",
            ),
            (
                Timestamp(Unit::Millis, false),
                Raw::Int64(last),
                "\"9999-12-31T23:59:59.999\"",
            ),
            (
                Timestamp(Unit::Micros, false),
                Raw::Int64(-1),
                "\"1969-12-31T23:59:59.999999\"",
            ),
            (
                Timestamp(Unit::Nanos, false),
                Raw::Bytes(&[1, 0, 0, 0, 0, 0, 0, 0, 0x8C, 0x3D, 0x25, 0]),
                "\"1970-01-01T00:00:00.000000001\"",
            ),
            (
                Uuid,
                Raw::Bytes(&sixteen),
                "\"00010203-0405-0607-0809-0a0b0c0d0e0f\"",
            ),
            (
                Interval,
                Raw::Bytes(&[14, 0, 0, 0, 3, 0, 0, 0, 0xDC, 5, 0, 0]),
                "\"P14M3DT1.500S\"",
            ),
            (Float16, Raw::Bytes(&[0, 0x3C]), "1"),
            (Float16, Raw::Bytes(&[0x01, 0x80]), "-0.000000059604645"),
        ] {
            assert_eq!(
                written(meaning, raw).as_deref(),
                Ok(expected),
                "{meaning:?} {raw:?}"
            );
        }
    }

    #[test]
    fn values_that_cannot_be_are_told() {
        let long = [1; 17];
        for (meaning, raw, word) in [
            (Meaning::Text, Raw::Bytes(b"\xFF"), "UTF-8"),
            (Meaning::Plain, Raw::Double(f64::NAN), "NaN"),
            (Meaning::Plain, Raw::Float(f32::INFINITY), "inf"),
            (Meaning::Float16, Raw::Bytes(&[0, 0x7C]), "inf"),
            (Meaning::Decimal(2), Raw::Bytes(&long), "38 digits"),
            (Meaning::Date, Raw::Int32(i32::MAX), "calendar"),
            (Meaning::Time(Unit::Millis), Raw::Int32(-1), "calendar"),
            (
                Meaning::Time(Unit::Micros),
                Raw::Int64(86_400_000_000),
                "calendar",
            ),
            (
                Meaning::Timestamp(Unit::Millis, true),
                Raw::Int64(i64::MAX),
                "calendar",
            ),
        ] {
            let message = written(meaning, raw).unwrap_err();
            assert!(message.contains(word), "{message}");
        }
    }
}
