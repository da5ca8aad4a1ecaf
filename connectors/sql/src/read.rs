//! One span, page after page, in one statement: so it sees one state of the data. After a break, a
//! statement of its own goes on behind the last row; so it does when a read is told that its time is nearly over.

use tributary_sdk::{Connection, Result, Rows, checkpoint, control, log};

use crate::config::Stream;
use crate::shape::Shape;
use crate::span::{Checkpoint, earlier};
use crate::statement;

/// Reads a span on from a checkpoint.
///
/// # Errors
/// What the database says.
pub fn run(
    connection: &Connection,
    shape: &Shape,
    stream: &Stream,
    mut state: Checkpoint,
) -> Result<()> {
    let name = state.span.stream.clone();
    let since = match (&state.span.since, &shape.cursor) {
        (Some(since), Some(cursor)) => Some(earlier(since, cursor.kind, stream.overlap)?),
        _ => None,
    };
    let asked = statement::read(shape, &state.span, since.as_deref(), state.after.as_deref())?;
    log::info(
        "a statement reads",
        &[("stream", &name), ("statement", &asked.text)],
    );
    let rows = Rows::query(connection, &asked.text, &asked.params)?;
    let by_cursor = shape.cursor.as_ref().is_some_and(|cursor| {
        state
            .span
            .order
            .first()
            .is_some_and(|order| order.name == cursor.name)
    });
    loop {
        let piped = rows.pipe(&name, 1)?;
        if piped.rows > 0 && !state.span.order.is_empty() {
            state.after = last(&rows, &state)?;
            if by_cursor && let Some(newest) = state.after.as_ref().and_then(|after| after.first())
            {
                state.newest = Some(newest.clone());
            }
        }
        state.done = piped.ended;
        // Without an order there is nothing to go on after: such a read is done or not.
        let moved = state.done || (state.after.is_some() && piped.rows > 0);
        if moved {
            checkpoint(&state)?;
        }
        if state.done || (moved && control::stopping()) {
            return Ok(());
        }
    }
}

/// Values of the order's columns in the last row; none if one is null (then nothing can be asked for
/// after it, and the read goes on in its one statement).
fn last(rows: &Rows, state: &Checkpoint) -> Result<Option<Vec<String>>> {
    let mut values = Vec::new();
    for order in &state.span.order {
        let pointer = format!("/{}", order.name.replace('~', "~0").replace('/', "~1"));
        match rows.probe(&pointer)? {
            Some(value) => values.push(value),
            None => return Ok(state.after.clone()),
        }
    }
    Ok(Some(values))
}
