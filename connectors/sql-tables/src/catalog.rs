//! Tables and views with their columns and keys, as the database's own catalogue tells them.

use serde::Deserialize;
use tributary_sdk::{Connection, Error, ErrorKind, Result, serde_json, sql};

use crate::dialect::{Dialect, Writer};
use crate::kind::Kind;

/// Columns of one answer; a large database has more, so they come in several.
const PAGE: usize = 5_000;
/// Most answers.
const MAX_PAGES: usize = 200;

/// A table or view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// none for the one that a name without a schema is looked up in
    pub schema: Option<String>,
    pub name: String,
    pub view: bool,
    pub columns: Vec<Column>,
    /// names of the primary key's columns, in its order
    pub key: Vec<String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
    /// as the catalogue names the type
    pub type_name: String,
    pub nullable: bool,
}

#[derive(Deserialize)]
struct Row {
    schema: Option<String>,
    table: String,
    /// `true` or a number
    view: Truth,
    column: String,
    #[serde(rename = "type")]
    type_name: String,
    nullable: Truth,
    key: Option<u32>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Truth {
    Said(bool),
    Number(u8),
}

impl Truth {
    fn holds(&self) -> bool {
        match self {
            Self::Said(said) => *said,
            Self::Number(number) => *number != 0,
        }
    }
}

impl Table {
    /// As people call it.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{schema}.{}", self.name),
            None => self.name.clone(),
        }
    }

    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The column, or an error that names those there are. `field` is its place in the configuration.
    ///
    /// # Errors
    /// There is no such column.
    pub fn needed(&self, name: &str, field: &str) -> Result<&Column> {
        self.column(name).ok_or_else(|| {
            let names: Vec<&str> = self
                .columns
                .iter()
                .map(|c| c.name.as_str())
                .take(30)
                .collect();
            let message = format!(
                "{} has no column {name:?}; it has {}",
                self.title(),
                names.join(", ")
            );
            Error::config(field, message)
        })
    }
}

/// All tables and views that the account may read.
///
/// # Errors
/// What the database says.
pub fn tables(connection: &Connection, dialect: Dialect) -> Result<Vec<Table>> {
    let mut found = Vec::new();
    for page in 0..MAX_PAGES {
        let mut writer = Writer::new(dialect, query(dialect));
        let order = match dialect {
            Dialect::Postgres => "n.nspname, c.relname, a.attnum",
            Dialect::Mysql => "c.TABLE_NAME, c.ORDINAL_POSITION",
            Dialect::Sqlite => "m.name, p.cid",
        };
        let tail = format!(" ORDER BY {order} LIMIT {PAGE} OFFSET {}", page * PAGE);
        writer.text.push_str(&tail);
        let rows = rows(connection, &writer)?;
        let count = rows.len();
        gather(dialect, rows, &mut found);
        if count < PAGE {
            return Ok(found);
        }
    }
    let message = format!("the database has more than {} columns", MAX_PAGES * PAGE);
    Err(Error::new(ErrorKind::Unsupported, message))
}

/// One table or view; none if there is none that the account may see.
///
/// # Errors
/// What the database says.
pub fn table(
    connection: &Connection,
    dialect: Dialect,
    schema: Option<&str>,
    name: &str,
) -> Result<Option<Table>> {
    let mut writer = Writer::new(dialect, query(dialect));
    let (schema_is, name_is, order) = match dialect {
        Dialect::Postgres => ("n.nspname", "c.relname", "a.attnum"),
        Dialect::Mysql => ("c.TABLE_SCHEMA", "c.TABLE_NAME", "c.ORDINAL_POSITION"),
        Dialect::Sqlite => ("'main'", "m.name", "p.cid"),
    };
    let place = writer.bind(Kind::Text, name);
    writer.text.push_str(&format!(" AND {name_is} = {place}"));
    match (schema, dialect) {
        (Some(schema), _) => {
            let place = writer.bind(Kind::Text, schema);
            writer.text.push_str(&format!(" AND {schema_is} = {place}"));
        }
        (None, Dialect::Postgres) => writer
            .text
            .push_str(" AND pg_catalog.pg_table_is_visible(c.oid)"),
        (None, Dialect::Mysql | Dialect::Sqlite) => {}
    }
    writer.text.push_str(&format!(" ORDER BY {order}"));
    let mut found = Vec::new();
    gather(dialect, rows(connection, &writer)?, &mut found);
    Ok(found.into_iter().next())
}

fn rows(connection: &Connection, writer: &Writer) -> Result<Vec<Row>> {
    let params = serde_json::to_string(&writer.params)?;
    let answer = sql::fetch(connection, &writer.text, &params)?;
    serde_json::from_str(&answer).map_err(|error| {
        let message = format!("the database's catalogue is not understood: {error}");
        Error::data(message).with_code("source_protocol")
    })
}

/// Rows come table by table, column by column.
fn gather(dialect: Dialect, rows: Vec<Row>, found: &mut Vec<Table>) {
    let mut keys: Vec<(u32, String)> = Vec::new();
    for row in rows {
        let same = found
            .last()
            .is_some_and(|table| table.name == row.table && table.schema == row.schema);
        if !same {
            keys.clear();
            found.push(Table {
                schema: row.schema,
                name: row.table,
                view: row.view.holds(),
                columns: Vec::new(),
                key: Vec::new(),
            });
        }
        let Some(table) = found.last_mut() else {
            continue;
        };
        if let Some(place) = row.key {
            keys.push((place, row.column.clone()));
            keys.sort();
            table.key = keys.iter().map(|(_, name)| name.clone()).collect();
        }
        let type_name = row.type_name.to_lowercase();
        table.columns.push(Column {
            name: row.column,
            kind: Kind::of(dialect, &type_name),
            type_name,
            nullable: row.nullable.holds(),
        });
    }
}

/// Ends in a condition, so that more can be added with AND.
fn query(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => POSTGRES,
        Dialect::Mysql => MYSQL,
        Dialect::Sqlite => SQLITE,
    }
}

const POSTGRES: &str = "\
SELECT CASE WHEN pg_catalog.pg_table_is_visible(c.oid) THEN NULL ELSE n.nspname END AS schema, \
c.relname AS \"table\", c.relkind IN ('v', 'm') AS view, a.attname AS \"column\", \
CASE WHEN coalesce(b.typtype, t.typtype) = 'e' THEN 'enum' ELSE coalesce(b.typname, t.typname) END AS type, \
NOT a.attnotnull AS nullable, \
pg_catalog.array_position(i.indkey::int2[], a.attnum)::int4 AS key \
FROM pg_catalog.pg_class c \
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
LEFT JOIN pg_catalog.pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype \
LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary \
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition \
AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%' \
AND n.nspname NOT LIKE 'pg\\_temp%' AND pg_catalog.has_table_privilege(c.oid, 'SELECT')";

const MYSQL: &str = "\
SELECT NULL AS `schema`, c.TABLE_NAME AS `table`, t.TABLE_TYPE = 'VIEW' AS `view`, \
c.COLUMN_NAME AS `column`, c.DATA_TYPE AS `type`, c.IS_NULLABLE = 'YES' AS `nullable`, \
s.SEQ_IN_INDEX AS `key` \
FROM information_schema.COLUMNS c \
JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME \
LEFT JOIN information_schema.STATISTICS s ON s.TABLE_SCHEMA = c.TABLE_SCHEMA \
AND s.TABLE_NAME = c.TABLE_NAME AND s.COLUMN_NAME = c.COLUMN_NAME AND s.INDEX_NAME = 'PRIMARY' \
WHERE c.TABLE_SCHEMA = DATABASE()";

const SQLITE: &str = "\
SELECT NULL AS schema, m.name AS \"table\", m.type = 'view' AS view, p.name AS \"column\", \
p.type AS type, p.\"notnull\" = 0 AND p.pk = 0 AS nullable, nullif(p.pk, 0) AS key \
FROM sqlite_master m JOIN pragma_table_xinfo(m.name) p \
WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND p.hidden <> 1";

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn rows_become_tables_with_keys_in_their_order() {
        let rows: Vec<Row> = serde_json::from_str(
            r#"[
            {"schema": null, "table": "a", "view": false, "column": "y", "type": "int8", "nullable": false, "key": 2},
            {"schema": null, "table": "a", "view": false, "column": "x", "type": "TEXT", "nullable": false, "key": 1},
            {"schema": "s", "table": "a", "view": 1, "column": "z", "type": "inet", "nullable": 1, "key": null}
            ]"#,
        )
        .unwrap();
        let mut found = Vec::new();
        gather(Dialect::Postgres, rows, &mut found);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].key, ["x", "y"]);
        assert_eq!(found[0].column("x").unwrap().kind, Kind::Text);
        assert_eq!(found[1].title(), "s.a");
        assert!(found[1].view && found[1].columns[0].nullable);
        assert!(
            found[0]
                .needed("q", "/config")
                .unwrap_err()
                .message
                .contains("it has y, x")
        );
    }
}
