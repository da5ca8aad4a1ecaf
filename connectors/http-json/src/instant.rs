//! Values of an incremental field: which of two is newer, and how the newest is asked for. Instants
//! (RFC 3339, any offset) count as instants, numbers by value, other text by its characters. The
//! text is kept as the source wrote it.

use serde::Deserialize;

/// How the value to start from is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SinceFormat {
    /// as the rows have it
    #[default]
    Same,
    Rfc3339,
    Date,
    UnixS,
    UnixMs,
}

/// Replaces `current` by `candidate` if that is newer.
pub fn keep(current: &mut Option<String>, candidate: Option<String>) {
    let Some(candidate) = candidate else {
        return;
    };
    let newer = match current {
        None => true,
        Some(current) => is_newer(&candidate, current),
    };
    if newer {
        *current = Some(candidate);
    }
}

/// Whether the one means later or more than the other.
#[must_use]
pub fn is_newer(candidate: &str, current: &str) -> bool {
    if let (Some(a), Some(b)) = (instant(candidate), instant(current)) {
        return a > b;
    }
    if let (Ok(a), Ok(b)) = (candidate.parse::<i128>(), current.parse::<i128>()) {
        return a > b;
    }
    if let (Ok(a), Ok(b)) = (candidate.parse::<f64>(), current.parse::<f64>()) {
        return a > b;
    }
    candidate > current
}

/// Seconds and nanoseconds since some day, of `2026-10-05T13:00:00.5+02:00`.
fn instant(text: &str) -> Option<(i64, u32)> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let bytes = text.as_bytes();
    let is = |at: usize, wanted: &[u8]| bytes.get(at).is_some_and(|byte| wanted.contains(byte));
    if text.len() == 10 && is(4, b"-") && is(7, b"-") {
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        return Some((days(year, month, day) * 86_400, 0));
    }
    if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":")) {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let mut rest = text.get(19..)?;
    let mut nanos = 0_u32;
    if let Some(fraction) = rest.strip_prefix('.') {
        let end = fraction
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(fraction.len());
        let digits: String = fraction.chars().take(end.min(9)).collect();
        nanos = format!("{digits:0<9}").parse().ok()?;
        rest = fraction.get(end..)?;
    }
    let offset_s = match rest {
        "Z" | "z" => 0,
        _ => {
            let sign = match rest.as_bytes().first()? {
                b'+' => 1,
                b'-' => -1,
                _ => return None,
            };
            let hours: i64 = rest.get(1..3)?.parse().ok()?;
            let minutes: i64 = rest.get(4..6)?.parse().ok()?;
            sign * (hours * 3600 + minutes * 60)
        }
    };
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    Some((seconds - offset_s, nanos))
}

/// The value to ask for: the newest one, earlier by the overlap, in the API's form.
///
/// # Errors
/// A value that is no instant and should become one.
pub fn asked(newest: &str, format: SinceFormat, overlap_s: u32) -> Result<String, String> {
    let overlap_s = i64::from(overlap_s);
    if format == SinceFormat::Same && overlap_s == 0 {
        return Ok(newest.to_owned());
    }
    let seconds = match (instant(newest), newest.trim().parse::<i64>()) {
        (Some((seconds, _)), _) => seconds - EPOCH_S,
        (None, Ok(number)) if format == SinceFormat::UnixMs => number.div_euclid(1000),
        (None, Ok(number)) if format != SinceFormat::Same => number,
        _ => {
            return Err(format!(
                "{newest:?} is no instant (2026-01-31T12:00:00Z), so it has no overlap and no other form; set `format`, or take `overlap_s` away"
            ));
        }
    };
    let seconds = seconds - overlap_s;
    Ok(match format {
        SinceFormat::UnixS => seconds.to_string(),
        SinceFormat::UnixMs => seconds.saturating_mul(1000).to_string(),
        SinceFormat::Date => written(seconds)
            .split('T')
            .next()
            .unwrap_or_default()
            .to_owned(),
        SinceFormat::Same | SinceFormat::Rfc3339 => written(seconds),
    })
}

/// Seconds from now of an HTTP date, `Wed, 21 Oct 2026 07:28:00 GMT`.
pub fn seconds_until(http_date: &str, now_ms: u64) -> Option<u64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let mut parts = http_date.split_once(',')?.1.split_whitespace();
    let day: i64 = parts.next()?.parse().ok()?;
    let month = parts.next()?;
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let year: i64 = parts.next()?.parse().ok()?;
    let mut clock = parts.next()?.split(':').map(str::parse::<i64>);
    let mut next = || clock.next()?.ok();
    let (hour, minute, second) = (next()?, next()?, next()?);
    let days = days(year, i64::try_from(month).ok()?, day);
    let at = days * 86_400 + hour * 3600 + minute * 60 + second - EPOCH_S;
    let now = i64::try_from(now_ms / 1000).ok()?;
    Some(u64::try_from(at - now).unwrap_or(0))
}

/// `2026-01-31T12:00:00Z` of seconds since 1970.
#[must_use]
pub fn written(seconds: i64) -> String {
    let since = seconds + EPOCH_S;
    let (day_number, second) = (since.div_euclid(86_400), since.rem_euclid(86_400));
    // the civil calendar, the other way round
    let era = day_number.div_euclid(146_097);
    let day_of_era = day_number.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5;
    let (day, month) = (day + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Days since 0000-03-01 (Howard Hinnant's civil calendar).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = if month > 2 { month - 3 } else { month + 9 };
    year * 365 + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month + 2) / 5
        + day
        - 1
}

/// 1970-01-01 in seconds since 0000-03-01.
const EPOCH_S: i64 = 719_468 * 86_400;

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_newest_is_asked_for_earlier_and_in_the_api_s_form() {
        use SinceFormat as F;
        for (newest, format, overlap_s, wanted) in [
            (
                "2026-10-05T13:00:00.5+02:00",
                F::Same,
                0,
                "2026-10-05T13:00:00.5+02:00",
            ),
            (
                "2026-10-05T13:00:00.5+02:00",
                F::Same,
                60,
                "2026-10-05T10:59:00Z",
            ),
            (
                "2024-03-01T00:00:10Z",
                F::Rfc3339,
                11,
                "2024-02-29T23:59:59Z",
            ),
            ("2026-10-05T13:00:00Z", F::UnixS, 0, "1791205200"),
            ("2026-10-05", F::UnixMs, 0, "1791158400000"),
            ("1791205200", F::UnixS, 200, "1791205000"),
            ("1791205200000", F::UnixMs, 1, "1791205199000"),
            ("2026-01-01T00:00:01Z", F::Date, 2, "2025-12-31"),
            ("4711", F::Same, 0, "4711"),
        ] {
            assert_eq!(
                asked(newest, format, overlap_s).unwrap(),
                wanted,
                "{newest}"
            );
        }
        assert!(asked("4711", F::Same, 5).is_err());
        assert!(asked("abc", F::UnixS, 0).is_err());
    }

    #[test]
    fn http_dates_are_waits() {
        let now_ms = 784_111_777_000;
        assert_eq!(
            seconds_until("Sun, 06 Nov 1994 08:50:37 GMT", now_ms),
            Some(60)
        );
        assert_eq!(
            seconds_until("Sun, 06 Nov 1994 08:00:00 GMT", now_ms),
            Some(0)
        );
        assert_eq!(seconds_until("soon", now_ms), None);
    }

    #[test]
    fn the_newer_value_wins_by_what_it_means() {
        for (older, newer) in [
            ("2026-10-05T13:00:00+02:00", "2026-10-05T12:00:00Z"),
            ("2026-10-05T12:00:00Z", "2026-10-05T12:00:00.000000001Z"),
            ("2026-02-28T23:59:59Z", "2026-03-01T00:00:00Z"),
            ("2025-12-31T23:30:00-01:00", "2026-01-01T00:31:00Z"),
            ("9", "10"),
            ("-2", "1"),
            ("1.5", "10.25"),
            ("abc", "abd"),
        ] {
            assert!(is_newer(newer, older), "{newer} {older}");
            assert!(!is_newer(older, newer), "{older} {newer}");
            assert!(!is_newer(newer, newer), "{newer}");
        }
        let mut current = None;
        keep(&mut current, None);
        assert_eq!(current, None);
        keep(&mut current, Some("5".to_owned()));
        keep(&mut current, Some("4".to_owned()));
        assert_eq!(current.as_deref(), Some("5"));
    }
}
