//! MySQL's binary values as JSON, and parameters for it.

use mysql_async::consts::ColumnType;
use mysql_async::{Column, Value};

use crate::connection::sql::json;
use crate::connection::sql::statement::Param;

/// The "character set" of bytes.
const BINARY: u16 = 63;
const HOUR_MICROS: u64 = 3_600_000_000;

/// Whole numbers as numbers: compared with text, a large one would be compared as a float.
pub(super) fn bound(param: &Param) -> Value {
    match param {
        Param::Null => Value::NULL,
        Param::Bool(value) => Value::Int(i64::from(*value)),
        Param::Int(value) => Value::Int(*value),
        Param::Uint(value) => Value::UInt(*value),
        Param::Text(text) => Value::Bytes(text.clone().into_bytes()),
    }
}

pub(super) fn write(column: &Column, value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::NULL => json::null(out),
        Value::Int(value) => json::raw(out, &value.to_string()),
        Value::UInt(value) => json::raw(out, &value.to_string()),
        Value::Float(value) => json::float(out, *value),
        Value::Double(value) => json::double(out, *value),
        Value::Bytes(bytes) => write_bytes(column, bytes, out),
        Value::Date(year, month, day, hour, minute, second, micros) => {
            let date = json::date((i64::from(*year), i64::from(*month), i64::from(*day)));
            let seconds = u64::from(*hour) * 3_600 + u64::from(*minute) * 60 + u64::from(*second);
            let clock = json::clock(seconds * 1_000_000 + u64::from(*micros));
            match column.column_type() {
                ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_NEWDATE => {
                    json::text(out, &date);
                }
                // kept in UTC, and the session's zone is UTC
                ColumnType::MYSQL_TYPE_TIMESTAMP | ColumnType::MYSQL_TYPE_TIMESTAMP2 => {
                    json::text(out, &format!("{date}T{clock}Z"));
                }
                _ => json::text(out, &format!("{date}T{clock}")),
            }
        }
        Value::Time(negative, days, hours, minutes, seconds, micros) => {
            let hours = u64::from(*days) * 24 + u64::from(*hours);
            let seconds = u64::from(*minutes) * 60 + u64::from(*seconds);
            let micros = hours * HOUR_MICROS + seconds * 1_000_000 + u64::from(*micros);
            let sign = if *negative { "-" } else { "" };
            json::text(out, &format!("{sign}{}", json::clock(micros)));
        }
    }
}

fn write_bytes(column: &Column, bytes: &[u8], out: &mut Vec<u8>) {
    let text = std::str::from_utf8(bytes).ok();
    match (column.column_type(), text) {
        (ColumnType::MYSQL_TYPE_DECIMAL | ColumnType::MYSQL_TYPE_NEWDECIMAL, Some(digits)) => {
            json::decimal(out, digits);
        }
        (ColumnType::MYSQL_TYPE_JSON, Some(_)) => json::document(out, bytes),
        (ColumnType::MYSQL_TYPE_BIT, _) if bytes.len() <= 8 => {
            let bits = bytes
                .iter()
                .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            json::raw(out, &bits.to_string());
        }
        (ColumnType::MYSQL_TYPE_GEOMETRY, _) => json::bytes(out, bytes),
        (_, Some(text)) if column.character_set() != BINARY => json::text(out, text),
        _ => json::bytes(out, bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: ColumnType, set: u16, value: &Value) -> String {
        let mut out = Vec::new();
        write(&Column::new(kind).with_character_set(set), value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn values_keep_what_they_say() {
        let bytes = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
        for (kind, set, value, wanted) in [
            (
                ColumnType::MYSQL_TYPE_NEWDECIMAL,
                BINARY,
                bytes(b"-00012.3400"),
                "-12.3400",
            ),
            (
                ColumnType::MYSQL_TYPE_LONGLONG,
                BINARY,
                Value::UInt(u64::MAX),
                "18446744073709551615",
            ),
            (
                ColumnType::MYSQL_TYPE_VAR_STRING,
                33,
                bytes("é\"".as_bytes()),
                "\"é\\\"\"",
            ),
            (
                ColumnType::MYSQL_TYPE_BLOB,
                BINARY,
                bytes(b"ab"),
                "\"YWI=\"",
            ),
            (ColumnType::MYSQL_TYPE_BIT, BINARY, bytes(&[1, 2]), "258"),
            (
                ColumnType::MYSQL_TYPE_DATE,
                BINARY,
                Value::Date(2026, 2, 3, 0, 0, 0, 0),
                "\"2026-02-03\"",
            ),
            (
                ColumnType::MYSQL_TYPE_DATE,
                BINARY,
                Value::Date(0, 0, 0, 0, 0, 0, 0),
                "\"0000-00-00\"",
            ),
            (
                ColumnType::MYSQL_TYPE_DATETIME,
                BINARY,
                Value::Date(2026, 2, 3, 4, 5, 6, 70),
                "\"2026-02-03T04:05:06.00007\"",
            ),
            (
                ColumnType::MYSQL_TYPE_TIMESTAMP,
                BINARY,
                Value::Date(2026, 2, 3, 4, 5, 6, 0),
                "\"2026-02-03T04:05:06Z\"",
            ),
            (
                ColumnType::MYSQL_TYPE_TIME,
                BINARY,
                Value::Time(true, 34, 22, 1, 2, 0),
                "\"-838:01:02\"",
            ),
            (ColumnType::MYSQL_TYPE_NULL, BINARY, Value::NULL, "null"),
        ] {
            assert_eq!(said(kind, set, &value), wanted, "{kind:?}");
        }
    }
}
