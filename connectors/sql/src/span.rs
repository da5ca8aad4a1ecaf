//! Which part of a stream is read, and how far it was.

use serde::{Deserialize, Serialize};
use tributary_sdk::{Error, Result};
use tributary_sql_tables::kind::Kind;

use tributary_http_json::instant::{self, SinceFormat};

/// A column that rows are ordered by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub name: String,
    pub kind: Kind,
}

/// A part of the stream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub stream: String,
    /// what the ledger keeps its checkpoint under; none: the stream's own place
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// the cursor, then the key; or the key alone
    #[serde(default)]
    pub order: Vec<Order>,
    /// value of the cursor to start from, inclusive
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// only rows whose cursor is null: nothing can say whether they changed
    #[serde(default)]
    pub nulls: bool,
    /// first column of the key: from here, inclusive
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// to here, exclusive
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// the largest value of the cursor when all of this was planned
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
    /// how many parts were planned together
    #[serde(default)]
    pub parts: u32,
    /// when it was planned: the same start as last time is not the same read
    #[serde(default)]
    pub round: u64,
    /// change capture: where the log stood before this; a read of changes starts there
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// change capture: where the log is read up to; none: the table is read
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// Where reading stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub span: Span,
    /// values of the order's columns in the last row
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Vec<String>>,
    /// newest value of the cursor, or place in the log, so far
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<String>,
    pub done: bool,
}

/// The value to start from, as earlier runs leave it.
pub fn continued(stream: &str, read: &[Checkpoint]) -> Option<String> {
    let ours = || {
        let ours = |one: &&Checkpoint| one.done && one.span.stream == stream;
        read.iter().filter(ours)
    };
    let mut since = None;
    for one in ours().filter(|one| !one.span.nulls) {
        let Some(known) = &one.span.known else {
            // one snapshot, in the cursor's order: everything up to its newest value was there
            instant::keep(&mut since, one.newest.clone().or(one.span.since.clone()));
            continue;
        };
        // Parts have snapshots of their own, so only what was there when they were planned counts, and
        // only if all of them were read.
        let together = |other: &&Checkpoint| {
            other.span.round == one.span.round && other.span.parts == one.span.parts
        };
        if ours().filter(together).count() as u64 >= u64::from(one.span.parts) {
            instant::keep(&mut since, Some(known.clone()));
        }
    }
    since
}

/// A value of the cursor, earlier by the overlap, in the form that it has.
///
/// # Errors
/// A value that has no earlier one.
pub fn earlier(value: &str, kind: Kind, overlap: u32) -> Result<String> {
    if overlap == 0 {
        return Ok(value.to_owned());
    }
    if let Ok(number) = value.parse::<i64>() {
        return Ok(number.saturating_sub(i64::from(overlap)).to_string());
    }
    if kind == Kind::Date {
        let asked = instant::asked(value, SinceFormat::Date, overlap);
        return asked.map_err(Error::data);
    }
    let zoned = value.ends_with('Z')
        || value
            .get(19..)
            .is_some_and(|rest| rest.contains(['+', '-']));
    let whole = if zoned {
        value.to_owned()
    } else {
        format!("{value}Z")
    };
    let asked = instant::asked(&whole, SinceFormat::Same, overlap).map_err(|_| {
        Error::data(format!(
            "{value:?} is neither a number nor an instant, so it has no overlap"
        ))
    })?;
    // text is compared by its characters: it must keep its form
    let mut asked = asked.trim_end_matches('Z').to_owned();
    if value.get(10..11) == Some(" ") {
        asked = asked.replacen('T', " ", 1);
    }
    if zoned {
        asked.push('Z');
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn part(round: u64, known: &str, done: bool) -> Checkpoint {
        Checkpoint {
            span: Span {
                stream: "a".to_owned(),
                known: Some(known.to_owned()),
                parts: 2,
                round,
                ..Span::default()
            },
            done,
            ..Checkpoint::default()
        }
    }

    fn single(newest: &str, done: bool) -> Checkpoint {
        let mut single = part(3, "", done);
        single.span.known = None;
        single.newest = Some(newest.to_owned());
        single
    }

    #[test]
    fn the_next_run_starts_where_everything_before_is_known() {
        let since = |read: &[Checkpoint]| continued("a", read);
        assert_eq!(since(&[]), None);
        assert_eq!(since(&[single("5", false)]), None);
        assert_eq!(since(&[single("5", true)]).as_deref(), Some("5"));
        let all = [part(1, "7", true), part(1, "7", true)];
        assert_eq!(since(&all).as_deref(), Some("7"));
        assert_eq!(since(&[part(1, "7", true), part(1, "7", false)]), None);
        let mixed = [part(1, "7", true), part(2, "9", true), single("5", true)];
        assert_eq!(since(&mixed).as_deref(), Some("5"));
        let mut nulls = single("9", true);
        nulls.span.nulls = true;
        assert_eq!(since(&[nulls]), None);
        assert_eq!(continued("b", &mixed), None);
    }

    #[test]
    fn an_overlap_keeps_the_form() {
        for (value, kind, wanted) in [
            ("100", Kind::Integer, "40"),
            (
                "2026-01-02T00:00:30Z",
                Kind::Instant,
                "2026-01-01T23:59:30Z",
            ),
            (
                "2026-01-02T00:00:30.5",
                Kind::LocalTime,
                "2026-01-01T23:59:30",
            ),
            ("2026-01-02 00:00:30", Kind::Text, "2026-01-01 23:59:30"),
            ("2026-01-02", Kind::Date, "2026-01-01"),
        ] {
            assert_eq!(earlier(value, kind, 60).unwrap(), wanted);
        }
        assert!(earlier("abc", Kind::Text, 1).is_err());
        assert_eq!(earlier("abc", Kind::Text, 0).unwrap(), "abc");
    }
}
