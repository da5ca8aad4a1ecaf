//! PostgreSQL's binary values as JSON, and parameters as text for it to read.
//!
//! (The binary forms are those of the `…_send` functions in the server's `src/backend/utils/adt`.)

use bytes::BytesMut;
use tokio_postgres::types::{Format, FromSql, IsNull, Kind, ToSql, Type};
use tributary_model::clock::civil;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use crate::connection::sql::json;
use crate::connection::sql::statement::Param;

/// From 1970-01-01 to 2000-01-01, days.
const EPOCH_DAYS: i64 = 10_957;
const DAY_MICROS: i64 = 86_400_000_000;
/// Deepest nesting of arrays and domains.
const MAX_DEPTH: usize = 8;

/// A value's bytes, whatever its type.
pub(super) struct Raw<'a>(pub(super) &'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(
        _kind: &Type,
        raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_kind: &Type) -> bool {
        true
    }
}

/// A parameter as text: the server reads it as the type that it expects in that place.
#[derive(Debug)]
pub(super) struct Bound(Option<String>);

impl Bound {
    pub(super) fn of(param: &Param) -> Self {
        Self(match param {
            Param::Null => None,
            Param::Bool(value) => Some(value.to_string()),
            Param::Int(value) => Some(value.to_string()),
            Param::Uint(value) => Some(value.to_string()),
            Param::Text(text) => Some(text.clone()),
        })
    }
}

impl ToSql for Bound {
    fn to_sql(
        &self,
        _kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let Some(text) = &self.0 else {
            return Ok(IsNull::Yes);
        };
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_kind: &Type) -> bool {
        true
    }

    fn encode_format(&self, _kind: &Type) -> Format {
        Format::Text
    }

    tokio_postgres::types::to_sql_checked!();
}

/// Whether values of the type can be written.
pub(super) fn check(column: &str, kind: &Type) -> Result<(), Problem> {
    if known(kind, 0) {
        return Ok(());
    }
    let detail = format!(
        "the column {column:?} has the type {}, which is not read as it is",
        kind.name()
    );
    let problem = Problem::new(ErrorCode::ConfigInvalid, detail);
    Err(problem.hint(format!("read it as text: \"{column}\"::text")))
}

fn known(kind: &Type, depth: usize) -> bool {
    match kind.kind() {
        Kind::Enum(_) => true,
        Kind::Domain(inner) | Kind::Array(inner) if depth < MAX_DEPTH => known(inner, depth + 1),
        Kind::Simple => is_plain(kind),
        _ => false,
    }
}

/// Built-in types that are told as they are; arrays of others are text.
pub(super) fn is_plain(kind: &Type) -> bool {
    matches!(
        *kind,
        Type::BOOL
            | Type::INT2
            | Type::INT4
            | Type::INT8
            | Type::OID
            | Type::FLOAT4
            | Type::FLOAT8
            | Type::NUMERIC
            | Type::TEXT
            | Type::VARCHAR
            | Type::BPCHAR
            | Type::NAME
            | Type::CHAR
            | Type::XML
            | Type::UNKNOWN
            | Type::BYTEA
            | Type::JSON
            | Type::JSONB
            | Type::UUID
            | Type::DATE
            | Type::TIME
            | Type::TIMETZ
            | Type::TIMESTAMP
            | Type::TIMESTAMPTZ
            | Type::INTERVAL
    ) || kind.name() == "citext"
}

/// Writes one value; `None` if its bytes are not what the type promises.
pub(super) fn write(kind: &Type, raw: Option<&[u8]>, out: &mut Vec<u8>) -> Option<()> {
    let Some(raw) = raw else {
        json::null(out);
        return Some(());
    };
    match kind.kind() {
        Kind::Domain(inner) => return write(inner, Some(raw), out),
        Kind::Array(inner) => return array(inner, raw, out),
        _ => {}
    }
    match *kind {
        Type::BOOL => json::raw(out, if *raw.first()? == 0 { "false" } else { "true" }),
        Type::INT2 => json::raw(out, &i16::from_be_bytes(raw.try_into().ok()?).to_string()),
        Type::INT4 => json::raw(out, &i32::from_be_bytes(raw.try_into().ok()?).to_string()),
        Type::INT8 => json::raw(out, &long(raw)?.to_string()),
        Type::OID => json::raw(out, &u32::from_be_bytes(raw.try_into().ok()?).to_string()),
        Type::FLOAT4 => json::float(out, f32::from_be_bytes(raw.try_into().ok()?)),
        Type::FLOAT8 => json::double(out, f64::from_be_bytes(raw.try_into().ok()?)),
        Type::NUMERIC => numeric(raw, out)?,
        Type::BYTEA => json::bytes(out, raw),
        Type::JSON => json::document(out, raw),
        Type::JSONB => json::document(out, raw.strip_prefix(&[1])?),
        Type::UUID => json::text(out, &uuid(raw)?),
        Type::DATE => day(i32::from_be_bytes(raw.try_into().ok()?), out),
        Type::TIME => json::text(out, &json::clock(u64::try_from(long(raw)?).ok()?)),
        Type::TIMETZ => zoned_time(raw, out)?,
        Type::TIMESTAMP => instant(long(raw)?, "", out),
        Type::TIMESTAMPTZ => instant(long(raw)?, "Z", out),
        Type::INTERVAL => interval(raw, out)?,
        _ => json::text(out, std::str::from_utf8(raw).ok()?),
    }
    Some(())
}

fn long(raw: &[u8]) -> Option<i64> {
    Some(i64::from_be_bytes(raw.try_into().ok()?))
}

fn word(raw: &[u8], index: usize) -> Option<i32> {
    let bytes = raw.get(index * 4..index * 4 + 4)?;
    Some(i32::from_be_bytes(bytes.try_into().ok()?))
}

/// Groups of four decimal digits, the first of weight 10000^`weight`.
fn numeric(raw: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let half = |index: usize| {
        let bytes = raw.get(index * 2..index * 2 + 2)?;
        Some(u16::from_be_bytes(bytes.try_into().ok()?))
    };
    let (count, weight) = (half(0)?, i32::from(half(1)?.cast_signed()));
    let (sign, scale) = (half(2)?, usize::from(half(3)?));
    let beyond = match sign {
        0 | 0x4000 => None,
        0xc000 => Some("NaN"),
        0xd000 => Some("Infinity"),
        0xf000 => Some("-Infinity"),
        _ => return None,
    };
    if let Some(word) = beyond {
        json::text(out, word);
        return Some(());
    }
    let group = |place: i32| match u16::try_from(place) {
        Ok(index) if index < count => half(4 + usize::from(index)),
        _ => Some(0),
    };
    let mut digits = String::new();
    for place in 0..=weight {
        digits.push_str(&format!("{:04}", group(place)?));
    }
    if scale > 0 {
        digits.push('.');
        let point = digits.len();
        let mut place = weight + 1;
        while digits.len() - point < scale {
            // groups before the first one are zeros
            digits.push_str(&format!("{:04}", group(place)?));
            place += 1;
        }
        digits.truncate(point + scale);
    }
    if digits.is_empty() {
        digits.push('0');
    }
    let sign = if sign == 0 { "" } else { "-" };
    json::decimal(out, &format!("{sign}{digits}"));
    Some(())
}

fn uuid(raw: &[u8]) -> Option<String> {
    let hex = data_encoding::HEXLOWER.encode(raw);
    let part = |from: usize, to: usize| hex.get(from..to);
    Some(format!(
        "{}-{}-{}-{}-{}",
        part(0, 8)?,
        part(8, 12)?,
        part(12, 16)?,
        part(16, 20)?,
        part(20, 32)?
    ))
}

fn day(days: i32, out: &mut Vec<u8>) {
    match days {
        i32::MAX => json::text(out, "infinity"),
        i32::MIN => json::text(out, "-infinity"),
        days => json::text(out, &json::date(civil(i64::from(days) + EPOCH_DAYS))),
    }
}

fn instant(micros: i64, zone: &str, out: &mut Vec<u8>) {
    match micros {
        i64::MAX => json::text(out, "infinity"),
        i64::MIN => json::text(out, "-infinity"),
        micros => {
            let date = json::date(civil(micros.div_euclid(DAY_MICROS) + EPOCH_DAYS));
            let clock = json::clock(micros.rem_euclid(DAY_MICROS).unsigned_abs());
            json::text(out, &format!("{date}T{clock}{zone}"));
        }
    }
}

/// Microseconds of the day, and seconds west of Greenwich.
fn zoned_time(raw: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let micros = long(raw.get(..8)?)?;
    let west = word(raw, 2)?;
    let sign = if west <= 0 { '+' } else { '-' };
    let minutes = west.unsigned_abs() / 60;
    let clock = json::clock(u64::try_from(micros).ok()?);
    let (hour, minute) = (minutes / 60, minutes % 60);
    json::text(out, &format!("{clock}{sign}{hour:02}:{minute:02}"));
    Some(())
}

fn interval(raw: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let micros = long(raw.get(..8)?)?;
    json::text(out, &json::duration(word(raw, 3)?, word(raw, 2)?, micros));
    Some(())
}

/// Dimensions, a flag, the elements' type; then length and bound of each dimension; then the elements,
/// each after its length (-1: null).
fn array(kind: &Type, raw: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let dimensions = usize::try_from(word(raw, 0)?).ok()?;
    if dimensions > MAX_DEPTH {
        return None;
    }
    let mut lengths = Vec::new();
    for dimension in 0..dimensions {
        lengths.push(usize::try_from(word(raw, 3 + 2 * dimension)?).ok()?);
    }
    let mut rest = raw.get(12 + 8 * dimensions..)?;
    if lengths.is_empty() {
        json::raw(out, "[]");
        return Some(());
    }
    nested(kind, &lengths, &mut rest, out)
}

fn nested(kind: &Type, lengths: &[usize], rest: &mut &[u8], out: &mut Vec<u8>) -> Option<()> {
    let Some((length, inner)) = lengths.split_first() else {
        let size = word(rest, 0)?;
        *rest = rest.get(4..)?;
        let Ok(size) = usize::try_from(size) else {
            return write(kind, None, out);
        };
        let (element, tail) = rest.split_at_checked(size)?;
        *rest = tail;
        return write(kind, Some(element), out);
    };
    out.push(b'[');
    for index in 0..*length {
        if index > 0 {
            out.push(b',');
        }
        nested(kind, inner, rest, out)?;
    }
    out.push(b']');
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: &Type, raw: &[u8]) -> Option<String> {
        let mut out = Vec::new();
        write(kind, Some(raw), &mut out)?;
        Some(String::from_utf8(out).unwrap())
    }

    fn groups(weight: i16, sign: u16, scale: u16, groups: &[u16]) -> Vec<u8> {
        let count = u16::try_from(groups.len()).unwrap();
        let mut raw = Vec::new();
        for half in [count, weight.cast_unsigned(), sign, scale]
            .iter()
            .chain(groups)
        {
            raw.extend(half.to_be_bytes());
        }
        raw
    }

    #[test]
    fn decimals_keep_every_digit() {
        for (raw, wanted) in [
            (groups(0, 0, 0, &[]), "0"),
            (groups(0, 0, 2, &[]), "0.00"),
            (groups(1, 0, 2, &[12, 3456, 7800]), "123456.78"),
            (groups(1, 0x4000, 0, &[1]), "-10000"),
            (groups(-1, 0, 4, &[5]), "0.0005"),
            (groups(-2, 0, 8, &[1]), "0.00000001"),
            (groups(0, 0, 1, &[7, 5000]), "7.5"),
            (groups(0, 0xc000, 0, &[]), "\"NaN\""),
        ] {
            assert_eq!(said(&Type::NUMERIC, &raw).as_deref(), Some(wanted));
        }
        assert_eq!(said(&Type::NUMERIC, &[0, 1]), None);
    }

    #[test]
    fn what_is_damaged_is_no_value() {
        for kind in [
            Type::BOOL,
            Type::INT4,
            Type::INT8,
            Type::DATE,
            Type::UUID,
            Type::INTERVAL,
            Type::INT4_ARRAY,
        ] {
            assert_eq!(said(&kind, &[]), None, "{kind}");
        }
        let mut many = vec![0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 23];
        many.extend([0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 5]);
        assert_eq!(said(&Type::INT4_ARRAY, &many), None);
    }
}
