//! Local date and time to an instant, where clocks jump.
//!
//! A clock set back shows an hour twice, a clock set forward leaves one out. Source of the default:
//! RFC 5545, 3.3.5: a time that occurs twice is the first one, a time that does not occur is read
//! with the offset before the gap.

use jiff::civil;
use jiff::tz::TimeZone;

use super::DateTime;

/// What a local time becomes that occurs twice or not at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum OnAmbiguous {
    /// RFC 5545: the first of two; in a gap the offset before it, which is the later instant
    #[default]
    Compatible,
    Earlier,
    Later,
    Reject,
}

impl OnAmbiguous {
    /// The words of the mapping document.
    pub(crate) const WORDS: [(&'static str, Self); 4] = [
        ("compatible", Self::Compatible),
        ("earlier", Self::Earlier),
        ("later", Self::Later),
        ("reject", Self::Reject),
    ];

    /// The instant at which clocks in `zone` show `local`; `None` if it is refused.
    pub(crate) fn instant(self, local: civil::DateTime, zone: &TimeZone) -> Option<DateTime> {
        let found = zone.to_ambiguous_timestamp(local);
        let instant = match self {
            Self::Compatible => found.compatible(),
            Self::Earlier => found.earlier(),
            Self::Later => found.later(),
            Self::Reject => found.unambiguous(),
        };
        Some(DateTime::in_zone(instant.ok()?, zone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_jump() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let gap = civil::date(2026, 3, 29).at(2, 30, 0, 0);
        let twice = civil::date(2026, 10, 25).at(2, 30, 0, 0);
        let cases = [
            (
                OnAmbiguous::Compatible,
                "2026-03-29T03:30:00+02:00",
                "2026-10-25T02:30:00+02:00",
            ),
            (
                OnAmbiguous::Earlier,
                "2026-03-29T01:30:00+01:00",
                "2026-10-25T02:30:00+02:00",
            ),
            (
                OnAmbiguous::Later,
                "2026-03-29T03:30:00+02:00",
                "2026-10-25T02:30:00+01:00",
            ),
        ];
        for (rule, in_gap, when_twice) in cases {
            assert_eq!(rule.instant(gap, &berlin).unwrap().to_string(), in_gap);
            assert_eq!(
                rule.instant(twice, &berlin).unwrap().to_string(),
                when_twice
            );
        }
        assert_eq!(OnAmbiguous::Reject.instant(gap, &berlin), None);
        assert_eq!(OnAmbiguous::Reject.instant(twice, &berlin), None);
        let plain = civil::date(2026, 7, 1).at(12, 0, 0, 0);
        assert!(OnAmbiguous::Reject.instant(plain, &berlin).is_some());
    }
}
