//! Values in a URL and in V2's JSON: how a property's value is written into `$filter`, and what
//! `/Date(…)/` means.

use serde::{Deserialize, Serialize};
use tributary_http_json::instant::written;

use crate::config::Version;

/// What of a property's type matters for a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Text,
    /// as it stands: numbers, booleans
    Bare,
    Long,
    Decimal,
    Guid,
    Date,
    /// V2, without a zone
    DateTime,
    DateTimeOffset,
    Time,
}

impl Kind {
    pub fn of(edm: &str) -> Self {
        match edm {
            "Edm.Guid" => Self::Guid,
            "Edm.Int64" => Self::Long,
            "Edm.Decimal" => Self::Decimal,
            "Edm.Date" | "Edm.TimeOfDay" => Self::Date,
            "Edm.DateTime" => Self::DateTime,
            "Edm.DateTimeOffset" => Self::DateTimeOffset,
            "Edm.Time" => Self::Time,
            "Edm.Byte" | "Edm.SByte" | "Edm.Int16" | "Edm.Int32" | "Edm.Double" | "Edm.Single"
            | "Edm.Boolean" => Self::Bare,
            _ => Self::Text,
        }
    }

    /// The literal of a value. None: the value can't be one of this kind, so it must not come into a
    /// filter as it stands.
    pub fn literal(self, value: &str, version: Version) -> Option<String> {
        let bare = |value: &str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.:".contains(&byte);
            (!value.is_empty() && value.bytes().all(plain)).then(|| value.to_owned())
        };
        Some(match (self, version) {
            (Self::Text, _) => format!("'{}'", value.replace('\'', "''")),
            (_, Version::V4) | (Self::Bare, _) => bare(value)?,
            (Self::Long, Version::V2) => format!("{}L", bare(value)?),
            (Self::Decimal, Version::V2) => format!("{}M", bare(value)?),
            (Self::Guid, Version::V2) => format!("guid'{}'", bare(value)?),
            (Self::Date | Self::DateTime, Version::V2) => {
                format!("datetime'{}'", bare(value.trim_end_matches(['Z', 'z']))?)
            }
            (Self::DateTimeOffset, Version::V2) => format!("datetimeoffset'{}'", bare(value)?),
            (Self::Time, Version::V2) => format!("time'{}'", bare(value)?),
        })
    }
}

/// ISO 8601 of V2's `/Date(1767225600000+0060)/`. The number is UTC either way; with an offset (in
/// minutes) it is an instant, without one a date and time of no zone.
pub fn iso(text: &str) -> Option<String> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let sign_at = inner.get(1..)?.find(['+', '-']).map(|at| at + 1);
    let (ticks, offset) = inner.split_at(sign_at.unwrap_or(inner.len()));
    if offset.len() > 1 && !offset.get(1..)?.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let ticks: i64 = ticks.parse().ok()?;
    // beyond the years 1 to 9999 it is no date
    if !(-62_135_596_800_000..=253_402_300_799_999).contains(&ticks) {
        return None;
    }
    let whole = written(ticks.div_euclid(1000));
    let whole = whole.trim_end_matches('Z');
    let fraction = match ticks.rem_euclid(1000) {
        0 => String::new(),
        ms => format!(".{ms:03}"),
    };
    let zone = if offset.is_empty() { "" } else { "Z" };
    Some(format!("{whole}{fraction}{zone}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_of_both_versions() {
        use Version::{V2, V4};
        for (edm, value, v4, v2) in [
            ("Edm.String", "O'Neil", "'O''Neil'", "'O''Neil'"),
            ("Edm.Int32", "-5", "-5", "-5"),
            ("Edm.Int64", "5", "5", "5L"),
            ("Edm.Decimal", "1.10", "1.10", "1.10M"),
            ("Edm.Guid", "ab-1", "ab-1", "guid'ab-1'"),
            (
                "Edm.DateTime",
                "2026-01-01T00:00:00",
                "2026-01-01T00:00:00",
                "datetime'2026-01-01T00:00:00'",
            ),
            (
                "Edm.DateTimeOffset",
                "2026-01-01T00:00:00Z",
                "2026-01-01T00:00:00Z",
                "datetimeoffset'2026-01-01T00:00:00Z'",
            ),
        ] {
            let kind = Kind::of(edm);
            assert_eq!(kind.literal(value, V4).as_deref(), Some(v4), "{edm}");
            assert_eq!(kind.literal(value, V2).as_deref(), Some(v2), "{edm}");
        }
        for value in ["1 or 1 eq 1", "", "x'y", "1)"] {
            assert_eq!(Kind::Bare.literal(value, V4), None, "{value}");
        }
    }

    #[test]
    fn dates_of_v2() {
        for (text, wanted) in [
            ("/Date(1767225600000)/", Some("2026-01-01T00:00:00")),
            (
                "/Date(1767225600123+0000)/",
                Some("2026-01-01T00:00:00.123Z"),
            ),
            ("/Date(1767225600000+0060)/", Some("2026-01-01T00:00:00Z")),
            ("/Date(-1-0060)/", Some("1969-12-31T23:59:59.999Z")),
            ("/Date(-62135596800000)/", Some("0001-01-01T00:00:00")),
            ("/Date(99999999999999999)/", None),
            ("/Date()/", None),
            ("/Date(1+x)/", None),
            ("Date(1)", None),
        ] {
            assert_eq!(iso(text).as_deref(), wanted, "{text}");
        }
    }
}
