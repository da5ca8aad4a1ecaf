//! Change capture: the table is read whole once, after the place in the database's log was noted; from then
//! on a run reads the log. Later runs go on from the newest round that is known to be whole.
//!
//! Reading the log ends at a checkpoint where it is told that its time is nearly over, and is called again.
//!
//! Invariant: the log is released up to a place only that an earlier run left in its checkpoint.

use serde_json::{Value, json};
use tributary_sdk::{
    Connection, Error, Result, Rows, Selection, changes, checkpoint, control, log, sql,
};
use tributary_sql_tables::dialect::{Dialect, Writer};
use tributary_sql_tables::kind::Kind;

use crate::config::{Capture, Stream, at};
use crate::shape::Shape;
use crate::span::{Checkpoint, Span};

/// What the log's columns are called; the table can't have them itself.
pub const PREFIX: &str = "_change_";
/// Where the last row's place in the log is.
const POSITION: &str = "/_change_position";
/// What the ledger keeps the place in the log under.
const KEY: &str = "changes";

/// What a run reads.
pub enum Plan {
    /// the log
    Changes(Box<Span>),
    /// the table, in one or several parts
    Whole(Box<Span>),
}

/// Decides what a run reads, and notes where the log stands.
///
/// # Errors
/// What the database says.
pub fn plan(
    connection: &Connection,
    capture: &Capture,
    selection: &Selection,
    whole: &Span,
) -> Result<Plan> {
    let text = serde_json::to_string(capture)?;
    let read: Vec<Checkpoint> = selection.checkpoints()?;
    let newest = read.iter().map(|one| one.span.round).max();
    let mut span = Span {
        // a clock that was set back must not hide what came later
        round: whole.round.max(newest.map_or(0, |round| round + 1)),
        ..whole.clone()
    };
    let known = continued(&selection.stream, &read).filter(|_| selection.incremental);
    let Some(from) = known else {
        span.position = Some(changes::start(connection, &text)?);
        return Ok(Plan::Whole(Box::new(span)));
    };
    changes::release(connection, &text, &from)?;
    span.until = Some(changes::end(connection, &text)?);
    span.position = Some(from);
    span.key = Some(KEY.to_owned());
    span.order.clear();
    Ok(Plan::Changes(Box::new(span)))
}

/// Where the log is read on from, as earlier runs leave it: the newest round counts, a read of the table
/// only if all of its parts are there.
fn continued(stream: &str, read: &[Checkpoint]) -> Option<String> {
    let ours = || read.iter().filter(|one| one.span.stream == stream);
    let whole = |one: &&Checkpoint| {
        let parts = ours().filter(|other| other.span.round == one.span.round && other.done);
        one.span.until.is_some() || parts.count() as u64 >= u64::from(one.span.parts)
    };
    let newest = ours()
        .filter(|one| one.span.position.is_some())
        .filter(whole)
        .max_by_key(|one| one.span.round)?;
    newest
        .newest
        .clone()
        .or_else(|| newest.span.position.clone())
}

/// Reads the log on from a checkpoint.
///
/// # Errors
/// What the database says; `changes_gone` for a place that the log does not have any more.
pub fn run(
    connection: &Connection,
    shape: &Shape,
    (stream, capture): (&Stream, &Capture),
    mut state: Checkpoint,
) -> Result<()> {
    let name = state.span.stream.clone();
    let until = state.span.until.clone().unwrap_or_default();
    let from = state.newest.clone().or_else(|| state.span.position.clone());
    let from = from.ok_or_else(|| Error::bug("a read of changes has no place to start from"))?;
    log::info(
        "the database's log is read",
        &[("stream", &name), ("from", &from), ("until", &until)],
    );
    let rows = Rows::changes(connection, capture, &tables(shape, stream), (&from, &until))?;
    loop {
        let piped = rows.pipe(&name, 1)?;
        let before = state.newest.clone();
        if piped.ended {
            state.done = true;
            state.newest = Some(until.clone());
        } else if let Some(place) = rows.probe(POSITION)? {
            state.newest = Some(place);
        }
        // Without a new place there is nothing to go on after.
        let moved = state.done || state.newest != before;
        if moved {
            checkpoint(&state)?;
        }
        if state.done || (moved && control::stopping()) {
            return Ok(());
        }
    }
}

/// The table as the host's log is asked for it.
fn tables(shape: &Shape, stream: &Stream) -> Vec<Value> {
    let key: Vec<&str> = shape
        .key
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    let columns: Vec<&str> = shape
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    let mut table = serde_json::Map::new();
    table.insert("table".to_owned(), json!(stream.table));
    table.insert("key".to_owned(), json!(key));
    if let Some(schema) = &stream.schema {
        table.insert("schema".to_owned(), json!(schema));
    }
    if !stream.columns.is_empty() {
        table.insert("columns".to_owned(), json!(columns));
    }
    vec![Value::Object(table)]
}

/// The log's columns, with their schemas.
pub fn columns() -> [(String, Value); 5] {
    let named = |name: &str, schema: Value| (format!("{PREFIX}{name}"), schema);
    let text = json!({ "type": ["string", "null"] });
    let ops = json!({ "enum": ["read", "insert", "update", "delete", "truncate"] });
    [
        named("op", ops),
        named("table", text.clone()),
        named("position", text.clone()),
        named(
            "time",
            json!({ "type": ["string", "null"], "format": "date-time" }),
        ),
        named(
            "unchanged",
            json!({ "type": ["array", "null"], "items": { "type": "string" } }),
        ),
    ]
}

/// The same columns of a row that is read from the table.
pub fn read_columns(shape: &Shape, writer: &mut Writer) -> String {
    let (op, table) = match shape.dialect {
        Dialect::Postgres => (
            "'read'::text",
            format!("{}::text", writer.bind(Kind::Text, &shape.table)),
        ),
        _ => ("'read'", writer.bind(Kind::Text, &shape.table)),
    };
    let none = match shape.dialect {
        Dialect::Postgres => "NULL::text",
        _ => "NULL",
    };
    let values = [op, &table, none, none, none];
    let one = |((name, _), value): (&(String, Value), &str)| {
        format!("{value} AS {}", shape.dialect.quoted(name))
    };
    let columns = columns();
    let all: Vec<String> = columns.iter().zip(values).map(one).collect();
    format!(", {}", all.join(", "))
}

/// A table that can't be told from its log.
///
/// # Errors
/// A column whose name is one of ours; no key.
pub fn fits(shape: &Shape, name: &str) -> Result<()> {
    if shape.dialect == Dialect::Sqlite {
        let message = "SQLite has no log of changes; take a cursor";
        return Err(Error::config(&at(name, "changes"), message));
    }
    if let Some(column) = shape.columns.iter().find(|c| c.name.starts_with(PREFIX)) {
        let message = format!(
            "the table has a column {:?}, which is ours here",
            column.name
        );
        return Err(Error::config(&at(name, "changes"), message));
    }
    if shape.key.is_empty() {
        let message = "the table has no key, so a change can't be told from another row's";
        return Err(Error::config(&at(name, "key"), message));
    }
    Ok(())
}

/// The answer's one object.
pub fn row(connection: &Connection, text: &str, params: &[&str]) -> Result<Option<Value>> {
    let answer = sql::fetch(connection, text, &serde_json::to_string(params)?)?;
    let rows: Vec<Value> = serde_json::from_str(&answer)?;
    Ok(rows.into_iter().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_round(round: u64, position: &str, parts: u32, done: bool) -> Checkpoint {
        Checkpoint {
            span: Span {
                stream: "a".to_owned(),
                position: Some(position.to_owned()),
                parts,
                round,
                ..Span::default()
            },
            done,
            ..Checkpoint::default()
        }
    }

    fn changes(round: u64, position: &str, newest: Option<&str>) -> Checkpoint {
        let mut one = at_round(round, position, 1, false);
        one.span.until = Some("9".to_owned());
        one.newest = newest.map(str::to_owned);
        one
    }

    #[test]
    fn the_newest_whole_round_says_where_the_log_is_read_on() {
        let from = |read: &[Checkpoint]| continued("a", read);
        assert_eq!(from(&[]), None);
        assert_eq!(from(&[at_round(1, "1", 1, false)]), None);
        assert_eq!(from(&[at_round(1, "1", 1, true)]).as_deref(), Some("1"));
        let parts = [at_round(1, "1", 2, true), at_round(1, "1", 2, true)];
        assert_eq!(from(&parts).as_deref(), Some("1"));
        assert_eq!(from(&parts[..1]), None);
        // a read of the log counts as far as it came
        let mut read = parts.to_vec();
        read.push(changes(2, "1", None));
        assert_eq!(from(&read).as_deref(), Some("1"));
        read.push(changes(3, "1", Some("5")));
        assert_eq!(from(&read).as_deref(), Some("5"));
        // a later whole read does only if it is whole
        read.push(at_round(4, "7", 1, false));
        assert_eq!(from(&read).as_deref(), Some("5"));
        read.push(at_round(5, "8", 1, true));
        assert_eq!(from(&read).as_deref(), Some("8"));
        // what an earlier configuration with a cursor left has no place in the log
        let mut cursor = at_round(9, "", 1, true);
        cursor.span.position = None;
        read.push(cursor);
        assert_eq!(from(&read).as_deref(), Some("8"));
        assert_eq!(continued("b", &read), None);
    }
}
