//! Places in a tree: target pointers (`/lines/*/amount`), JSONPath (`$.lines[*].amount`), and the
//! leaves with both.

use jsonpath_rust::parser::model::{Segment, Selector};
use jsonpath_rust::parser::parse_json_path;

use super::{Node, NodeKind, Schema};
use crate::document::escape_pointer;

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Found<'a> {
    Node(&'a Node),
    /// nothing is declared there, but something may be: an open object, an unknown type, a cut
    Open,
    /// the schema has no such place; the node is the last one on the way
    Absent(&'a Node),
}

/// A node without members of its own, with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf<'a> {
    pub node: &'a Node,
    /// pointer with `*` for elements: `/lines/*/amount`
    pub pointer: String,
    /// RFC 9535 path with `[*]` for elements: `$.lines[*].amount`
    pub path: String,
    /// the nodes around it, from the record inwards, without the record and the leaf
    pub around: Vec<&'a Node>,
    /// it and everything around it, up to the nearest element, is required
    pub required: bool,
}

/// One step into the tree.
enum Step {
    Name(String),
    Element,
}

impl Schema {
    /// The node at a pointer with `*` for elements; a number stands for an element too.
    #[must_use]
    pub fn at_pointer(&self, pointer: &str) -> Found<'_> {
        let steps = pointer.split('/').skip(1).map(|segment| match segment {
            "*" => Step::Element,
            name => Step::Name(name.replace("~1", "/").replace("~0", "~")),
        });
        walk(&self.root, steps)
    }

    /// The node at an RFC 9535 query of names, indexes and wildcards; `None` for another query.
    #[must_use]
    pub fn at_path(&self, path: &str) -> Option<Found<'_>> {
        self.at_path_from(&self.root, path)
    }

    /// The node at a path that starts at `from` (the element of an `each`).
    #[must_use]
    pub fn at_path_from<'a>(&self, from: &'a Node, path: &str) -> Option<Found<'a>> {
        let query = parse_json_path(path).ok()?;
        let mut steps = Vec::with_capacity(query.segments.len());
        for segment in &query.segments {
            match segment {
                Segment::Selector(Selector::Name(name)) => steps.push(Step::Name(name.clone())),
                Segment::Selector(Selector::Index(_) | Selector::Wildcard) => {
                    steps.push(Step::Element);
                }
                _ => return None,
            }
        }
        Some(walk(from, steps.into_iter()))
    }

    /// The leaves in the order of the schema: scalars, unknown values, arrays of plain values,
    /// objects without declared members.
    #[must_use]
    pub fn leaves(&self) -> Vec<Leaf<'_>> {
        let mut leaves = Vec::new();
        let place = (String::new(), String::from("$"));
        collect(&self.root, place, &[], true, &mut leaves);
        leaves
    }
}

fn walk(root: &Node, steps: impl Iterator<Item = Step>) -> Found<'_> {
    let mut node = root;
    for step in steps {
        let next = match &step {
            // a member may be called `*`
            Step::Element => node.items.as_deref().or_else(|| node.child("*")),
            Step::Name(name) => node.child(name).or_else(|| {
                let number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
                node.items.as_deref().filter(|_| number)
            }),
        };
        match next {
            Some(next) => node = next,
            None if allows_more(node, &step) => return Found::Open,
            None => return Found::Absent(node),
        }
    }
    Found::Node(node)
}

fn allows_more(node: &Node, step: &Step) -> bool {
    if node.cut.is_some() || node.kinds.is_empty() || node.kinds.contains(&NodeKind::Any) {
        return true;
    }
    match step {
        Step::Element => node.kinds.contains(&NodeKind::Array) && node.items.is_none(),
        Step::Name(_) => node.kinds.contains(&NodeKind::Object) && node.open,
    }
}

fn collect<'a>(
    node: &'a Node,
    (pointer, path): (String, String),
    around: &[&'a Node],
    required: bool,
    leaves: &mut Vec<Leaf<'a>>,
) {
    let element = node
        .items
        .as_deref()
        .filter(|element| !element.children.is_empty() || element.items.is_some());
    if node.children.is_empty() && element.is_none() {
        // the record itself is no leaf
        if !pointer.is_empty() {
            leaves.push(Leaf {
                node,
                pointer,
                path,
                around: around.iter().skip(1).copied().collect(),
                required,
            });
        }
        return;
    }
    let mut inside = around.to_vec();
    inside.push(node);
    for child in &node.children {
        let place = (
            format!("{pointer}/{}", escape_pointer(&child.name)),
            format!("{path}{}", member_step(&child.name)),
        );
        collect(child, place, &inside, required && child.required, leaves);
    }
    if let Some(element) = element {
        let place = (format!("{pointer}/*"), format!("{path}[*]"));
        collect(element, place, &inside, true, leaves);
    }
}

/// One step of an RFC 9535 path to a member: `.name`, or `['Order No']` where the name needs quotes.
#[must_use]
pub fn member_step(name: &str) -> String {
    let mut signs = name.chars();
    let plain = signs
        .next()
        .is_some_and(|sign| sign.is_alphabetic() || sign == '_')
        && signs.all(|sign| sign.is_alphanumeric() || sign == '_');
    if plain {
        return format!(".{name}");
    }
    let mut quoted = String::from("['");
    for sign in name.chars() {
        match sign {
            '\\' | '\'' => {
                quoted.push('\\');
                quoted.push(sign);
            }
            sign if sign < ' ' => quoted.push_str(&format!("\\u{:04x}", u32::from(sign))),
            sign => quoted.push(sign),
        }
    }
    quoted.push_str("']");
    quoted
}
