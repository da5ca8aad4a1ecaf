//! Page after page, and for child streams parent after parent.
//!
//! Invariants: a checkpoint follows each page, so what broke goes on at its last page; a stream
//! that leads in circles or has no end is stopped and said so, never read for ever.

use std::collections::BTreeSet;

use tributary_sdk::{Batch, Connection, Error, ErrorKind, Result, checkpoint, log, output};

use crate::config::{Config, Parent, Stream};
use crate::page::{Content, Page, page};
use crate::rate::Pace;
use crate::request::Ask;
use crate::template::Values;
use crate::{Checkpoint, instant};

/// Pages of one stream, or of the children of one parent.
const MAX_PAGES: u32 = 100_000;
/// Pages in a row without a row of data.
const MAX_EMPTY_PAGES: u32 = 100;
/// Positions that are remembered to notice a circle.
const REMEMBERED: usize = 20_000;
/// Bytes of child rows that are handed over at a time.
const BATCH_BYTES: usize = 1 << 20;

/// What all requests of a read have in common.
pub struct Reading<'a> {
    pub connection: &'a Connection,
    pub config: &'a Config,
    pub name: &'a str,
    pub stream: &'a Stream,
    /// the value to ask for, in the API's form
    pub since: Option<String>,
}

/// Notices streams that do not end.
#[derive(Default)]
struct Walk {
    pages: u32,
    empty: u32,
    positions: BTreeSet<String>,
    keys: Vec<Option<String>>,
}

impl Walk {
    /// Looks at a page before its rows are handed over.
    fn step(&mut self, stream: &Stream, page: &Page) -> Result<()> {
        let ends = |message: String| {
            let message = format!("{}: {message}", page.label);
            Err(Error::data(message).with_code("source_protocol"))
        };
        self.pages += 1;
        let pages = stream.pages.as_ref();
        let most = pages.and_then(|pages| pages.max_pages).unwrap_or(MAX_PAGES);
        if page.next.is_some() && self.pages >= most {
            return ends(format!(
                "there are still more pages after {most}; raise pages/max_pages if that is right"
            ));
        }
        let Some(next) = &page.next else {
            return Ok(());
        };
        if !self.positions.insert(next.clone()) {
            return ends("the API leads in a circle: the next page was read before".to_owned());
        }
        if self.positions.len() > REMEMBERED {
            self.positions.pop_first();
        }
        let Some(key) = stream.primary_key.first() else {
            return Ok(());
        };
        let keys = page
            .content
            .pluck(&format!("/{}", key.trim_start_matches('/')))?;
        if keys.is_empty() {
            self.empty += 1;
            if self.empty >= MAX_EMPTY_PAGES {
                return ends(format!(
                    "{MAX_EMPTY_PAGES} pages without a row came one after the other"
                ));
            }
            return Ok(());
        }
        self.empty = 0;
        if keys == self.keys && keys.iter().any(Option::is_some) {
            return ends("the page has the same rows as the page before; does the API know the parameter that names the page?".to_owned());
        }
        self.keys = keys;
        Ok(())
    }
}

impl Reading<'_> {
    /// Reads on from the checkpoint.
    pub fn run(&self, mut state: Checkpoint) -> Result<()> {
        let mut pace = Pace::new(self.config.rate_limit.as_ref());
        match self.config.parent(self.stream) {
            None => self.pages(&mut state, &mut pace, None),
            Some((parent, of)) => self.children(&mut state, &mut pace, parent, of),
        }
    }

    /// All pages of the stream, or of one parent's children.
    fn pages(
        &self,
        state: &mut Checkpoint,
        pace: &mut Pace<'_>,
        of: Option<&Child<'_>>,
    ) -> Result<()> {
        let mut walk = Walk::default();
        loop {
            let ask = Ask {
                config: self.config,
                name: self.name,
                stream: self.stream,
                values: Values {
                    since: self.since.as_deref(),
                    parent: of.map(|child| child.key.as_str()),
                },
                position: state.cursor.as_deref(),
            };
            let look = of.is_some_and(|child| !child.members.is_empty());
            let page = match page(self.connection, &ask, pace, look) {
                Err(error)
                    if of.is_some_and(|child| child.skip_missing)
                        && error.kind == ErrorKind::NotFound =>
                {
                    return Ok(());
                }
                other => other?,
            };
            walk.step(self.stream, &page)?;
            if let Some(incremental) = &self.stream.incremental {
                for value in page.content.pluck(&incremental.field)? {
                    instant::keep(&mut state.newest, value);
                }
            }
            let rows = self.hand_over(&page.content, of)?;
            let rows = rows.to_string();
            let next = page.next.as_deref().unwrap_or("none");
            log::info(
                "a page was read",
                &[
                    ("stream", self.name),
                    ("request", &page.label),
                    ("rows", &rows),
                    ("next", next),
                ],
            );
            state.cursor = page.next;
            if of.is_none() {
                state.done = state.cursor.is_none();
            } else if state.cursor.is_none() {
                return Ok(());
            }
            checkpoint(state)?;
            if state.cursor.is_none() {
                return Ok(());
            }
        }
    }

    fn hand_over(&self, content: &Content, of: Option<&Child<'_>>) -> Result<u64> {
        match content {
            Content::Host(rows) => Ok(rows.pipe(self.name, 1)?.rows),
            Content::Here(document) => {
                let members = of.map(|child| child.members.as_slice()).unwrap_or_default();
                let lines = document.lines(members);
                let (count, lines) =
                    lines.map_err(|what| Error::data(what).with_code("source_protocol"))?;
                emit(self.name, &lines)?;
                Ok(u64::from(count))
            }
        }
    }

    /// The children of all parents.
    fn children(
        &self,
        state: &mut Checkpoint,
        pace: &mut Pace<'_>,
        parent: &Parent,
        of: &Stream,
    ) -> Result<()> {
        let mut walk = Walk::default();
        loop {
            let ask = Ask {
                config: self.config,
                name: &parent.stream,
                stream: of,
                values: Values {
                    since: self.since.as_deref(),
                    parent: None,
                },
                position: state.parent_cursor.as_deref(),
            };
            let page = page(self.connection, &ask, pace, false)?;
            walk.step(of, &page)?;
            // A parent's rule is the children's if they have none of their own.
            if let (None, Some(incremental)) = (&self.stream.incremental, &of.incremental) {
                for value in page.content.pluck(&incremental.field)? {
                    instant::keep(&mut state.newest, value);
                }
            }
            let children = children_of(parent, &page.content)?;
            let done = usize::try_from(state.parents_done).unwrap_or(usize::MAX);
            for child in children.iter().skip(done) {
                self.pages(state, pace, Some(child))?;
                state.cursor = None;
                state.parents_done += 1;
                checkpoint(state)?;
            }
            state.parents_done = 0;
            state.done = page.next.is_none();
            state.parent_cursor = page.next;
            checkpoint(state)?;
            if state.done {
                return Ok(());
            }
        }
    }
}

/// One parent and what its children's rows get of it.
struct Child<'a> {
    key: String,
    members: Vec<(String, String)>,
    skip_missing: bool,
    _of: &'a Parent,
}

fn children_of<'a>(parent: &'a Parent, content: &Content) -> Result<Vec<Child<'a>>> {
    let keys = content.pluck(&parent.field)?;
    let mut children: Vec<Child<'a>> = Vec::with_capacity(keys.len());
    let mut places = Vec::new();
    for key in keys {
        places.push(key.is_some());
        if let Some(key) = key {
            children.push(Child {
                key,
                members: Vec::new(),
                skip_missing: parent.skip_missing,
                _of: parent,
            });
        }
    }
    for (name, pointer) in &parent.copy {
        let values = content.pluck(pointer)?.into_iter().zip(&places);
        let values = values
            .filter(|(_, has_key)| **has_key)
            .map(|(value, _)| value);
        for (child, value) in children.iter_mut().zip(values) {
            child
                .members
                .push((name.clone(), value.unwrap_or_default()));
        }
    }
    Ok(children)
}

/// Hands lines over in parts that the host takes.
fn emit(stream: &str, lines: &[u8]) -> Result<()> {
    let mut part = Vec::new();
    let mut rows = 0;
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        if !part.is_empty() && part.len() + line.len() > BATCH_BYTES {
            send(stream, std::mem::take(&mut part), std::mem::take(&mut rows))?;
        }
        part.extend_from_slice(line);
        rows += 1;
    }
    match part.is_empty() {
        true => Ok(()),
        false => send(stream, part, rows),
    }
}

fn send(stream: &str, data: Vec<u8>, rows: u32) -> Result<()> {
    output::emit(&Batch {
        r#stream: stream.to_owned(),
        encoding: tributary_sdk::bindings::imports::tributary::connector::types::Encoding::Ndjson,
        rows,
        data,
    })
}
