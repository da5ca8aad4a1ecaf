//! Page after page, and for child streams parent after parent.
//!
//! Invariants: a checkpoint follows each page, so what broke goes on at its last page, and a read that is
//! told that its time is nearly over ends there and is called again; a stream
//! that leads in circles or has no end is stopped and said so, never read for ever.

use tributary_http_json::content::Content;
use tributary_http_json::emit::emit;
use tributary_http_json::instant;
use tributary_http_json::pace::Pace;
use tributary_http_json::walk::{MAX_PAGES, Walk};
use tributary_sdk::{Connection, Error, ErrorKind, Result, checkpoint, control, log};

use crate::Checkpoint;
use crate::config::{Config, Parent, Stream};
use crate::page::{Page, page};
use crate::request::{Ask, shown};
use crate::template::Values;

/// What all requests of a read have in common.
pub struct Reading<'a> {
    pub connection: &'a Connection,
    pub config: &'a Config,
    pub name: &'a str,
    pub stream: &'a Stream,
    /// the value to ask for, in the API's form
    pub since: Option<String>,
}

/// Looks at a page before its rows are handed over.
fn step(walk: &mut Walk, stream: &Stream, page: &Page) -> Result<()> {
    let pages = stream.pages.as_ref();
    let most = pages.and_then(|pages| pages.max_pages).unwrap_or(MAX_PAGES);
    walk.step((&page.label, most), page.next.as_deref(), || {
        let Some(key) = stream.primary_key.first() else {
            return Ok(None);
        };
        let pointer = format!("/{}", key.trim_start_matches('/'));
        page.content.pluck(&pointer).map(Some)
    })
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

    /// All pages of the stream, or of one parent's children. A cursor is left where time is nearly over.
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
                    state.cursor = None;
                    return Ok(());
                }
                other => other?,
            };
            step(&mut walk, self.stream, &page)?;
            if let Some(incremental) = &self.stream.incremental {
                for value in page.content.pluck(&incremental.field)? {
                    instant::keep(&mut state.newest, value);
                }
            }
            let rows = self.hand_over(&page.content, of)?;
            let rows = rows.to_string();
            let next = page
                .next
                .as_deref()
                .map_or_else(|| "none".to_owned(), shown);
            log::info(
                "a page was read",
                &[
                    ("stream", self.name),
                    ("request", &page.label),
                    ("rows", &rows),
                    ("next", &next),
                ],
            );
            state.cursor = page.next;
            if of.is_none() {
                state.done = state.cursor.is_none();
            } else if state.cursor.is_none() {
                return Ok(());
            }
            checkpoint(state)?;
            if state.cursor.is_none() || control::stopping() {
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
                    // A child may have changed below a parent that has not: what the children have
                    // their own rule for is no reason to ask for fewer parents.
                    since: match self.stream.incremental {
                        Some(_) => None,
                        None => self.since.as_deref(),
                    },
                    parent: None,
                },
                position: state.parents.page.as_deref(),
            };
            let page = page(self.connection, &ask, pace, false)?;
            step(&mut walk, of, &page)?;
            // A parent's rule is the children's if they have none of their own.
            if let (None, Some(incremental)) = (&self.stream.incremental, &of.incremental) {
                for value in page.content.pluck(&incremental.field)? {
                    instant::keep(&mut state.newest, value);
                }
            }
            let children = children_of(parent, &page.content)?;
            let keys: Vec<&str> = children.iter().map(|child| child.key.as_str()).collect();
            let Some(left) = state.parents.left(state.cursor.is_some(), &keys) else {
                state.cursor = None;
                state.parents.begin_again(&page.label)?;
                let fields = [("stream", self.name), ("request", page.label.as_str())];
                log::warn(
                    "the list of parents does not tell which were read: all are read again",
                    &fields,
                );
                walk = Walk::default();
                continue;
            };
            if !left.goes_on {
                state.cursor = None;
            }
            let last = left.order.last().copied();
            for place in left.order {
                let Some(child) = children.get(place) else {
                    continue;
                };
                if !self.of_one(state, pace, child, Some(place) == last)? {
                    return Ok(()); // its time is nearly over
                }
            }
            state.done = page.next.is_none();
            let known = state.parents.turn(page.next);
            if state.done || !known {
                checkpoint(state)?;
            }
            if state.done || control::stopping() {
                return Ok(());
            }
        }
    }

    /// The children of one parent. Answers whether there is time for more.
    fn of_one(
        &self,
        state: &mut Checkpoint,
        pace: &mut Pace<'_>,
        child: &Child<'_>,
        last: bool,
    ) -> Result<bool> {
        state.parents.begin(&child.key);
        self.pages(state, pace, Some(child))?;
        if state.cursor.is_some() {
            return Ok(false);
        }
        let worth_it = state.parents.finish(&child.key);
        let stopping = control::stopping();
        if worth_it || last || stopping {
            checkpoint(state)?;
        }
        Ok(!stopping)
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
