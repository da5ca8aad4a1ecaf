//! What a stream reads, as the database has it: columns, key, cursor, and what it is selected from.

use serde_json::{Value, json};
use tributary_sdk::{Connection, Error, ErrorKind, Result, sql};
use tributary_sql_tables::catalog::{self, Column, Table};
use tributary_sql_tables::dialect::Dialect;
use tributary_sql_tables::kind::Kind;

use crate::capture;
use crate::config::{Stream, at};

/// Rows that a query's columns are guessed from.
const SAMPLE: usize = 100;

/// See the module.
pub struct Shape {
    pub dialect: Dialect,
    /// what FROM names
    pub from: String,
    pub filter: Option<String>,
    pub columns: Vec<Column>,
    /// empty: rows have no order and no name
    pub key: Vec<Column>,
    pub cursor: Option<Column>,
    /// changes come out of the log: rows have its columns, too
    pub captured: bool,
    /// the table's own name
    pub table: String,
}

impl Shape {
    /// Asks the database.
    ///
    /// # Errors
    /// A table or column that is not there, a cursor that has no order.
    pub fn of(
        connection: &Connection,
        dialect: Dialect,
        name: &str,
        stream: &Stream,
    ) -> Result<Self> {
        let table = match &stream.query {
            Some(query) => of_query(connection, name, query)?,
            None => of_table(connection, dialect, name, stream)?,
        };
        let from = match &stream.query {
            Some(query) => format!(
                "(\n{}\n) AS tributary_query",
                query.trim_end_matches([';', ' ', '\n'])
            ),
            None => dialect.table(stream.schema.as_deref(), &table.name),
        };
        Self::made(dialect, from, &table, name, stream)
    }

    /// Of a table whose columns are known.
    ///
    /// # Errors
    /// A column that is not there, a cursor that has no order.
    pub fn made(
        dialect: Dialect,
        from: String,
        table: &Table,
        name: &str,
        stream: &Stream,
    ) -> Result<Self> {
        let mut key = Vec::new();
        for column in key_of(stream, table) {
            key.push(table.needed(column, &at(name, "key"))?.clone());
        }
        if key.iter().any(|column| !column.kind.ordered()) {
            if !stream.key.is_empty() {
                return Err(unordered(name, "key", &key));
            }
            // rows are read without an order then, and from the beginning after a break
            key.clear();
        }
        let cursor = match &stream.cursor {
            Some(column) => Some(table.needed(column, &at(name, "cursor"))?.clone()),
            None => None,
        };
        if let Some(cursor) = &cursor
            && !cursor.kind.ordered()
        {
            return Err(unordered(name, "cursor", std::slice::from_ref(cursor)));
        }
        let mut columns = Vec::new();
        for column in &stream.columns {
            columns.push(table.needed(column, &at(name, "columns"))?.clone());
        }
        if columns.is_empty() {
            columns.clone_from(&table.columns);
        }
        // What pages go on after must be in the rows.
        for column in cursor.iter().chain(&key) {
            if !columns.iter().any(|known| known.name == column.name) {
                columns.push(column.clone());
            }
        }
        let shape = Self {
            dialect,
            from,
            filter: stream.filter.clone(),
            columns,
            key,
            cursor,
            captured: stream.changes.is_some(),
            table: table.name.clone(),
        };
        if shape.captured {
            capture::fits(&shape, name)?;
        }
        Ok(shape)
    }

    /// JSON Schema of a row.
    pub fn schema(&self) -> Value {
        let property = |column: &Column| (column.name.clone(), column.kind.schema(column.nullable));
        let properties: serde_json::Map<String, Value> =
            self.columns.iter().map(property).collect();
        let names: Vec<&String> = properties.keys().collect();
        let mut schema = json!({ "type": "object", "required": names, "properties": properties });
        if self.captured {
            // a large value that did not change is left out, and a deleted row has only its key
            let key: Vec<&String> = self.key.iter().map(|column| &column.name).collect();
            schema["required"] = json!(key);
            for (name, property) in capture::columns() {
                schema["properties"][name] = property;
            }
        }
        schema
    }
}

fn key_of<'a>(stream: &'a Stream, table: &'a Table) -> &'a [String] {
    if stream.key.is_empty() {
        &table.key
    } else {
        &stream.key
    }
}

fn unordered(name: &str, field: &str, columns: &[Column]) -> Error {
    let bad = columns.iter().find(|column| !column.kind.ordered());
    let (column, kind) = bad.map_or(("", ""), |c| (c.name.as_str(), c.type_name.as_str()));
    let message = format!(
        "{column} has the type {kind}, by which rows are not put in order here; take a number, text, date or instant"
    );
    Error::config(&at(name, field), message)
}

fn of_table(
    connection: &Connection,
    dialect: Dialect,
    name: &str,
    stream: &Stream,
) -> Result<Table> {
    let wanted = stream.table.as_deref().unwrap_or_default();
    let found = catalog::table(connection, dialect, stream.schema.as_deref(), wanted)?;
    found.ok_or_else(|| {
        let message = format!(
            "there is no table {wanted:?} that the account may read{}",
            match &stream.schema {
                Some(schema) => format!(" in the schema {schema:?}"),
                None => String::new(),
            }
        );
        let mut error = Error::new(ErrorKind::NotFound, message);
        error.field = Some(at(name, "table"));
        error
    })
}

/// A query's columns are known by its first rows only.
fn of_query(connection: &Connection, name: &str, query: &str) -> Result<Table> {
    let query = query.trim_end_matches([';', ' ', '\n']);
    let sample = format!("SELECT * FROM (\n{query}\n) AS tributary_query LIMIT {SAMPLE}");
    let text = sql::fetch(connection, &sample, "[]").map_err(|mut error| {
        if matches!(error.kind, ErrorKind::Config | ErrorKind::NotFound) {
            // said anew: an error that is passed on as it is keeps its own place
            error.message = format!("the query: {}", error.message);
            error.field = Some(at(name, "query"));
        }
        error
    })?;
    let rows: Vec<serde_json::Map<String, Value>> = serde_json::from_str(&text)?;
    let mut columns: Vec<Column> = Vec::new();
    for row in &rows {
        for (name, value) in row {
            let kind = guessed(value);
            match columns.iter_mut().find(|column| column.name == *name) {
                Some(column) => {
                    column.kind = joined(column.kind, kind);
                }
                None => columns.push(Column {
                    name: name.clone(),
                    kind: kind.unwrap_or(Kind::Text),
                    type_name: "unknown".to_owned(),
                    nullable: true,
                }),
            }
        }
    }
    Ok(Table {
        schema: None,
        name: name.to_owned(),
        view: true,
        columns,
        key: Vec::new(),
    })
}

fn guessed(value: &Value) -> Option<Kind> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(_) => Kind::Boolean,
        Value::Number(number) if number.is_f64() => Kind::Decimal,
        Value::Number(_) => Kind::Integer,
        Value::String(_) => Kind::Text,
        Value::Array(_) | Value::Object(_) => Kind::Json,
    })
}

fn joined(known: Kind, more: Option<Kind>) -> Kind {
    match (known, more) {
        (known, None) => known,
        (known, Some(more)) if known == more => known,
        (Kind::Integer | Kind::Decimal, Some(Kind::Integer | Kind::Decimal)) => Kind::Decimal,
        _ => Kind::Text,
    }
}
