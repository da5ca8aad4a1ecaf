//! RFC 3339 instants and the local date they fall on in a zone.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Date;

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
    let seconds = epoch_seconds(text)?;
    let stamp = Timestamp::from_second(seconds).map_err(|_| InstantError::Form)?;
    let local = zone.to_datetime(stamp).date();
    let part = |number: i8| u8::try_from(number).unwrap_or(0);
    let year = u16::try_from(local.year()).unwrap_or(0);
    Date::new(year, part(local.month()), part(local.day())).ok_or(InstantError::Form)
}

fn epoch_seconds(text: &str) -> Result<i64, InstantError> {
    let (date, rest) = text.split_at_checked(10).ok_or(InstantError::Form)?;
    let date = Date::parse_iso(date).ok_or(InstantError::Form)?;
    let clock = rest
        .strip_prefix(['T', 't', ' '])
        .ok_or(InstantError::Form)?;
    let (time, mut rest) = clock.split_at_checked(8).ok_or(InstantError::Form)?;
    let seconds_of_day = time_of_day(time.as_bytes()).ok_or(InstantError::Form)?;
    if let Some(fraction) = rest.strip_prefix('.') {
        let end = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if end == 0 {
            return Err(InstantError::Form);
        }
        rest = fraction.get(end..).unwrap_or_default();
    }
    let offset = match rest.as_bytes() {
        [] => return Err(InstantError::NoOffset),
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), hour_tens, hour, b':', tens, unit] => {
            let hours = number(*hour_tens, *hour, 24).ok_or(InstantError::Form)?;
            let minutes = number(*tens, *unit, 60).ok_or(InstantError::Form)?;
            let size = hours * 3600 + minutes * 60;
            if *sign == b'-' { -size } else { size }
        }
        _ => return Err(InstantError::Form),
    };
    Ok(days_since_epoch(date) * 86_400 + seconds_of_day - offset)
}

fn time_of_day(text: &[u8]) -> Option<i64> {
    let [hour_tens, hour, b':', minute_tens, minute, b':', tens, unit] = text else {
        return None;
    };
    let hours = number(*hour_tens, *hour, 24)?;
    let minutes = number(*minute_tens, *minute, 60)?;
    // a leap second counts as the one before: it cannot change the date
    let seconds = number(*tens, *unit, 61)?.min(59);
    Some(hours * 3600 + minutes * 60 + seconds)
}

fn number(tens: u8, unit: u8, limit: i64) -> Option<i64> {
    if !tens.is_ascii_digit() || !unit.is_ascii_digit() {
        return None;
    }
    let number = i64::from(tens - b'0') * 10 + i64::from(unit - b'0');
    (number < limit).then_some(number)
}

/// Days from 1970-01-01, proleptic Gregorian calendar (years start in March).
fn days_since_epoch(date: Date) -> i64 {
    let (year, month, day) = date.parts();
    let (year, month, day) = (i64::from(year), i64::from(month), i64::from(day));
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
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

    #[test]
    fn days_agree_with_jiff() {
        for (year, month, day) in [
            (1, 1, 1),
            (1600, 2, 29),
            (1970, 1, 1),
            (2000, 2, 29),
            (2026, 12, 31),
            (9998, 12, 31),
        ] {
            let ours = days_since_epoch(Date::new(year, month, day).unwrap());
            let civil = jiff::civil::date(year as i16, month as i8, day as i8);
            let theirs = civil
                .to_zoned(TimeZone::UTC)
                .unwrap()
                .timestamp()
                .as_second()
                / 86_400;
            assert_eq!(ours, theirs, "{year}-{month}-{day}");
        }
    }
}
