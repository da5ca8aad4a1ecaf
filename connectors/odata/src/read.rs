//! Page after page.
//!
//! Invariants: a checkpoint follows each page, so what broke goes on at its last page, and a read that is
//! told that its time is nearly over ends there and is called again; a stream
//! that leads in circles or has no end is stopped and said so.

use tributary_http_json::content::Content;
use tributary_http_json::emit::emit;
use tributary_http_json::instant;
use tributary_http_json::pace::Pace;
use tributary_http_json::walk::{MAX_PAGES, Walk};
use tributary_sdk::{ErrorKind, Result, checkpoint, control, log, serde_json};

use crate::Checkpoint;
use crate::config::Stream;
use crate::page::{Page, Side, page};
use crate::request::{Ask, Position, logged};

/// Reads a stream on from a checkpoint.
pub fn run(
    side: Side<'_>,
    name: &str,
    stream: &Stream,
    since: Option<&str>,
    mut state: Checkpoint,
) -> Result<()> {
    let mut pace = Pace::new(side.config.rate_limit.as_ref());
    let mut walk = Walk::default();
    let columns = state.span.columns.clone();
    let mut changes_only = state.span.delta.is_some();
    if state.position.is_none() {
        state.position.clone_from(&state.span.delta);
    }
    loop {
        let ask = Ask {
            config: side.config,
            name,
            stream,
            columns: &columns,
            since,
            position: state.position.as_ref(),
        };
        let page = match page(side, &ask, &mut pace) {
            Err(error) if changes_only && error.kind == ErrorKind::NotFound => {
                let fields = [("stream", name), ("said", error.message.as_str())];
                log::warn(
                    "the service forgot the delta link; everything is read",
                    &fields,
                );
                changes_only = false;
                state.position = None;
                continue;
            }
            other => other?,
        };
        changes_only = false;
        step(&mut walk, &ask, &page)?;
        if let Some(cursor) = &stream.cursor {
            for value in page.pluck(cursor)? {
                instant::keep(&mut state.newest, value);
            }
        }
        hand_over(name, &page)?;
        tell(name, &page);
        if page.delta.is_some() {
            state.delta = page.delta;
        }
        state.position = page.next;
        state.done = state.position.is_none();
        if state.done && stream.delta && state.delta.is_none() {
            let how = match &stream.cursor {
                Some(_) => "the service gave no delta link; changes are found by the cursor",
                None => "the service gave no delta link; the next run reads everything",
            };
            log::warn(how, &[("stream", name)]);
        }
        checkpoint(&state)?;
        if state.done || control::stopping() {
            return Ok(());
        }
    }
}

/// Looks at a page before its rows are handed over.
fn step(walk: &mut Walk, ask: &Ask<'_>, page: &Page) -> Result<()> {
    let most = ask.stream.max_pages.unwrap_or(MAX_PAGES);
    let next = page.next.as_ref().map(serde_json::to_string).transpose()?;
    walk.step((&page.label, most), next.as_deref(), || {
        let rows = page.rows;
        if ask.columns.is_empty() {
            return Ok(Some(vec![None; rows]));
        }
        // of several columns only all together name a row
        let mut names = vec![String::new(); rows];
        for column in ask.columns {
            for (name, value) in names.iter_mut().zip(page.pluck(&column.name)?) {
                name.push_str(&value.unwrap_or_default());
                name.push('\n');
            }
        }
        Ok(Some(names.into_iter().map(Some).collect()))
    })
}

fn hand_over(name: &str, page: &Page) -> Result<()> {
    match (&page.lines, &page.content) {
        (Some(lines), _) => emit(name, lines.as_bytes()),
        (None, Content::Host(rows)) => rows.pipe(name, 1).map(|_| ()),
        (None, Content::Here(_)) => Ok(()),
    }
}

fn tell(name: &str, page: &Page) {
    let next = match &page.next {
        None => "none".to_owned(),
        Some(Position::Link(path, _)) => format!("a link to {path}"),
        Some(Position::After(_)) => "after the last row".to_owned(),
    };
    let (rows, removed) = (page.rows.to_string(), page.removed.to_string());
    let request = logged(&page.label);
    let mut fields = vec![
        ("stream", name),
        ("request", request.as_str()),
        ("rows", rows.as_str()),
        ("next", next.as_str()),
    ];
    if page.removed > 0 {
        fields.push(("gone, passed over", removed.as_str()));
    }
    log::info("a page was read", &fields);
}
