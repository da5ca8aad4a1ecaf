//! Paths against the schema of the source.

use jsonpath_rust::parser::model::{Segment, Selector};
use jsonpath_rust::parser::parse_json_path;

use super::facts::{Facts, Nulls};
use super::{Flow, of_kind};
use crate::diagnostic::{Diagnostic, code};
use crate::document::{SourceFormat, nearest};
use crate::formula::ast::Pick;
use crate::path::{Step, parse_singular};
use crate::schema::{Node, NodeKind};

/// One step into a schema.
#[derive(Debug, Clone)]
pub(super) enum Go {
    Name(String),
    /// one element by its number
    Index,
    /// every element, or those that a filter or slice picks
    Elements,
}

/// Where a path leads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'d> {
    /// none: nothing is known there
    pub(super) node: Option<&'d Node>,
    pub(super) null: Nulls,
    /// the path can give more than one value
    pub(super) several: bool,
}

impl<'d> Flow<'d> {
    pub(super) fn facts_at(&self, place: &Place<'d>) -> Facts {
        let csv = self.document.source.format == SourceFormat::Csv;
        let mut facts = match place.node {
            Some(_) if place.several => Facts::of(crate::value::Kind::List, Nulls::Never),
            Some(node) => Facts::of_node(node, place.null, csv),
            None if csv => Facts::of(crate::value::Kind::Text, Nulls::Unknown),
            None => Facts::unknown(),
        };
        // a column is a text in any case, a member of JSON may be anything
        facts.sure = csv;
        facts
    }

    /// Where a path leads; what the schema does not have is told.
    pub(super) fn place(&mut self, level: usize, path: &str, pointer: &str) -> Place<'d> {
        let nowhere = Place {
            node: None,
            null: Nulls::Unknown,
            several: false,
        };
        if self
            .levels
            .get(level)
            .is_none_or(|level| level.at.is_none())
        {
            return nowhere;
        }
        match steps(path) {
            Some(steps) => self.go(level, &steps, pointer),
            None => nowhere,
        }
    }

    /// The same for what a formula picks.
    pub(super) fn picked(&mut self, level: usize, picks: &[Pick], pointer: &str) -> Facts {
        let steps: Vec<Go> = picks
            .iter()
            .map(|pick| match pick {
                Pick::Member(name) => Go::Name(name.clone()),
                Pick::Index(_) => Go::Index,
            })
            .collect();
        let place = self.go(level, &steps, pointer);
        self.facts_at(&place)
    }

    fn go(&mut self, level: usize, steps: &[Go], pointer: &str) -> Place<'d> {
        let mut place = Place {
            node: self.levels.get(level).and_then(|level| level.at),
            null: Nulls::Never,
            several: false,
        };
        if place.node.is_none() {
            place.null = Nulls::Unknown;
        }
        let mut path = String::from("$");
        for step in steps {
            let Some(node) = place.node else { break };
            let next = match step {
                Go::Name(name) => node.child(name),
                Go::Index | Go::Elements => node.items.as_deref(),
            };
            if next.is_none() && !is_unknown(node, step) {
                self.absent(node, step, &path, pointer);
            }
            match step {
                Go::Name(name) => path.push_str(&crate::schema::member_step(name)),
                Go::Index | Go::Elements => path.push_str("[*]"),
            }
            place.several |= matches!(step, Go::Elements);
            let may_miss = match (next, step) {
                (_, Go::Elements) => false,
                (_, Go::Index) => true,
                (Some(next), Go::Name(_)) => !next.required || next.nullable,
                (None, Go::Name(_)) => false,
            };
            if next.is_none() {
                place.null = Nulls::Unknown;
            } else if may_miss {
                place.null = Nulls::Possible;
            }
            place.node = next;
        }
        place
    }

    fn absent(&mut self, node: &Node, step: &Go, path: &str, pointer: &str) {
        let Go::Name(name) = step else {
            self.found.push(Diagnostic::error(
                code::SOURCE_ABSENT,
                pointer,
                format!(
                    "{path} is no array in the source schema, it is {}",
                    of_kind(node)
                ),
                "correct the path",
            ));
            return;
        };
        if !node.kinds.contains(&NodeKind::Object) {
            let hint = match node.items {
                Some(_) => "go over the array with each, or name an element: [0], [*]",
                None => "correct the path",
            };
            self.found.push(Diagnostic::error(
                code::SOURCE_ABSENT,
                pointer,
                format!(
                    "{path} is {} in the source schema and has no member {name:?}",
                    of_kind(node)
                ),
                hint,
            ));
            return;
        }
        let known: Vec<String> = node
            .children
            .iter()
            .map(|child| child.name.clone())
            .collect();
        let hint = match nearest(name, &known) {
            Some(candidate) => format!("did you mean {candidate:?}?"),
            None => format!(
                "known there: {}",
                tributary_model::issue::shorten(&known.join(", "), 200)
            ),
        };
        let message = format!("the source schema has no {name:?} at {path}");
        self.found.push(match node.open {
            // others are allowed there, so it may exist
            true => Diagnostic::warning(code::SOURCE_ABSENT, pointer, message, hint),
            false => Diagnostic::error(code::SOURCE_ABSENT, pointer, message, hint),
        });
    }
}

/// Whether the schema says nothing about what lies behind a step.
fn is_unknown(node: &Node, step: &Go) -> bool {
    if node.cut.is_some() || node.kinds.is_empty() || node.kinds.contains(&NodeKind::Any) {
        return true;
    }
    match step {
        Go::Name(_) => {
            node.kinds.contains(&NodeKind::Object) && node.open && node.children.is_empty()
        }
        Go::Index | Go::Elements => node.kinds.contains(&NodeKind::Array),
    }
}

/// The steps of a path; none if it says more than a schema does (`..`, several names at once).
fn steps(path: &str) -> Option<Vec<Go>> {
    if let Ok(path) = parse_singular(path) {
        let step = |step| match step {
            Step::Name(name) => Go::Name(name),
            Step::Index(_) => Go::Index,
        };
        return Some(path.into_iter().map(step).collect());
    }
    let query = parse_json_path(path).ok()?;
    let mut steps = Vec::with_capacity(query.segments.len());
    for segment in &query.segments {
        let Segment::Selector(selector) = segment else {
            return None;
        };
        steps.push(match selector {
            // the parser keeps the quotes of a name in brackets
            Selector::Name(name) => Go::Name(unquoted(name)),
            Selector::Index(_) => Go::Index,
            Selector::Wildcard | Selector::Slice(..) | Selector::Filter(_) => Go::Elements,
        });
    }
    Some(steps)
}

fn unquoted(name: &str) -> String {
    for quote in ['\'', '"'] {
        if let Some(inner) = name
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote))
        {
            return inner.to_owned();
        }
    }
    name.to_owned()
}
