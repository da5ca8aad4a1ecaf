//! What can be read side by side: ranges of the key for a whole read; for what changed one part in the
//! cursor's order, and one for rows whose cursor is null.

use serde::Deserialize;
use tributary_sdk::{Connection, Error, Result, Selection, control, serde_json, sql};

use crate::capture;
use crate::config::{Stream, at};
use crate::shape::Shape;
use crate::span::{Checkpoint, Order, Span, continued};
use crate::statement;
use tributary_sql_tables::catalog::Column;
use tributary_sql_tables::kind::Kind;

/// The spans of a read.
///
/// # Errors
/// What the database says; a stream whose changes can't be asked for; a key that is null somewhere.
pub fn spans(
    connection: &Connection,
    shape: &Shape,
    stream: &Stream,
    selection: &Selection,
) -> Result<Vec<Span>> {
    no_null_keys(connection, shape, &selection.stream)?;
    let whole = Span {
        stream: selection.stream.clone(),
        order: shape.key.iter().map(order).collect(),
        parts: 1,
        round: control::now_ms(),
        ..Span::default()
    };
    if let Some(capture) = &stream.changes {
        return match capture::plan(connection, capture, selection, &whole)? {
            capture::Plan::Changes(span) => Ok(vec![*span]),
            capture::Plan::Whole(span) => ranges(connection, shape, stream, *span),
        };
    }
    if !selection.incremental {
        return ranges(connection, shape, stream, whole);
    }
    let Some(cursor) = &shape.cursor else {
        let message = "the stream has no cursor, so what changed can't be asked for";
        return Err(Error::config(&at(&selection.stream, "cursor"), message));
    };
    let read: Vec<Checkpoint> = selection.checkpoints()?;
    let mut changed = whole.clone();
    changed.order.retain(|order| order.name != cursor.name);
    changed.order.insert(0, order(cursor));
    changed.since = continued(&selection.stream, &read).or_else(|| stream.start.clone());
    let mut spans = vec![changed];
    if cursor.nullable {
        spans.push(Span {
            key: Some("nulls".to_owned()),
            nulls: true,
            ..whole
        });
    }
    Ok(spans)
}

fn order(column: &Column) -> Order {
    Order {
        name: column.name.clone(),
        kind: column.kind,
    }
}

/// A row whose key is null would be lost behind a page's end.
fn no_null_keys(connection: &Connection, shape: &Shape, name: &str) -> Result<()> {
    for column in shape.key.iter().filter(|column| column.nullable) {
        let quoted = shape.dialect.quoted(&column.name);
        let text = format!(
            "SELECT 1 AS one FROM {} WHERE {quoted} IS NULL LIMIT 1",
            shape.from
        );
        if sql::fetch(connection, &text, "[]")? != "[]" {
            let message = format!(
                "{} is null in some rows, so it can't be part of the key",
                column.name
            );
            return Err(Error::config(&at(name, "key"), message));
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct Bounds {
    low: Option<i128>,
    high: Option<i128>,
    total: u64,
}

#[derive(Deserialize)]
struct Total {
    total: u64,
}

#[derive(Deserialize)]
struct Value {
    value: serde_json::Value,
}

fn ranges(
    connection: &Connection,
    shape: &Shape,
    stream: &Stream,
    mut whole: Span,
) -> Result<Vec<Span>> {
    if let Some(cursor) = &shape.cursor {
        whole.known = value(connection, &statement::largest(shape, cursor))?;
    }
    let wanted = stream.partitions();
    let Some(first) = shape.key.first().filter(|_| wanted > 1) else {
        return Ok(vec![whole]);
    };
    let cuts = cuts(connection, shape, first, wanted)?;
    if cuts.is_empty() {
        return Ok(vec![whole]);
    }
    whole.parts = u32::try_from(cuts.len() + 1).unwrap_or(u32::MAX);
    let from = std::iter::once(None).chain(cuts.iter().cloned().map(Some));
    let to = cuts.iter().cloned().map(Some).chain(std::iter::once(None));
    let span = |(number, (from, to)): (usize, (Option<String>, Option<String>))| Span {
        key: Some(format!("part-{number}")),
        from,
        to,
        ..whole.clone()
    };
    Ok(from.zip(to).enumerate().map(span).collect())
}

/// Where one range ends and the next begins: evenly over the values of a number, evenly over the rows
/// of everything else.
fn cuts(
    connection: &Connection,
    shape: &Shape,
    first: &Column,
    wanted: u32,
) -> Result<Vec<String>> {
    let text = sql::fetch(connection, &statement::bounds(shape, first), "[]")?;
    let mut cuts: Vec<String> = Vec::new();
    if first.kind == Kind::Integer
        && let Ok(rows) = serde_json::from_str::<Vec<Bounds>>(&text)
        && let Some(Bounds {
            low: Some(low),
            high: Some(high),
            total,
        }) = rows.first()
    {
        if *total < u64::from(wanted) {
            return Ok(cuts);
        }
        for part in 1..i128::from(wanted) {
            let cut = (low + (high - low) * part / i128::from(wanted)).to_string();
            if cuts.last() != Some(&cut) && cut != low.to_string() {
                cuts.push(cut);
            }
        }
        return Ok(cuts);
    }
    let rows: Vec<Total> = serde_json::from_str(&text)?;
    let total = rows.first().map_or(0, |row| row.total);
    if total < u64::from(wanted) {
        return Ok(cuts);
    }
    for part in 1..u64::from(wanted) {
        let offset = total * part / u64::from(wanted);
        if let Some(cut) = value(connection, &statement::nth(shape, first, offset))?
            && cuts.last() != Some(&cut)
        {
            cuts.push(cut);
        }
    }
    Ok(cuts)
}

/// The one value of an answer as text.
fn value(connection: &Connection, text: &str) -> Result<Option<String>> {
    let answer = sql::fetch(connection, text, "[]")?;
    let rows: Vec<Value> = serde_json::from_str(&answer)?;
    Ok(match rows.into_iter().next().map(|row| row.value) {
        None | Some(serde_json::Value::Null) => None,
        Some(serde_json::Value::String(text)) => Some(text),
        Some(other) => Some(other.to_string()),
    })
}
