//! What a column's type is to us.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::dialect::Dialect;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Integer,
    Decimal,
    Float,
    Boolean,
    Text,
    Uuid,
    Date,
    /// of the day
    Time,
    /// date and time without a zone
    LocalTime,
    /// date and time in UTC
    Instant,
    Duration,
    Bytes,
    Json,
    Array,
    /// what has no form of its own here: read as text
    Other,
}

impl Kind {
    /// Of a type as the catalogue names it (lower case).
    #[must_use]
    pub fn of(dialect: Dialect, name: &str) -> Self {
        match dialect {
            Dialect::Postgres => postgres(name),
            Dialect::Mysql => mysql(name),
            Dialect::Sqlite => sqlite(name),
        }
    }

    /// Whether rows can be put in order by it and found again after a value of it: equal values have
    /// equal texts, and the order is the database's own.
    #[must_use]
    pub fn ordered(self) -> bool {
        matches!(
            self,
            Self::Integer
                | Self::Decimal
                | Self::Text
                | Self::Uuid
                | Self::Date
                | Self::LocalTime
                | Self::Instant
        )
    }

    /// JSON Schema of a value.
    #[must_use]
    pub fn schema(self, nullable: bool) -> Value {
        let (name, format) = match self {
            Self::Integer => ("integer", None),
            Self::Decimal | Self::Float => ("number", None),
            Self::Boolean => ("boolean", None),
            Self::Uuid => ("string", Some("uuid")),
            Self::Date => ("string", Some("date")),
            Self::Instant => ("string", Some("date-time")),
            Self::Duration => ("string", Some("duration")),
            Self::Array => ("array", None),
            Self::Json => return json!({}),
            Self::Bytes => {
                return json!({ "type": types("string", nullable), "contentEncoding": "base64" });
            }
            Self::Text | Self::Time | Self::LocalTime | Self::Other => ("string", None),
        };
        match format {
            Some(format) => json!({ "type": types(name, nullable), "format": format }),
            None => json!({ "type": types(name, nullable) }),
        }
    }
}

fn types(name: &str, nullable: bool) -> Value {
    match nullable {
        true => json!([name, "null"]),
        false => json!(name),
    }
}

fn postgres(name: &str) -> Kind {
    match name {
        "int2" | "int4" | "int8" | "oid" => Kind::Integer,
        // a currency has its own decimals; the statement casts it
        "numeric" | "money" => Kind::Decimal,
        "float4" | "float8" => Kind::Float,
        "bool" => Kind::Boolean,
        "text" | "varchar" | "bpchar" | "name" | "char" | "xml" | "citext" | "enum" => Kind::Text,
        "uuid" => Kind::Uuid,
        "date" => Kind::Date,
        "time" | "timetz" => Kind::Time,
        "timestamp" => Kind::LocalTime,
        "timestamptz" => Kind::Instant,
        "interval" => Kind::Duration,
        "bytea" => Kind::Bytes,
        "json" | "jsonb" => Kind::Json,
        other => match other.strip_prefix('_').map(postgres) {
            Some(Kind::Other | Kind::Array) | None => Kind::Other,
            Some(_) if other == "_money" => Kind::Other,
            Some(_) => Kind::Array,
        },
    }
}

fn mysql(name: &str) -> Kind {
    match name {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "year" | "bit" => Kind::Integer,
        "decimal" => Kind::Decimal,
        "float" | "double" => Kind::Float,
        "date" => Kind::Date,
        "time" => Kind::Time,
        "datetime" => Kind::LocalTime,
        "timestamp" => Kind::Instant,
        "json" => Kind::Json,
        "binary" | "varbinary" | "blob" | "tinyblob" | "mediumblob" | "longblob" => Kind::Bytes,
        "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring"
        | "multipolygon" | "geometrycollection" => Kind::Bytes,
        "uuid" | "inet4" | "inet6" => Kind::Text,
        _ => Kind::Text,
    }
}

/// By SQLite's own rules of affinity (SQLite documentation, "Datatypes In SQLite", 3.1), for columns
/// whose values keep to it. Dates are whatever the program that wrote them made of them.
fn sqlite(name: &str) -> Kind {
    let has = |part: &str| name.contains(part);
    if has("int") {
        Kind::Integer
    } else if has("char") || has("clob") || has("text") || has("date") || has("time") {
        Kind::Text
    } else if has("real") || has("floa") || has("doub") {
        Kind::Float
    } else if has("dec") || has("num") {
        Kind::Decimal
    } else if has("bool") {
        Kind::Integer
    } else {
        // no type, or BLOB: anything
        Kind::Json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_kinds() {
        for (dialect, name, kind) in [
            (Dialect::Postgres, "int8", Kind::Integer),
            (Dialect::Postgres, "_int8", Kind::Array),
            (Dialect::Postgres, "_point", Kind::Other),
            (Dialect::Postgres, "inet", Kind::Other),
            (Dialect::Postgres, "timestamptz", Kind::Instant),
            (Dialect::Mysql, "datetime", Kind::LocalTime),
            (Dialect::Mysql, "enum", Kind::Text),
            (Dialect::Sqlite, "varchar(20)", Kind::Text),
            (Dialect::Sqlite, "decimal(10,2)", Kind::Decimal),
            (Dialect::Sqlite, "integer", Kind::Integer),
            (Dialect::Sqlite, "", Kind::Json),
        ] {
            assert_eq!(Kind::of(dialect, name), kind, "{name}");
        }
        assert_eq!(
            Kind::Date.schema(true),
            json!({"type": ["string", "null"], "format": "date"})
        );
    }
}
