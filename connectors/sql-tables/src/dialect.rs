//! The differences between databases that statements meet.

use serde_json::Value;
use tributary_sdk::{Connection, Result, sql};

use crate::kind::Kind;

/// Which SQL is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Postgres,
    /// and MariaDB
    Mysql,
    Sqlite,
}

impl Dialect {
    /// Of the connection's database.
    ///
    /// # Errors
    /// A connection of another kind.
    pub fn of(connection: &Connection) -> Result<Self> {
        Ok(match sql::speaks(connection)? {
            sql::Dialect::Postgres => Self::Postgres,
            sql::Dialect::Mysql => Self::Mysql,
            sql::Dialect::Sqlite => Self::Sqlite,
        })
    }

    /// A name, whatever is in it.
    #[must_use]
    pub fn quoted(self, name: &str) -> String {
        match self {
            Self::Mysql => format!("`{}`", name.replace('`', "``")),
            Self::Postgres | Self::Sqlite => format!("\"{}\"", name.replace('"', "\"\"")),
        }
    }

    /// A table's name, with its schema if it has one.
    #[must_use]
    pub fn table(self, schema: Option<&str>, table: &str) -> String {
        match schema {
            Some(schema) => format!("{}.{}", self.quoted(schema), self.quoted(table)),
            None => self.quoted(table),
        }
    }
}

/// A statement that is being written, with its parameters.
#[derive(Debug, Clone)]
pub struct Writer {
    dialect: Dialect,
    pub text: String,
    pub params: Vec<Value>,
}

impl Writer {
    #[must_use]
    pub fn new(dialect: Dialect, text: impl Into<String>) -> Self {
        Self {
            dialect,
            text: text.into(),
            params: Vec::new(),
        }
    }

    /// The place of a value that is bound, as text to put into the statement.
    pub fn bind(&mut self, kind: Kind, value: &str) -> String {
        self.params.push(param(self.dialect, kind, value));
        match (self.dialect, kind) {
            (Dialect::Postgres, _) => format!("${}", self.params.len()),
            // compared with text, a decimal would be compared as a float
            (Dialect::Mysql, Kind::Decimal) => "CAST(? AS DECIMAL(65,30))".to_owned(),
            _ => "?".to_owned(),
        }
    }
}

/// A value that came out of the database as text, as a parameter that means the same.
fn param(dialect: Dialect, kind: Kind, value: &str) -> Value {
    let text = || Value::String(value.to_owned());
    match (dialect, kind) {
        (Dialect::Postgres, _) => text(),
        (Dialect::Mysql, Kind::Instant) => {
            // MariaDB reads no zone; the session's is UTC
            Value::String(value.strip_suffix('Z').unwrap_or(value).to_owned())
        }
        (_, Kind::Integer) => {
            let whole = value.parse::<i64>().map(Value::from);
            whole
                .or_else(|_| value.parse::<u64>().map(Value::from))
                .unwrap_or_else(|_| text())
        }
        (_, Kind::Boolean) => match value {
            "true" => Value::from(1),
            "false" => Value::from(0),
            _ => text(),
        },
        _ => text(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_quoted_whatever_is_in_them() {
        for (dialect, name, wanted) in [
            (
                Dialect::Postgres,
                "a\"; drop table b; --",
                "\"a\"\"; drop table b; --\"",
            ),
            (Dialect::Mysql, "a`b\"", "`a``b\"`"),
            (Dialect::Sqlite, "order", "\"order\""),
        ] {
            assert_eq!(dialect.quoted(name), wanted);
        }
        assert_eq!(Dialect::Postgres.table(Some("s"), "t"), "\"s\".\"t\"");
    }

    #[test]
    fn values_are_bound_as_what_they_are() {
        let mut writer = Writer::new(Dialect::Postgres, "");
        assert_eq!(writer.bind(Kind::Integer, "5"), "$1");
        assert_eq!(writer.bind(Kind::Text, "x"), "$2");
        assert_eq!(writer.params, [json!("5"), json!("x")]);
        let mut writer = Writer::new(Dialect::Mysql, "");
        for (kind, value) in [
            (Kind::Integer, "18446744073709551615"),
            (Kind::Decimal, "1.10"),
            (Kind::Instant, "2026-01-02T03:04:05Z"),
        ] {
            writer.text.push_str(&writer.clone().bind(kind, value));
            writer.bind(kind, value);
        }
        assert_eq!(writer.text, "?CAST(? AS DECIMAL(65,30))?");
        assert_eq!(
            writer.params,
            [json!(u64::MAX), json!("1.10"), json!("2026-01-02T03:04:05")]
        );
        let mut writer = Writer::new(Dialect::Sqlite, "");
        writer.bind(Kind::Boolean, "true");
        assert_eq!(writer.params, [json!(1)]);
    }
}
