//! Evaluates a [`Query`] on a [`Tree`], RFC 9535 sections 2.3 to 2.5.
//!
//! Invariants: at most [`MAX_NODES`] nodes are held at any step and at most [`MAX_WORK`] units of work
//! are done, so that `$..*..*` on a large record ends with an error instead of eating memory; the
//! depth of calls is that of the query's filters or of the JSON text, both bounded.

use std::collections::HashMap;

use regex::Regex;

use super::compare::{self, Scalar};
use super::number::NumberRef;
use super::query::{Condition, InnerQuery, Matches, Operand, Pattern, Query, Segment, Selector};
use super::regexp;
use super::tree::{Id, Kind, TOP, Tree};
use super::{Path, write_normalized};
use crate::decimal::Decimal;
use crate::reader::scan::ScanError;

/// Most nodes that a step of a query may give.
pub(super) const MAX_NODES: usize = 100_000;
/// Work of one evaluation: a unit is one value looked at, or some ten bytes of text.
const MAX_WORK: u64 = 10_000_000;
/// Work of compiling a pattern that stands in the data.
const COMPILE_WORK: u64 = 20_000;
/// Patterns of the data that are kept.
const MAX_PATTERNS: usize = 32;

/// Why a query gives no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QueryError {
    /// the text is no JSON, or an object holds a member twice
    #[error("{reason} (byte {offset})")]
    Json { offset: usize, reason: &'static str },
    /// more values than a tree holds
    #[error("the value has more than a million parts")]
    TooLarge,
    #[error("the query gives more than {MAX_NODES} values")]
    TooManyNodes,
    #[error("the query takes too many steps on this value")]
    TooMuchWork,
}

impl From<ScanError> for QueryError {
    fn from(error: ScanError) -> Self {
        Self::Json {
            offset: error.offset,
            reason: error.reason,
        }
    }
}

/// What a query found, in the order of RFC 9535.
#[derive(Debug)]
pub(crate) struct Selection<'t, 'a> {
    tree: &'t Tree<'a>,
    ids: Vec<Id>,
}

/// One value that a query found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'t, 'a> {
    tree: &'t Tree<'a>,
    id: Id,
}

impl<'t, 'a> Selection<'t, 'a> {
    pub(crate) fn nodes(&self) -> impl Iterator<Item = Node<'t, 'a>> {
        let tree = self.tree;
        self.ids.iter().map(move |id| Node { tree, id: *id })
    }
}

impl<'a> Node<'_, 'a> {
    /// The value as it stands in the JSON text.
    pub(crate) fn text(&self) -> &'a str {
        self.tree.raw(self.id)
    }

    /// Where it stands, from the top of the tree.
    pub(crate) fn path(&self) -> Path {
        self.tree.path(self.id)
    }

    /// The normalized path (RFC 9535, section 2.7), from the top of the tree.
    pub(crate) fn normalized_path(&self) -> String {
        write_normalized(&self.path())
    }
}

impl Query {
    /// Evaluates the query on a tree.
    ///
    /// # Errors
    /// [`QueryError::TooManyNodes`], [`QueryError::TooMuchWork`].
    pub(crate) fn select<'t, 'a>(
        &self,
        tree: &'t Tree<'a>,
    ) -> Result<Selection<'t, 'a>, QueryError> {
        self.measured(tree).map(|(selection, _)| selection)
    }

    /// The selection and the work it took.
    pub(super) fn measured<'t, 'a>(
        &self,
        tree: &'t Tree<'a>,
    ) -> Result<(Selection<'t, 'a>, u64), QueryError> {
        let mut evaluation = Evaluation {
            tree,
            work: MAX_WORK,
            patterns: HashMap::new(),
        };
        let ids = evaluation.run(&self.segments, TOP)?;
        Ok((Selection { tree, ids }, MAX_WORK - evaluation.work))
    }
}

/// One evaluation and what it has used up.
pub(super) struct Evaluation<'t, 'a> {
    pub(super) tree: &'t Tree<'a>,
    work: u64,
    patterns: HashMap<(String, bool), Option<Regex>>,
}

impl<'t> Evaluation<'t, '_> {
    /// Pays for work.
    pub(super) fn pay(&mut self, work: u64) -> Result<(), QueryError> {
        self.work = self.work.checked_sub(work).ok_or(QueryError::TooMuchWork)?;
        Ok(())
    }

    /// Pays for going over a text.
    pub(super) fn pay_text(&mut self, length: usize) -> Result<(), QueryError> {
        self.pay(1 + length as u64 / 10)
    }

    fn run(&mut self, segments: &[Segment], start: Id) -> Result<Vec<Id>, QueryError> {
        let mut nodes = vec![start];
        for segment in segments {
            let mut next = Vec::new();
            for node in nodes {
                if segment.descendant {
                    for inner in self.tree.descendants(node) {
                        self.select_all(&segment.selectors, inner, &mut next)?;
                    }
                } else {
                    self.select_all(&segment.selectors, node, &mut next)?;
                }
            }
            nodes = next;
        }
        Ok(nodes)
    }

    fn select_all(
        &mut self,
        selectors: &[Selector],
        node: Id,
        out: &mut Vec<Id>,
    ) -> Result<(), QueryError> {
        self.pay(1)?;
        for selector in selectors {
            self.apply(selector, node, out)?;
        }
        Ok(())
    }

    fn apply(
        &mut self,
        selector: &Selector,
        node: Id,
        out: &mut Vec<Id>,
    ) -> Result<(), QueryError> {
        let (tree, kind) = (self.tree, self.tree.kind(node));
        match selector {
            Selector::Name(name) => {
                if let Some(found) = self.member(node, name)? {
                    push(out, found)?;
                }
            }
            Selector::Wildcard => {
                for child in tree.children(node) {
                    self.pay(1)?;
                    push(out, *child)?;
                }
            }
            Selector::Index(index) if kind == Kind::Array => {
                let elements = tree.children(node);
                if let Some(found) = place(*index, elements.len()).and_then(|at| elements.get(at)) {
                    push(out, *found)?;
                }
            }
            Selector::Slice { start, end, step } if kind == Kind::Array => {
                let elements = tree.children(node);
                for at in slice(*start, *end, *step, elements.len()) {
                    self.pay(1)?;
                    if let Some(found) = elements.get(at) {
                        push(out, *found)?;
                    }
                }
            }
            Selector::Filter(condition) => {
                for child in tree.children(node) {
                    self.pay(1)?;
                    if self.holds(condition, *child)? {
                        push(out, *child)?;
                    }
                }
            }
            Selector::Index(_) | Selector::Slice { .. } => {}
        }
        Ok(())
    }

    /// The member of an object.
    pub(super) fn member(&mut self, node: Id, name: &str) -> Result<Option<Id>, QueryError> {
        if self.tree.kind(node) != Kind::Object {
            return Ok(None);
        }
        for member in self.tree.children(node) {
            self.pay(1)?;
            if self.tree.name(*member) == Some(name) {
                return Ok(Some(*member));
            }
        }
        Ok(None)
    }

    fn holds(&mut self, condition: &Condition, node: Id) -> Result<bool, QueryError> {
        self.pay(1)?;
        match condition {
            Condition::Any(parts) => {
                for part in parts {
                    if self.holds(part, node)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Condition::All(parts) => {
                for part in parts {
                    if !self.holds(part, node)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Condition::Not(part) => Ok(!self.holds(part, node)?),
            Condition::Exists(query) => Ok(self.inner(query, node)?.1 > 0),
            Condition::Compare(comparison) => {
                let left = self.operand(&comparison.left, node)?;
                let right = self.operand(&comparison.right, node)?;
                compare::holds(self, left.as_ref(), comparison.operator, right.as_ref())
            }
            Condition::Matches(matches) => self.matches(matches, node),
        }
    }

    /// The first node of a query inside a filter, and how many there are.
    fn inner(&mut self, query: &InnerQuery, node: Id) -> Result<(Option<Id>, usize), QueryError> {
        let start = if query.absolute { TOP } else { node };
        if query.segments.iter().all(Segment::is_singular) {
            let found = self.walk(&query.segments, start)?;
            return Ok((found, usize::from(found.is_some())));
        }
        let found = self.run(&query.segments, start)?;
        Ok((found.first().copied(), found.len()))
    }

    /// The node of a singular query, without lists.
    fn walk(&mut self, segments: &[Segment], start: Id) -> Result<Option<Id>, QueryError> {
        let mut node = start;
        for segment in segments {
            self.pay(1)?;
            let next = match segment.selectors.as_slice() {
                [Selector::Name(name)] => self.member(node, name)?,
                [Selector::Index(index)] if self.tree.kind(node) == Kind::Array => {
                    let elements = self.tree.children(node);
                    place(*index, elements.len()).and_then(|at| elements.get(at).copied())
                }
                _ => None,
            };
            match next {
                Some(found) => node = found,
                None => return Ok(None),
            }
        }
        Ok(Some(node))
    }

    /// The value of an operand; `None` is the RFC's `Nothing`.
    fn operand<'v>(
        &mut self,
        operand: &'v Operand,
        node: Id,
    ) -> Result<Option<Scalar<'v>>, QueryError>
    where
        't: 'v,
    {
        Ok(match operand {
            Operand::Null => Some(Scalar::Null),
            Operand::Bool(truth) => Some(Scalar::Bool(*truth)),
            Operand::Number(number) => Some(Scalar::Number(number.borrow())),
            Operand::Text(text) => Some(Scalar::Text(text.as_str().into())),
            Operand::Length(inner) => match self.operand(inner, node)? {
                Some(Scalar::Text(text)) => {
                    self.pay_text(text.len())?;
                    Some(count(text.chars().count()))
                }
                Some(Scalar::Nested(id)) => Some(count(self.tree.children(id).len())),
                _ => None,
            },
            Operand::Count(query) => Some(count(self.inner(query, node)?.1)),
            Operand::Value(query) => match self.inner(query, node)? {
                (Some(id), 1) => Some(self.scalar(id)?),
                _ => None,
            },
        })
    }

    /// A value of the tree.
    pub(super) fn scalar(&mut self, id: Id) -> Result<Scalar<'t>, QueryError> {
        let tree = self.tree;
        Ok(match tree.kind(id) {
            Kind::Null => Scalar::Null,
            Kind::True => Scalar::Bool(true),
            Kind::False => Scalar::Bool(false),
            Kind::Number => {
                let text = tree.raw(id);
                self.pay_text(text.len())?;
                Scalar::Number(NumberRef::new(text))
            }
            Kind::Text { .. } => {
                self.pay_text(tree.raw(id).len())?;
                Scalar::Text(tree.decoded_text(id))
            }
            Kind::Array | Kind::Object => Scalar::Nested(id),
        })
    }

    fn matches(&mut self, matches: &Matches, node: Id) -> Result<bool, QueryError> {
        let Some(Scalar::Text(text)) = self.operand(&matches.text, node)? else {
            return Ok(false);
        };
        self.pay_text(text.len())?;
        let operand = match &matches.pattern {
            Pattern::Compiled(regex) => {
                return Ok(regex.as_ref().is_some_and(|regex| regex.is_match(&text)));
            }
            Pattern::Computed(operand) => operand,
        };
        let Some(Scalar::Text(pattern)) = self.operand(operand, node)? else {
            return Ok(false);
        };
        self.pay_text(pattern.len())?;
        let key = (pattern.into_owned(), matches.whole);
        if !self.patterns.contains_key(&key) {
            self.pay(COMPILE_WORK)?;
            if self.patterns.len() >= MAX_PATTERNS {
                self.patterns.clear();
            }
            // a pattern of the data that is none, or too large, matches nothing
            let regex = regexp::compile(&key.0, matches.whole).ok();
            self.patterns.insert(key.clone(), regex);
        }
        let regex = self.patterns.get(&key).and_then(Option::as_ref);
        Ok(regex.is_some_and(|regex| regex.is_match(&text)))
    }
}

fn push(out: &mut Vec<Id>, node: Id) -> Result<(), QueryError> {
    if out.len() >= MAX_NODES {
        return Err(QueryError::TooManyNodes);
    }
    out.push(node);
    Ok(())
}

fn count(number: usize) -> Scalar<'static> {
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    Scalar::Number(NumberRef::Exact(Decimal::from(number)))
}

/// The place of an index that may count from the end.
fn place(index: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    let at = if index < 0 { length + index } else { index };
    usize::try_from(at).ok()
}

/// The places of a slice, RFC 9535, section 2.3.4.2.2.
fn slice(
    start: Option<i64>,
    end: Option<i64>,
    step: i64,
    length: usize,
) -> impl Iterator<Item = usize> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let normal = |bound: i64| if bound < 0 { length + bound } else { bound };
    // the places lie between `low` and `high`, the first one is at the end that the step leaves from
    let (mut at, stop) = if step >= 0 {
        let at = normal(start.unwrap_or(0)).clamp(0, length);
        (at, normal(end.unwrap_or(length)).clamp(0, length))
    } else {
        let at = start.map_or(length - 1, normal).clamp(-1, length - 1);
        (at, end.map_or(-1, normal).clamp(-1, length - 1))
    };
    std::iter::from_fn(move || {
        let inside = match step.signum() {
            1 => at < stop,
            -1 => at > stop,
            _ => false,
        };
        let place = usize::try_from(at).ok().filter(|_| inside)?;
        at += step;
        Some(place)
    })
}
