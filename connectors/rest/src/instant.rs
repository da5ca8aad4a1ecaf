//! The newer of two values of an incremental field: instants (RFC 3339, any offset) by instant,
//! numbers by value, other text by its characters. The text is kept as the source wrote it.

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

fn is_newer(candidate: &str, current: &str) -> bool {
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

/// Days since 0000-03-01 (Howard Hinnant's civil calendar).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = if month > 2 { month - 3 } else { month + 9 };
    year * 365 + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month + 2) / 5
        + day
}

#[cfg(test)]
mod tests {
    use super::*;

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
