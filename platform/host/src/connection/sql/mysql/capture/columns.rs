//! What the binary log does not say of a table: the names of its columns, and what their bytes mean. It
//! comes out of the catalogue, as the table is now.
//!
//! Invariant: a type or character set whose values would not have the form that a query gives them is
//! refused before anything is read.

use std::collections::HashSet;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use mysql_async::binlog::value::BinlogValue;
use mysql_async::{Row, Value};
use tributary_model::clock::civil;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use crate::connection::sql::capture::CapturedTable;
use crate::connection::sql::json;

const DAY_SECONDS: i64 = 86_400;

/// A table that is asked for.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) database: String,
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
}

#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) wanted: bool,
    pub(super) key: bool,
    pub(super) form: Form,
}

/// How a value's bytes are read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    /// bits of an unsigned one
    Integer(Option<u32>),
    Year,
    Float,
    Decimal,
    Date,
    DateTime,
    Timestamp,
    Time,
    Text(&'static Encoding),
    Bytes,
    /// of a fixed length: zeros at its end are not in the log
    Fixed(usize),
    Bit,
    Enum(Vec<String>),
    Set(Vec<String>),
    Json,
}

/// The catalogue's row of a column: name, type, the type written out, character set, bytes.
pub(super) const CATALOGUE: &str = "SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, CHARACTER_SET_NAME, \
     CHARACTER_OCTET_LENGTH, TABLE_SCHEMA FROM information_schema.COLUMNS \
     WHERE TABLE_SCHEMA = COALESCE(?, DATABASE()) AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION";

/// A table of the catalogue's rows.
pub(super) fn table(wanted: &CapturedTable, rows: &[Row]) -> Result<Table, Problem> {
    let mut database = String::new();
    let mut columns = Vec::new();
    let asked: HashSet<&str> = wanted.columns.iter().map(String::as_str).collect();
    for row in rows {
        let text = |index| row.get_opt::<Option<String>, _>(index)?.ok().flatten();
        let name = text(0).unwrap_or_default();
        let kind = text(1).unwrap_or_default().to_lowercase();
        let length = row.get_opt::<Option<u64>, _>(4).and_then(Result::ok);
        database = text(5).unwrap_or_default();
        let is_wanted = asked.is_empty() || asked.contains(name.as_str());
        let form = form(
            &kind,
            &text(2).unwrap_or_default(),
            text(3).as_deref(),
            length.flatten(),
        );
        let form = match form {
            Some(form) => form,
            // never looked at
            None if !is_wanted => Form::Bytes,
            None => return Err(untold(wanted, &name, &kind, text(3).as_deref())),
        };
        columns.push(Column {
            wanted: is_wanted,
            key: wanted.key.contains(&name),
            name,
            form,
        });
    }
    Ok(Table {
        database,
        name: wanted.table.clone(),
        columns,
    })
}

fn untold(wanted: &CapturedTable, name: &str, kind: &str, set: Option<&str>) -> Problem {
    let detail = format!(
        "the column {name:?} of {:?} has the type {kind}{}, which is not read out of the binary log",
        wanted.table,
        set.map_or(String::new(), |set| format!(
            " with the character set {set}"
        ))
    );
    let problem = Problem::new(ErrorCode::ConfigInvalid, detail);
    problem.hint("name the columns that are wanted, without it")
}

fn form(kind: &str, written: &str, set: Option<&str>, length: Option<u64>) -> Option<Form> {
    let unsigned = written.to_lowercase().contains("unsigned");
    let integer = |bits: u32| Form::Integer(unsigned.then_some(bits));
    Some(match kind {
        "tinyint" => integer(8),
        "smallint" => integer(16),
        "mediumint" => integer(24),
        "int" => integer(32),
        "bigint" => integer(64),
        "year" => Form::Year,
        "float" | "double" => Form::Float,
        "decimal" => Form::Decimal,
        "date" => Form::Date,
        "datetime" => Form::DateTime,
        "timestamp" => Form::Timestamp,
        "time" => Form::Time,
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => {
            Form::Text(encoding(set?)?)
        }
        "binary" => Form::Fixed(usize::try_from(length?).ok()?),
        "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => Form::Bytes,
        "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring"
        | "multipolygon" | "geometrycollection" => Form::Bytes,
        "bit" => Form::Bit,
        "enum" => Form::Enum(labels(written)?),
        "set" => Form::Set(labels(written)?),
        "json" => Form::Json,
        _ => return None,
    })
}

/// MySQL's latin1 is Windows-1252 (MariaDB documentation, "Supported Character Sets and Collations").
fn encoding(set: &str) -> Option<&'static Encoding> {
    match set {
        "utf8mb4" | "utf8mb3" | "utf8" | "ascii" => Some(UTF_8),
        "latin1" => Some(WINDOWS_1252),
        _ => None,
    }
}

/// `enum('a','b''c')`
fn labels(written: &str) -> Option<Vec<String>> {
    let (_, list) = written.split_once('(')?;
    let mut chars = list.strip_suffix(')')?.chars().peekable();
    let mut labels = Vec::new();
    while let Some(first) = chars.next() {
        if first == ',' {
            continue;
        }
        if first != '\'' {
            return None;
        }
        let mut label = String::new();
        loop {
            match chars.next()? {
                '\'' if chars.next_if_eq(&'\'').is_some() => label.push('\''),
                '\'' => break,
                other => label.push(other),
            }
        }
        labels.push(label);
    }
    Some(labels)
}

/// Writes a value; `None` if it is not what the catalogue says.
pub(super) fn write(form: &Form, value: &BinlogValue<'_>, out: &mut Vec<u8>) -> Option<()> {
    let value = match value {
        BinlogValue::Value(value) => value,
        BinlogValue::Jsonb(value) => {
            let value = serde_json::Value::try_from(value.clone()).ok()?;
            json::raw(out, &value.to_string());
            return Some(());
        }
        BinlogValue::JsonDiff(_) => return None,
    };
    match (form, value) {
        (_, Value::NULL) => json::null(out),
        (Form::Integer(bits), Value::Int(number)) => {
            json::raw(out, &whole(*bits, *number).to_string());
        }
        (Form::Integer(_), Value::UInt(number)) => json::raw(out, &number.to_string()),
        (Form::Float, Value::Float(number)) => json::float(out, *number),
        (Form::Float, Value::Double(number)) => json::double(out, *number),
        (Form::Enum(labels), Value::Int(index)) => {
            // 0 is what did not fit when it was written
            let index = usize::try_from(*index).ok()?;
            let label = match index.checked_sub(1) {
                Some(place) => labels.get(place)?,
                None => "",
            };
            json::text(out, label);
        }
        (Form::Date, Value::Date(year, month, day, ..)) => {
            json::text(out, &date(*year, *month, *day));
        }
        (Form::DateTime, Value::Date(year, month, day, hour, minute, second, micros)) => {
            let seconds = u64::from(*hour) * 3_600 + u64::from(*minute) * 60 + u64::from(*second);
            let clock = json::clock(seconds * 1_000_000 + u64::from(*micros));
            json::text(out, &format!("{}T{clock}", date(*year, *month, *day)));
        }
        (Form::Time, Value::Time(negative, days, hours, minutes, seconds, micros)) => {
            let hours = u64::from(*days) * 24 + u64::from(*hours);
            let seconds = hours * 3_600 + u64::from(*minutes) * 60 + u64::from(*seconds);
            let sign = if *negative { "-" } else { "" };
            let clock = json::clock(seconds * 1_000_000 + u64::from(*micros));
            json::text(out, &format!("{sign}{clock}"));
        }
        (form, Value::Bytes(bytes)) => return of_bytes(form, bytes, out),
        _ => return None,
    }
    Some(())
}

fn of_bytes(form: &Form, bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let text = || std::str::from_utf8(bytes).ok();
    match form {
        Form::Decimal => json::decimal(out, text()?),
        Form::Year => json::raw(out, if text()? == "1900" { "0" } else { text()? }),
        Form::Timestamp => json::text(out, &instant(text()?)?),
        Form::Text(encoding) if *encoding == UTF_8 => json::text(out, text()?),
        Form::Text(encoding) => {
            let (decoded, _) = encoding.decode_without_bom_handling(bytes);
            json::text(out, &decoded);
        }
        Form::Bytes => json::bytes(out, bytes),
        Form::Fixed(length) => {
            let mut padded = bytes.to_vec();
            padded.resize((*length).max(bytes.len()), 0);
            json::bytes(out, &padded);
        }
        Form::Bit if bytes.len() <= 8 => {
            let bits = bytes
                .iter()
                .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            json::raw(out, &bits.to_string());
        }
        Form::Set(labels) if bytes.len() <= 8 => {
            let bits = bytes
                .iter()
                .rev()
                .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            let chosen = labels
                .iter()
                .enumerate()
                .filter(|(place, _)| bits >> place & 1 == 1);
            let chosen: Vec<&str> = chosen.map(|(_, label)| label.as_str()).collect();
            json::text(out, &chosen.join(","));
        }
        Form::Json => json::document(out, bytes),
        _ => return None,
    }
    Some(())
}

/// The log does not say whether a number has a sign.
fn whole(bits: Option<u32>, number: i64) -> i128 {
    match bits {
        Some(bits) if number < 0 => i128::from(number) + (1_i128 << bits),
        _ => i128::from(number),
    }
}

fn date(year: u16, month: u8, day: u8) -> String {
    json::date((i64::from(year), i64::from(month), i64::from(day)))
}

/// Seconds since 1970 with a fraction; 0 is the date that is none.
pub(super) fn instant(seconds: &str) -> Option<String> {
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let whole: i64 = whole.parse().ok()?;
    let micros: u64 = match fraction {
        "" => 0,
        fraction => format!("{fraction:0<6}").get(..6)?.parse().ok()?,
    };
    if whole == 0 && micros == 0 {
        return Some("0000-00-00T00:00:00Z".to_owned());
    }
    let date = json::date(civil(whole.div_euclid(DAY_SECONDS)));
    let clock = whole.rem_euclid(DAY_SECONDS).unsigned_abs() * 1_000_000 + micros;
    Some(format!("{date}T{}Z", json::clock(clock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: &str, written: &str, set: Option<&str>, length: u64, value: Value) -> String {
        let form = form(kind, written, set, Some(length)).unwrap();
        let mut out = Vec::new();
        write(&form, &BinlogValue::Value(value), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn values_have_the_forms_that_a_query_gives() {
        let bytes = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
        for (kind, written, value, wanted) in [
            ("tinyint", "tinyint(3) unsigned", Value::Int(-1), "255"),
            ("tinyint", "tinyint(4)", Value::Int(-1), "-1"),
            (
                "mediumint",
                "mediumint(8) unsigned",
                Value::Int(-2),
                "16777214",
            ),
            (
                "bigint",
                "bigint(20) unsigned",
                Value::Int(-1),
                "18446744073709551615",
            ),
            ("bigint", "bigint(20) unsigned", Value::UInt(7), "7"),
            ("year", "year(4)", bytes(b"2026"), "2026"),
            ("year", "year(4)", bytes(b"1900"), "0"),
            ("float", "float", Value::Float(0.1), "0.1"),
            ("decimal", "decimal(12,4)", bytes(b"-7.5000"), "-7.5000"),
            (
                "date",
                "date",
                Value::Date(2026, 2, 3, 0, 0, 0, 0),
                "\"2026-02-03\"",
            ),
            (
                "datetime",
                "datetime(6)",
                Value::Date(2026, 2, 3, 4, 5, 6, 70),
                "\"2026-02-03T04:05:06.00007\"",
            ),
            (
                "timestamp",
                "timestamp",
                bytes(b"1780000000.500000"),
                "\"2026-05-28T20:26:40.5Z\"",
            ),
            (
                "timestamp",
                "timestamp",
                bytes(b"0"),
                "\"0000-00-00T00:00:00Z\"",
            ),
            (
                "time",
                "time",
                Value::Time(true, 34, 22, 1, 2, 0),
                "\"-838:01:02\"",
            ),
            ("binary", "binary(3)", bytes(&[1]), "\"AQAA\""),
            ("blob", "blob", bytes(&[0, 255]), "\"AP8=\""),
            ("bit", "bit(9)", bytes(&[1, 2]), "258"),
            ("enum", "enum('a','b''c,')", Value::Int(2), "\"b'c,\""),
            ("enum", "enum('a')", Value::Int(0), "\"\""),
            ("set", "set('a','b','c')", bytes(&[5]), "\"a,c\""),
            ("int", "int(11)", Value::NULL, "null"),
        ] {
            assert_eq!(said(kind, written, None, 3, value), wanted, "{written}");
        }
        let text = |set: &str, value: &[u8]| said("varchar", "", Some(set), 9, bytes(value));
        assert_eq!(text("utf8mb4", "é".as_bytes()), "\"é\"");
        assert_eq!(text("latin1", b"\xe9\x80"), "\"é€\"");
    }

    #[test]
    fn what_is_not_what_the_catalogue_says_is_no_value() {
        assert_eq!(form("varchar", "", Some("sjis"), None), None);
        assert_eq!(form("inet6", "inet6", None, None), None);
        for (form, value) in [
            (Form::Date, Value::Bytes(b"x".to_vec())),
            (Form::Integer(None), Value::Bytes(b"1".to_vec())),
            (Form::Text(UTF_8), Value::Bytes(b"\xff".to_vec())),
            (Form::Enum(vec!["a".to_owned()]), Value::Int(2)),
            (Form::Bit, Value::Bytes(vec![0; 9])),
            (Form::Timestamp, Value::Bytes(b"x".to_vec())),
        ] {
            let mut out = Vec::new();
            assert_eq!(
                write(&form, &BinlogValue::Value(value), &mut out),
                None,
                "{form:?}"
            );
        }
    }
}
