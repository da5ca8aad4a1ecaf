//! The two statements of a table: put a row in place of what is there under its key, or take it away.

use tributary_sql_tables::dialect::Dialect;

use crate::config::{Column, Config, Words};

impl Config {
    pub fn dialect(&self) -> Dialect {
        match self.dialect {
            Words::Postgres => Dialect::Postgres,
            Words::Mysql => Dialect::Mysql,
            Words::Sqlite => Dialect::Sqlite,
        }
    }

    fn is_key(&self, column: &Column) -> bool {
        self.key.iter().any(|key| key == column.name())
    }
}

/// Parameters: all columns, in their order.
pub fn upsert(config: &Config) -> String {
    let dialect = config.dialect();
    let quoted = |name: &str| dialect.quoted(name);
    let names: Vec<String> = config.columns.iter().map(|c| quoted(c.name())).collect();
    let places: Vec<String> = config
        .columns
        .iter()
        .enumerate()
        .map(|(index, column)| place(dialect, index + 1, column))
        .collect();
    let insert = format!(
        "INSERT INTO {} ({}) VALUES ({})",
        dialect.table(config.schema.as_deref(), &config.table),
        names.join(", "),
        places.join(", ")
    );
    let others: Vec<String> = config
        .columns
        .iter()
        .filter(|column| !config.is_key(column))
        .map(|column| quoted(column.name()))
        .collect();
    if dialect == Dialect::Mysql {
        // A table without further columns: the row is what it is.
        let same = || {
            config
                .key
                .first()
                .map(|key| quoted(key))
                .into_iter()
                .collect()
        };
        let set = if others.is_empty() { same() } else { others };
        let set: Vec<String> = set
            .iter()
            .map(|name| format!("{name} = VALUES({name})"))
            .collect();
        return format!("{insert} ON DUPLICATE KEY UPDATE {}", set.join(", "));
    }
    let key: Vec<String> = config.key.iter().map(|key| quoted(key)).collect();
    let conflict = format!("{insert} ON CONFLICT ({})", key.join(", "));
    if others.is_empty() {
        return format!("{conflict} DO NOTHING");
    }
    let set: Vec<String> = others
        .iter()
        .map(|name| format!("{name} = excluded.{name}"))
        .collect();
    format!("{conflict} DO UPDATE SET {}", set.join(", "))
}

/// Parameters: the key's columns, in the key's order.
pub fn delete(config: &Config) -> String {
    let dialect = config.dialect();
    let condition = |(index, key): (usize, &String)| {
        let column = config.columns.iter().find(|column| column.name() == key);
        let place = match column {
            Some(column) => place(dialect, index + 1, column),
            None => marker(dialect, index + 1),
        };
        format!("{} = {place}", dialect.quoted(key))
    };
    let conditions: Vec<String> = config.key.iter().enumerate().map(condition).collect();
    format!(
        "DELETE FROM {} WHERE {}",
        dialect.table(config.schema.as_deref(), &config.table),
        conditions.join(" AND ")
    )
}

fn place(dialect: Dialect, number: usize, column: &Column) -> String {
    let marker = marker(dialect, number);
    match (column.bytes(), dialect) {
        (false, _) => marker,
        (true, Dialect::Postgres) => format!("decode({marker}, 'base64')"),
        (true, Dialect::Mysql) => format!("FROM_BASE64({marker})"),
        // SQLite can't decode base64: refused when the configuration is checked
        (true, Dialect::Sqlite) => marker,
    }
}

fn marker(dialect: Dialect, number: usize) -> String {
    match dialect {
        Dialect::Postgres => format!("${number}"),
        Dialect::Mysql | Dialect::Sqlite => "?".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn config(dialect: &str, columns: &str) -> Config {
        let text = format!(
            r#"{{"dialect": "{dialect}", "schema": "s", "table": "t", "key": ["a", "b\"`"], "columns": {columns}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn each_database_has_its_words() {
        let columns = r#"["a", "b\"`", {"column": "c", "bytes": true}]"#;
        let postgres = config("postgres", columns);
        assert_eq!(
            upsert(&postgres),
            "INSERT INTO \"s\".\"t\" (\"a\", \"b\"\"`\", \"c\") VALUES ($1, $2, decode($3, 'base64')) \
             ON CONFLICT (\"a\", \"b\"\"`\") DO UPDATE SET \"c\" = excluded.\"c\""
        );
        assert_eq!(
            delete(&postgres),
            "DELETE FROM \"s\".\"t\" WHERE \"a\" = $1 AND \"b\"\"`\" = $2"
        );
        let mysql = config("mysql", columns);
        assert_eq!(
            upsert(&mysql),
            "INSERT INTO `s`.`t` (`a`, `b\"```, `c`) VALUES (?, ?, FROM_BASE64(?)) \
             ON DUPLICATE KEY UPDATE `c` = VALUES(`c`)"
        );
        let keys_only = config("sqlite", r#"["a", "b\"`"]"#);
        assert!(upsert(&keys_only).ends_with("DO NOTHING"));
        let keys_only = config("mysql", r#"["a", "b\"`"]"#);
        assert!(upsert(&keys_only).ends_with("UPDATE `a` = VALUES(`a`)"));
    }
}
