//! Values as the server prints them, as JSON: the very forms that a query's values have
//! ([`super::super::values`]), so that a row is the same whichever way it came.
//!
//! Invariants: the session prints dates in ISO form, UTC, intervals in ISO 8601, bytes as hex
//! ([`super::SETTINGS`]); what does not read as its type is text as it came, so no value is lost.

use std::collections::HashMap;

use tokio_postgres::types::{Kind, Type};

use super::super::values;
use crate::connection::sql::json;

/// Deepest nesting of arrays and domains.
const MAX_DEPTH: usize = 8;

/// Types that are not built in: a domain is what it is made of; all others are text.
#[derive(Debug, Default)]
pub(super) struct Types {
    pub(super) bases: HashMap<u32, u32>,
}

impl Types {
    fn of(&self, oid: u32) -> Option<Type> {
        let mut oid = oid;
        for _ in 0..MAX_DEPTH {
            match self.bases.get(&oid) {
                Some(base) => oid = *base,
                None => break,
            }
        }
        Type::from_oid(oid)
    }

    /// Writes a value of the type `oid`; `None` if it is no text in UTF-8.
    pub(super) fn write(&self, oid: u32, value: &[u8], out: &mut Vec<u8>) -> Option<()> {
        let value = std::str::from_utf8(value).ok()?;
        match self.of(oid) {
            Some(kind) => write(&kind, value, out),
            None => json::text(out, value),
        }
        Some(())
    }
}

fn write(kind: &Type, value: &str, out: &mut Vec<u8>) {
    if let Kind::Array(inner) = kind.kind()
        && values::is_plain(inner)
    {
        let start = out.len();
        if array(inner, value, out).is_none() {
            out.truncate(start);
            json::text(out, value);
        }
        return;
    }
    match *kind {
        Type::BOOL => json::raw(out, if value == "t" { "true" } else { "false" }),
        Type::INT2 | Type::INT4 | Type::INT8 | Type::OID | Type::NUMERIC => {
            json::decimal(out, value);
        }
        Type::MONEY => json::decimal(out, &money(value)),
        Type::FLOAT4 => match value.parse() {
            Ok(number) => json::float(out, number),
            Err(_) => json::text(out, value),
        },
        Type::FLOAT8 => match value.parse() {
            Ok(number) => json::double(out, number),
            Err(_) => json::text(out, value),
        },
        Type::BYTEA => match hex(value) {
            Some(bytes) => json::bytes(out, &bytes),
            None => json::text(out, value),
        },
        Type::JSON | Type::JSONB => json::document(out, value.as_bytes()),
        Type::DATE => json::text(out, &day(value)),
        Type::TIMESTAMP => json::text(out, &instant(value)),
        Type::TIMESTAMPTZ => json::text(out, &zoned(value)),
        Type::TIMETZ => json::text(out, &zoned_time(value)),
        Type::INET => json::text(out, &address(value)),
        _ => json::text(out, value),
    }
}

/// Without the currency's sign and the marks between thousands (the session's locale is C).
fn money(value: &str) -> String {
    let kept = |c: &char| c.is_ascii_digit() || matches!(c, '-' | '.');
    value.chars().filter(kept).collect()
}

fn hex(value: &str) -> Option<Vec<u8>> {
    let digits = value.strip_prefix("\\x")?;
    data_encoding::HEXLOWER.decode(digits.as_bytes()).ok()
}

/// `0044-03-15 BC` is the year -43 of ISO 8601.
fn day(value: &str) -> String {
    let Some(before) = value.strip_suffix(" BC") else {
        return value.to_owned();
    };
    let Some((year, rest)) = before.split_once('-') else {
        return value.to_owned();
    };
    match year.parse::<i64>() {
        Ok(year) => format!("{:04}-{rest}", 1 - year),
        Err(_) => value.to_owned(),
    }
}

fn instant(value: &str) -> String {
    let (plain, era) = match value.strip_suffix(" BC") {
        Some(plain) => (plain, " BC"),
        None => (value, ""),
    };
    match plain.split_once(' ') {
        Some((date, clock)) => format!("{}T{clock}", day(&format!("{date}{era}"))),
        None => value.to_owned(),
    }
}

/// The session's zone is UTC.
fn zoned(value: &str) -> String {
    let (plain, era) = match value.strip_suffix(" BC") {
        Some(plain) => (plain, " BC"),
        None => (value, ""),
    };
    match plain.strip_suffix("+00") {
        Some(plain) => format!("{}Z", instant(&format!("{plain}{era}"))),
        None => value.to_owned(),
    }
}

/// `09:33:45+02` is `09:33:45+02:00`; seconds of a zone are left out.
fn zoned_time(value: &str) -> String {
    let Some(place) = value.rfind(['+', '-']) else {
        return value.to_owned();
    };
    let (clock, zone) = value.split_at(place);
    match zone.len() {
        3 => format!("{clock}{zone}:00"),
        _ => format!("{clock}{}", zone.get(..6).unwrap_or(zone)),
    }
}

/// A query casts it to text, which tells the length of the mask of a single address, too.
fn address(value: &str) -> String {
    match (value.contains('/'), value.contains(':')) {
        (true, _) => value.to_owned(),
        (false, true) => format!("{value}/128"),
        (false, false) => format!("{value}/32"),
    }
}

/// `{1,NULL,"a \"b\""}`, with its bounds before it where they are not the usual ones (PostgreSQL manual,
/// 8.15.6 "Array Input and Output Syntax"). `None`: this is no array.
fn array(kind: &Type, value: &str, out: &mut Vec<u8>) -> Option<()> {
    let body = match value.starts_with('[') {
        true => value.split_once('=')?.1,
        false => value,
    };
    let mut rest = body;
    elements(kind, &mut rest, 0, out)?;
    rest.is_empty().then_some(())
}

fn elements(kind: &Type, rest: &mut &str, depth: usize, out: &mut Vec<u8>) -> Option<()> {
    *rest = rest.strip_prefix('{')?;
    if depth > MAX_DEPTH {
        return None;
    }
    out.push(b'[');
    if let Some(tail) = rest.strip_prefix('}') {
        *rest = tail;
        out.push(b']');
        return Some(());
    }
    loop {
        if rest.starts_with('{') {
            elements(kind, rest, depth + 1, out)?;
        } else if let Some(tail) = rest.strip_prefix('"') {
            let (element, tail) = quoted(tail)?;
            *rest = tail;
            write(kind, &element, out);
        } else {
            let end = rest.find([',', '}'])?;
            let (element, tail) = rest.split_at(end);
            *rest = tail;
            match element {
                "NULL" => json::null(out),
                element => write(kind, element, out),
            }
        }
        let mut next = rest.chars();
        let mark = next.next()?;
        *rest = next.as_str();
        match mark {
            ',' => out.push(b','),
            '}' => {
                out.push(b']');
                return Some(());
            }
            _ => return None,
        }
    }
}

/// Up to the closing mark; a backslash takes the next character as it is.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut element = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next()? {
            '"' => return Some((element, chars.as_str())),
            '\\' => element.push(chars.next()?),
            other => element.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(kind: &Type, value: &str) -> String {
        let mut out = Vec::new();
        let types = Types::default();
        types.write(kind.oid(), value.as_bytes(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn values_have_the_forms_that_a_query_gives() {
        for (kind, value, wanted) in [
            (Type::BOOL, "t", "true"),
            (Type::BOOL, "f", "false"),
            (Type::INT8, "-9223372036854775808", "-9223372036854775808"),
            (Type::NUMERIC, "0.10", "0.10"),
            (Type::NUMERIC, "NaN", "\"NaN\""),
            (Type::NUMERIC, "-Infinity", "\"-Infinity\""),
            (Type::MONEY, "-$1,234.50", "-1234.50"),
            (Type::FLOAT4, "0.1", "0.1"),
            (Type::FLOAT8, "1e+300", "1e300"),
            (Type::FLOAT8, "NaN", "\"NaN\""),
            (Type::FLOAT8, "-Infinity", "\"-Infinity\""),
            (Type::BYTEA, "\\x00ff", "\"AP8=\""),
            (Type::JSONB, "{\"a\": 1}", "{\"a\": 1}"),
            (Type::DATE, "2026-11-20", "\"2026-11-20\""),
            (Type::DATE, "0044-03-15 BC", "\"-043-03-15\""),
            (Type::DATE, "infinity", "\"infinity\""),
            (
                Type::TIMESTAMP,
                "2026-11-20 09:33:45.5",
                "\"2026-11-20T09:33:45.5\"",
            ),
            (
                Type::TIMESTAMPTZ,
                "2026-11-20 09:33:45+00",
                "\"2026-11-20T09:33:45Z\"",
            ),
            (
                Type::TIMESTAMPTZ,
                "0044-03-15 00:00:00+00 BC",
                "\"-043-03-15T00:00:00Z\"",
            ),
            (Type::TIMESTAMPTZ, "-infinity", "\"-infinity\""),
            (Type::TIMETZ, "09:33:45+02", "\"09:33:45+02:00\""),
            (Type::TIMETZ, "09:33:45-05:30", "\"09:33:45-05:30\""),
            (Type::INTERVAL, "P1Y2M3DT4H5M6.7S", "\"P1Y2M3DT4H5M6.7S\""),
            (Type::INET, "10.0.0.1", "\"10.0.0.1/32\""),
            (Type::INET, "10.0.0.0/8", "\"10.0.0.0/8\""),
            (Type::TEXT, "a\"b", "\"a\\\"b\""),
        ] {
            assert_eq!(said(&kind, value), wanted, "{kind} {value}");
        }
        let mut out = Vec::new();
        assert_eq!(Types::default().write(25, b"\xff", &mut out), None);
    }

    #[test]
    fn arrays_are_arrays_and_what_is_none_is_text() {
        for (kind, value, wanted) in [
            (Type::INT4_ARRAY, "{}", "[]"),
            (Type::INT4_ARRAY, "{1,NULL,-3}", "[1,null,-3]"),
            (Type::INT4_ARRAY, "{{1,2},{3,4}}", "[[1,2],[3,4]]"),
            (Type::INT4_ARRAY, "[0:1]={5,6}", "[5,6]"),
            (
                Type::TEXT_ARRAY,
                r#"{a,"b,c","d\"e\\","NULL",NULL,""}"#,
                r#"["a","b,c","d\"e\\","NULL",null,""]"#,
            ),
            (
                Type::TIMESTAMPTZ_ARRAY,
                r#"{"2026-11-20 09:33:45+00"}"#,
                r#"["2026-11-20T09:33:45Z"]"#,
            ),
            (Type::INT4_ARRAY, "{1,2", "\"{1,2\""),
            (Type::INT4_ARRAY, "{1}2", "\"{1}2\""),
            (Type::TEXT_ARRAY, "{\"a\"b}", "\"{\\\"a\\\"b}\""),
            (Type::INET_ARRAY, "{10.0.0.1}", "\"{10.0.0.1}\""),
        ] {
            assert_eq!(said(&kind, value), wanted, "{kind} {value}");
        }
    }

    #[test]
    fn a_domain_is_what_it_is_made_of() {
        let mut types = Types::default();
        types
            .bases
            .extend([(20_001, 20_000), (20_000, Type::INT4.oid())]);
        // one that is made of itself is no end
        types.bases.insert(30_000, 30_000);
        for (oid, wanted) in [(20_001, "7"), (30_000, "\"7\""), (40_000, "\"7\"")] {
            let mut out = Vec::new();
            types.write(oid, b"7", &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), wanted);
        }
    }

    proptest! {
        #[test]
        fn any_text_of_any_type_is_one_json_value(
            oid in prop::sample::select(vec![16_u32, 20, 23, 700, 701, 790, 1_700, 17, 1_082, 1_114, 1_184, 1_266, 1_007, 1_009, 1_185, 25, 2_950, 99_999]),
            value in "[-{}\\[\\]=,\"\\\\0-9a-fNUL.$+: BCT]{0,24}",
        ) {
            let mut out = Vec::new();
            Types::default().write(oid, value.as_bytes(), &mut out).unwrap();
            let read: Result<serde_json::Value, _> = serde_json::from_slice(&out);
            prop_assert!(read.is_ok(), "{}", String::from_utf8_lossy(&out));
        }
    }
}
