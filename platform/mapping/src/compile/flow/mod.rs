//! The check's second look: lets what is known about values flow from the source's schema through
//! functions and formulas to the target's schema, and finds what can never happen.
//!
//! The first look (`compile` proper) resolves names and makes the plan; it says what cannot work at
//! all. This one says what does not fit, what may fail and what has no effect. It makes nothing.
//!
//! Invariants: what is not known is no finding; a document of which the first look already says
//! something at a place gets no second finding there; linear in the document and the schemas'
//! parts that it names. Deliberately absent: data; see `counter_example`.

mod facts;
mod formula;
mod functions;
mod source;
mod target;
mod usage;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use super::Environment;
use crate::Document;
use crate::diagnostic::{Diagnostic, code};
use crate::document::{Field, RowStep, RuleScope};
use crate::schema::{Node, NodeKind};
use facts::{Facts, Nulls};

/// All findings of the second look.
pub(super) fn analyse<'d>(
    document: &'d Document,
    environment: &'d Environment<'d>,
) -> Vec<Diagnostic> {
    let root = environment.source_schema.map(|schema| &schema.root);
    let scope = document.rows.iter().find_map(|step| match step {
        RowStep::Group(group) => Some(group.scope.clone()),
        RowStep::Filter { .. } | RowStep::Dedupe { .. } => None,
    });
    let mut flow = Flow {
        document,
        environment,
        found: Vec::new(),
        levels: vec![Level {
            scope: Some(scope.unwrap_or_else(|| super::compiler::ROW.to_owned())),
            at: root,
            names: BTreeMap::new(),
        }],
        loops: Vec::new(),
        params: BTreeSet::new(),
        lookups: BTreeSet::new(),
        external: BTreeSet::new(),
    };
    flow.rows();
    let target = environment.target_schema.map(|schema| &schema.root);
    let place = Around {
        pointer: "/fields".to_owned(),
        pattern: String::new(),
        prefix: String::new(),
        target,
    };
    flow.fields(&document.fields, &place);
    flow.quality();
    flow.unused();
    flow.found
}

/// State of one look.
struct Flow<'d> {
    document: &'d Document,
    environment: &'d Environment<'d>,
    found: Vec<Diagnostic>,
    /// the scopes around the current field, the record first
    levels: Vec<Level<'d>>,
    /// what the elements of every finished loop hold
    loops: Vec<BTreeMap<String, Facts>>,
    /// names of the parameters, lookups and functions of code that something uses
    params: BTreeSet<String>,
    lookups: BTreeSet<String>,
    external: BTreeSet<String>,
}

/// A scope.
struct Level<'d> {
    scope: Option<String>,
    /// the element in the source's schema; none: nothing is known of it
    at: Option<&'d Node>,
    names: BTreeMap<String, Known>,
}

/// What a name in a formula stands for.
#[derive(Clone)]
enum Known {
    Value(Facts),
    /// place in [`Flow::loops`]
    Each(usize),
}

/// Where a list of fields stands.
struct Around<'d> {
    /// of the list in the document
    pointer: String,
    /// of the object in the target
    pattern: String,
    /// dotted name of the object, for formulas
    prefix: String,
    /// the object in the target's schema
    target: Option<&'d Node>,
}

impl<'d> Flow<'d> {
    fn rows(&mut self) {
        let document = self.document;
        let paths = |flow: &mut Self, paths: &[String], pointer: &str| {
            for (place, path) in paths.iter().enumerate() {
                flow.place(0, path, &format!("{pointer}/{place}"));
            }
        };
        paths(self, &document.source.key, "/source/key");
        for (place, step) in document.rows.iter().enumerate() {
            let pointer = format!("/rows/{place}");
            match step {
                RowStep::Filter { keep, .. } => {
                    self.condition(keep, &format!("{pointer}/keep"));
                }
                RowStep::Dedupe { by, .. } => paths(self, by, &format!("{pointer}/by")),
                RowStep::Group(group) => {
                    paths(self, &group.by, &format!("{pointer}/by"));
                    paths(self, &group.agree, &format!("{pointer}/agree"));
                    for (place, sort) in group.sort.iter().enumerate() {
                        self.place(0, &sort.by, &format!("{pointer}/sort/{place}/by"));
                    }
                }
            }
        }
    }

    fn fields(&mut self, fields: &'d [Field], around: &Around<'d>) {
        for (number, field) in fields.iter().enumerate() {
            self.field(field, format!("{}/{number}", around.pointer), around);
        }
        if let Some(target) = around.target {
            self.missing(fields, target, around);
        }
    }

    fn field(&mut self, field: &'d Field, pointer: String, around: &Around<'d>) {
        let name = field.to.as_deref();
        let node = match (around.target, name) {
            (Some(target), Some(name)) => self.target_member(target, name, &pointer),
            _ => None,
        };
        if let Some(when) = &field.when {
            self.condition(when, &format!("{pointer}/when"));
            if let Some(node) = node.filter(|node| node.required) {
                self.left_out(node, &format!("{pointer}/when"), "when is false");
            }
        }
        let pattern = format!(
            "{}/{}",
            around.pattern,
            crate::document::escape_pointer(name.unwrap_or(&field.id))
        );
        let shown = name.unwrap_or_default();
        if let Some(inner) = &field.object {
            let target = self.container(node, NodeKind::Object, &pointer);
            let around = Around {
                pointer: format!("{pointer}/object"),
                pattern,
                prefix: format!("{}{shown}.", around.prefix),
                target,
            };
            self.fields(inner, &around);
        } else if let Some(each) = &field.each {
            let target = self
                .container(node, NodeKind::Array, &pointer)
                .and_then(|node| node.items.as_deref());
            let target = self.container(target, NodeKind::Object, &pointer);
            let inner = Around {
                pointer: format!("{pointer}/fields"),
                pattern: format!("{pattern}/*"),
                prefix: String::new(),
                target,
            };
            let loop_of = self.each(field, each, &pointer, &inner);
            self.define(format!("{}{shown}", around.prefix), Known::Each(loop_of));
        } else {
            self.value(field, &pointer, &around.prefix, node);
        }
    }

    /// Goes through the fields of a loop; gives its place in the loops.
    fn each(&mut self, field: &'d Field, each: &str, pointer: &str, inner: &Around<'d>) -> usize {
        let at = match each.starts_with('$') {
            true => self.elements(each, &format!("{pointer}/each")),
            // the rows of the group
            false => self.levels.first().and_then(|level| level.at),
        };
        self.levels.push(Level {
            scope: field.alias.clone(),
            at,
            names: BTreeMap::new(),
        });
        if let Some(keep) = &field.keep {
            self.condition(keep, &format!("{pointer}/keep"));
        }
        self.fields(&field.fields, inner);
        let names = self
            .levels
            .pop()
            .map(|level| level.names)
            .unwrap_or_default();
        let values = names.into_iter().filter_map(|(name, known)| match known {
            Known::Value(facts) => Some((name, facts)),
            Known::Each(_) => None,
        });
        self.loops.push(values.collect());
        self.loops.len() - 1
    }

    /// The node of the elements that a loop goes over.
    fn elements(&mut self, path: &str, pointer: &str) -> Option<&'d Node> {
        let innermost = self.levels.len().saturating_sub(1);
        let plain = path.strip_suffix("[*]").unwrap_or(path);
        let place = self.place(innermost, plain, pointer);
        let node = place.node?;
        if place.several {
            return Some(node);
        }
        let known = !node.kinds.is_empty() && !node.kinds.contains(&NodeKind::Any);
        if known && !node.kinds.contains(&NodeKind::Array) {
            self.found.push(Diagnostic::error(
                code::EACH_OVER_VALUE,
                pointer,
                format!("{path} is {} in the source schema", of_kind(node)),
                "name an array; one object becomes an object with object",
            ));
        }
        node.items.as_deref()
    }

    fn define(&mut self, name: String, known: Known) {
        if let Some(level) = self.levels.last_mut() {
            level.names.insert(name, known);
        }
    }

    fn quality(&mut self) {
        for (place, rule) in self.document.quality.iter().enumerate() {
            let pointer = format!("/quality/{place}/check");
            self.lookups.extend(rule.reference.clone());
            let Some(check) = &rule.check else { continue };
            if rule.on.is_none() && rule.scope == RuleScope::Record {
                self.condition(check, &pointer);
            } else if let Ok(ast) = crate::formula::parse(check) {
                // names mean something else there: only what is used counts
                self.formula_uses(&ast);
            }
        }
    }

    /// A kind that the source's schema has, where another is needed.
    fn mismatch(&mut self, pointer: &str, message: String, hint: impl Into<String>) {
        self.found
            .push(Diagnostic::error(code::SOURCE_KIND, pointer, message, hint));
    }

    /// The level of a scope by its name.
    fn level_named(&self, name: &str) -> Option<usize> {
        self.levels
            .iter()
            .rposition(|level| level.scope.as_deref() == Some(name))
    }
}

/// The kinds of a node in words.
fn of_kind(node: &Node) -> String {
    let words: Vec<&str> = node
        .kinds
        .iter()
        .map(|kind| match kind {
            NodeKind::String => "a string",
            NodeKind::Int => "a whole number",
            NodeKind::Decimal => "a number",
            NodeKind::Bool => "a boolean",
            NodeKind::Date => "a date",
            NodeKind::DateTime => "a date and time",
            NodeKind::Object => "an object",
            NodeKind::Array => "an array",
            NodeKind::Any => "anything",
        })
        .collect();
    match words.is_empty() {
        true => "anything".to_owned(),
        false => words.join(" or "),
    }
}
