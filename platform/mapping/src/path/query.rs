//! A checked RFC 9535 query: well-formed, well-typed (section 2.4.3), its patterns compiled.
//!
//! Invariants: nesting is bounded by the lexer; numbers of filters are kept as they are written, so
//! that they compare exactly; an absolute query inside a filter begins at the value that the whole
//! query is evaluated on, also after [`Query::prefix`].

use regex::Regex;

use super::number::Number;
use super::{Path, Step};

/// An RFC 9535 query, ready to be evaluated.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(super) segments: Vec<Segment>,
}

/// A step from nodes to nodes.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    /// `..`: the selectors go over the node and everything in it
    pub(super) descendant: bool,
    pub(super) selectors: Vec<Selector>,
}

#[derive(Debug, Clone)]
pub(super) enum Selector {
    Name(String),
    Wildcard,
    Index(i64),
    Slice {
        start: Option<i64>,
        end: Option<i64>,
        step: i64,
    },
    Filter(Condition),
}

/// What a filter asks of a node.
#[derive(Debug, Clone)]
pub(super) enum Condition {
    Any(Vec<Condition>),
    All(Vec<Condition>),
    Not(Box<Condition>),
    Exists(InnerQuery),
    Compare(Box<Comparison>),
    Matches(Box<Matches>),
}

#[derive(Debug, Clone)]
pub(super) struct Comparison {
    pub(super) left: Operand,
    pub(super) operator: Operator,
    pub(super) right: Operand,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// `match` and `search`.
#[derive(Debug, Clone)]
pub(super) struct Matches {
    pub(super) text: Operand,
    pub(super) pattern: Pattern,
    /// `match`: the whole text
    pub(super) whole: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Pattern {
    /// a literal; `None` if it is no regular expression, which then matches nothing
    Compiled(Option<Regex>),
    Computed(Operand),
}

/// What gives at most one value.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    Length(Box<Operand>),
    Count(InnerQuery),
    /// the value of the one node, if it is one: `value`, and every singular query
    Value(InnerQuery),
}

/// A query inside a filter.
#[derive(Debug, Clone)]
pub(super) struct InnerQuery {
    /// from `$`, not from `@`
    pub(super) absolute: bool,
    pub(super) segments: Vec<Segment>,
}

impl Segment {
    /// The step, if it is a name or an index from the beginning.
    fn step(&self) -> Option<Step> {
        match (self.descendant, self.selectors.as_slice()) {
            (false, [Selector::Name(name)]) => Some(Step::Name(name.clone())),
            (false, [Selector::Index(index)]) => u64::try_from(*index).ok().map(Step::Index),
            _ => None,
        }
    }

    /// Whether it gives at most one node for a node.
    pub(super) fn is_singular(&self) -> bool {
        !self.descendant
            && matches!(
                self.selectors.as_slice(),
                [Selector::Name(_) | Selector::Index(_)]
            )
    }

    /// Whether it is `[*]`.
    fn is_wildcard(&self) -> bool {
        !self.descendant && matches!(self.selectors.as_slice(), [Selector::Wildcard])
    }
}

/// The names and indexes that a query begins with.
fn leading_steps(segments: &[Segment]) -> Path {
    segments.iter().map_while(Segment::step).collect()
}

impl Query {
    /// The path, if the query is made of names and indexes from the beginning only.
    pub(crate) fn singular(&self) -> Option<Path> {
        let path = leading_steps(&self.segments);
        (path.len() == self.segments.len()).then_some(path)
    }

    /// The path of an array, if the query is one and perhaps a final `[*]`.
    pub(crate) fn array(&self) -> Option<Path> {
        let path = leading_steps(&self.segments);
        match self.segments.get(path.len()..) {
            Some([]) => Some(path),
            Some([last]) if last.is_wildcard() => Some(path),
            _ => None,
        }
    }

    /// The longest path that leads to everything the query looks at, and what is left to evaluate on
    /// the value there. A filter that reads from `$` shortens the path to what both have in common.
    pub(crate) fn prefix(&self) -> (Path, Self) {
        let mut path = leading_steps(&self.segments);
        let mut rest = self.clone();
        each_absolute(&mut rest.segments, &mut |query| {
            let other = leading_steps(&query.segments);
            let common = path.iter().zip(&other).take_while(|(a, b)| a == b).count();
            path.truncate(common);
        });
        each_absolute(&mut rest.segments, &mut |query| {
            query.segments.drain(..path.len());
        });
        rest.segments.drain(..path.len());
        (path, rest)
    }
}

/// Calls `act` on every query from `$` inside the filters.
fn each_absolute(segments: &mut [Segment], act: &mut dyn FnMut(&mut InnerQuery)) {
    let selectors = segments
        .iter_mut()
        .flat_map(|segment| &mut segment.selectors);
    for selector in selectors {
        if let Selector::Filter(condition) = selector {
            in_condition(condition, act);
        }
    }
}

fn in_condition(condition: &mut Condition, act: &mut dyn FnMut(&mut InnerQuery)) {
    match condition {
        Condition::Any(parts) | Condition::All(parts) => {
            for part in parts {
                in_condition(part, act);
            }
        }
        Condition::Not(part) => in_condition(part, act),
        Condition::Exists(query) => in_query(query, act),
        Condition::Compare(comparison) => {
            in_operand(&mut comparison.left, act);
            in_operand(&mut comparison.right, act);
        }
        Condition::Matches(matches) => {
            in_operand(&mut matches.text, act);
            if let Pattern::Computed(operand) = &mut matches.pattern {
                in_operand(operand, act);
            }
        }
    }
}

fn in_operand(operand: &mut Operand, act: &mut dyn FnMut(&mut InnerQuery)) {
    match operand {
        Operand::Length(inner) => in_operand(inner, act),
        Operand::Count(query) | Operand::Value(query) => in_query(query, act),
        Operand::Null | Operand::Bool(_) | Operand::Number(_) | Operand::Text(_) => {}
    }
}

fn in_query(query: &mut InnerQuery, act: &mut dyn FnMut(&mut InnerQuery)) {
    // inner filters first: taking the prefix off keeps them in place
    each_absolute(&mut query.segments, act);
    if query.absolute {
        act(query);
    }
}
