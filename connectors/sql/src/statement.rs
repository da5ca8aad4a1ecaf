//! The statement that reads a span.
//!
//! Invariants: rows come in the order of cursor and key where there is one, so that a read goes on after
//! its last row whatever was inserted meanwhile; a value is bound, a name quoted.

use tributary_sdk::{Error, Result};
use tributary_sql_tables::catalog::Column;
use tributary_sql_tables::dialect::{Dialect, Writer};
use tributary_sql_tables::kind::Kind;

use crate::capture;
use crate::shape::Shape;
use crate::span::{Order, Span};

/// What a read asks for.
pub fn read(
    shape: &Shape,
    span: &Span,
    since: Option<&str>,
    after: Option<&[String]>,
) -> Result<Writer> {
    let mut writer = Writer::new(shape.dialect, format!("SELECT {}", list(shape)));
    if shape.captured {
        let ours = capture::read_columns(shape, &mut writer);
        writer.text.push_str(&ours);
    }
    writer.text.push_str(&format!(" FROM {}", shape.from));
    let mut conditions: Vec<String> = Vec::new();
    conditions.extend(shape.filter.as_ref().map(|filter| format!("({filter})")));
    let quoted = |name: &str| shape.dialect.quoted(name);
    if let Some(cursor) = &shape.cursor
        && (span.nulls || is_cursor_first(span, cursor))
    {
        let name = quoted(&cursor.name);
        conditions.push(match span.nulls {
            true => format!("{name} IS NULL"),
            false => match since {
                Some(since) => format!("{name} >= {}", writer.bind(cursor.kind, since)),
                None => format!("{name} IS NOT NULL"),
            },
        });
    }
    if let Some(first) = shape.key.first() {
        let name = quoted(&first.name);
        for (value, sign) in [(&span.from, ">="), (&span.to, "<")] {
            if let Some(value) = value {
                let place = writer.bind(first.kind, value);
                conditions.push(format!("{name} {sign} {place}"));
            }
        }
    }
    if let Some(after) = after {
        conditions.push(behind(shape, &span.order, after, &mut writer)?);
    }
    if !conditions.is_empty() {
        writer
            .text
            .push_str(&format!(" WHERE {}", conditions.join(" AND ")));
    }
    if !span.order.is_empty() {
        let names: Vec<String> = span.order.iter().map(|order| quoted(&order.name)).collect();
        writer
            .text
            .push_str(&format!(" ORDER BY {}", names.join(", ")));
    }
    Ok(writer)
}

fn is_cursor_first(span: &Span, cursor: &Column) -> bool {
    span.order
        .first()
        .is_some_and(|order| order.name == cursor.name)
}

/// `(a, b) > (x, y)`, or the same written out where indexes are not used for the short form.
fn behind(shape: &Shape, order: &[Order], after: &[String], writer: &mut Writer) -> Result<String> {
    if order.len() != after.len() || order.is_empty() {
        return Err(Error::bug(
            "the checkpoint has another number of values than the order",
        ));
    }
    let dialect = shape.dialect;
    if shape.key.is_empty() {
        // Rows that share the last value can't be told apart: all of them come again.
        let same = order.iter().zip(after).map(|(order, value)| {
            let place = writer.bind(order.kind, value);
            format!("{} >= {place}", dialect.quoted(&order.name))
        });
        return Ok(same.collect::<Vec<_>>().join(" AND "));
    }
    if dialect != Dialect::Mysql {
        let names: Vec<String> = order
            .iter()
            .map(|order| dialect.quoted(&order.name))
            .collect();
        let pairs = order.iter().zip(after);
        let places: Vec<String> = pairs
            .map(|(order, value)| writer.bind(order.kind, value))
            .collect();
        return Ok(format!("({}) > ({})", names.join(", "), places.join(", ")));
    }
    let mut ways = Vec::new();
    for last in 0..order.len() {
        let mut parts = Vec::new();
        for (index, (order, value)) in order.iter().zip(after).enumerate().take(last + 1) {
            let place = writer.bind(order.kind, value);
            let sign = if index == last { ">" } else { "=" };
            parts.push(format!("{} {sign} {place}", dialect.quoted(&order.name)));
        }
        ways.push(format!("({})", parts.join(" AND ")));
    }
    Ok(format!("({})", ways.join(" OR ")))
}

/// The columns; what has no form of its own is read as text.
pub fn list(shape: &Shape) -> String {
    let one = |column: &Column| {
        let name = shape.dialect.quoted(&column.name);
        match (shape.dialect, column.kind) {
            (Dialect::Postgres, Kind::Other) => format!("{name}::text AS {name}"),
            (Dialect::Postgres, Kind::Decimal) if column.type_name == "money" => {
                format!("{name}::numeric AS {name}")
            }
            _ => name,
        }
    };
    shape.columns.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The largest value of the cursor.
pub fn largest(shape: &Shape, cursor: &Column) -> String {
    let name = shape.dialect.quoted(&cursor.name);
    format!(
        "SELECT max({name}) AS value FROM {}{}",
        shape.from,
        filtered(shape)
    )
}

/// Smallest and largest value of the key's first column, and how many rows there are.
pub fn bounds(shape: &Shape, first: &Column) -> String {
    let name = shape.dialect.quoted(&first.name);
    format!(
        "SELECT min({name}) AS low, max({name}) AS high, count(*) AS total FROM {}{}",
        shape.from,
        filtered(shape)
    )
}

/// The key's first column in the row at `offset`.
pub fn nth(shape: &Shape, first: &Column, offset: u64) -> String {
    let name = shape.dialect.quoted(&first.name);
    format!(
        "SELECT {name} AS value FROM {}{} ORDER BY {name} LIMIT 1 OFFSET {offset}",
        shape.from,
        filtered(shape)
    )
}

fn filtered(shape: &Shape) -> String {
    match &shape.filter {
        Some(filter) => format!(" WHERE ({filter})"),
        None => String::new(),
    }
}
