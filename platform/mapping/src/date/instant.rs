//! RFC 3339 instants and the local date they fall on in a zone.

use jiff::civil::Time;
use jiff::tz::{Offset, TimeZone};

use super::{Date, DateTime};

/// Why a text is no instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InstantError {
    /// not of the form `2026-03-05T23:30:00-08:00`
    Form,
    /// date and time without an offset: not one instant
    NoOffset,
}

/// The date in `zone` at the RFC 3339 instant `text`.
pub(crate) fn local_date(text: &str, zone: &TimeZone) -> Result<Date, InstantError> {
    let instant = parse_rfc3339(text)?.instant();
    Date::from_civil(zone.to_datetime(instant).date()).ok_or(InstantError::Form)
}

/// The instant of an RFC 3339 text; digits after the ninth of a fraction are dropped.
pub(crate) fn parse_rfc3339(text: &str) -> Result<DateTime, InstantError> {
    let (date, rest) = text.split_at_checked(10).ok_or(InstantError::Form)?;
    let date = Date::parse_iso(date).ok_or(InstantError::Form)?;
    let clock = rest
        .strip_prefix(['T', 't', ' '])
        .ok_or(InstantError::Form)?;
    let (time, rest) = clock.split_at_checked(8).ok_or(InstantError::Form)?;
    let (hour, minute, second) = time_of_day(time.as_bytes()).ok_or(InstantError::Form)?;
    let (nanosecond, rest) = fraction(rest)?;
    let offset = offset(rest)?;
    let civil = date
        .civil()
        .and_then(|date| Some(date.to_datetime(Time::new(hour, minute, second, nanosecond).ok()?)))
        .ok_or(InstantError::Form)?;
    let instant = offset.to_timestamp(civil).map_err(|_| InstantError::Form)?;
    Ok(DateTime::new(instant, offset))
}

fn fraction(rest: &str) -> Result<(i32, &str), InstantError> {
    let Some(digits) = rest.strip_prefix('.') else {
        return Ok((0, rest));
    };
    let end = digits.bytes().take_while(u8::is_ascii_digit).count();
    if end == 0 {
        return Err(InstantError::Form);
    }
    let mut nanoseconds = 0;
    for place in 0..9 {
        let digit = digits.as_bytes().get(place).filter(|_| place < end);
        nanoseconds = nanoseconds * 10 + digit.map_or(0, |digit| i32::from(digit - b'0'));
    }
    Ok((nanoseconds, digits.get(end..).unwrap_or_default()))
}

fn offset(text: &str) -> Result<Offset, InstantError> {
    let seconds = match text.as_bytes() {
        [] => return Err(InstantError::NoOffset),
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), hour_tens, hour, b':', tens, unit] => {
            let hours = number(*hour_tens, *hour, 24).ok_or(InstantError::Form)?;
            let minutes = number(*tens, *unit, 60).ok_or(InstantError::Form)?;
            let size = i32::from(hours) * 3600 + i32::from(minutes) * 60;
            if *sign == b'-' { -size } else { size }
        }
        _ => return Err(InstantError::Form),
    };
    Offset::from_seconds(seconds).map_err(|_| InstantError::Form)
}

fn time_of_day(text: &[u8]) -> Option<(i8, i8, i8)> {
    let [hour_tens, hour, b':', minute_tens, minute, b':', tens, unit] = text else {
        return None;
    };
    let hours = number(*hour_tens, *hour, 24)?;
    let minutes = number(*minute_tens, *minute, 60)?;
    // a leap second counts as the one before: it cannot change the date
    let seconds = number(*tens, *unit, 61)?.min(59);
    Some((hours, minutes, seconds))
}

fn number(tens: u8, unit: u8, limit: i8) -> Option<i8> {
    if !tens.is_ascii_digit() || !unit.is_ascii_digit() {
        return None;
    }
    let number = i8::try_from((tens - b'0') * 10 + (unit - b'0')).ok()?;
    (number < limit).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_falls_on_a_local_date() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let pacific = TimeZone::get("America/Los_Angeles").unwrap();
        let cases = [
            ("2026-03-05T23:30:00Z", "2026-03-06", "2026-03-05"),
            ("2026-03-05T23:30:00-08:00", "2026-03-06", "2026-03-05"),
            ("2026-07-01T00:30:00.123+02:00", "2026-07-01", "2026-06-30"),
            ("1969-12-31t23:59:60z", "1970-01-01", "1969-12-31"),
        ];
        for (text, in_berlin, in_pacific) in cases {
            assert_eq!(
                local_date(text, &berlin).unwrap().to_string(),
                in_berlin,
                "{text}"
            );
            assert_eq!(
                local_date(text, &pacific).unwrap().to_string(),
                in_pacific,
                "{text}"
            );
        }
        assert_eq!(
            local_date("2026-03-05T23:30:00", &berlin),
            Err(InstantError::NoOffset)
        );
        for text in [
            "2026-03-05",
            "2026-02-30T00:00:00Z",
            "2026-03-05T24:00:00Z",
            "2026-03-05T23:30Z",
            "2026-03-05T23:30:00+0100",
            "äöüäöüäöü",
        ] {
            assert_eq!(local_date(text, &berlin), Err(InstantError::Form), "{text}");
        }
    }
}
