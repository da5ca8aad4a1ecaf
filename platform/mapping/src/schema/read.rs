//! JSON Schema to tree: 2020-12, draft-07, and the dialect of OpenAPI 3.0 (`nullable`, booleans as
//! `exclusiveMinimum`). References inside the document are followed; `allOf` is merged; `anyOf`
//! and `oneOf` of something and null are that something, nullable.
//!
//! Invariant: bounded by [`MAX_DEPTH`], [`MAX_NODES`] and a number of steps, so that a schema of a
//! few lines that would unfold to billions of nodes ends in a note.

use serde_json::{Map, Value};

use super::merge::{alternatives, merge};
use super::{Bound, MAX_DEPTH, MAX_NODES, Node, NodeKind, Schema};
use crate::decimal::Decimal;

/// Schemas looked at, over all: four for each node that a tree may have.
const MAX_STEPS: usize = 4 * MAX_NODES;

/// Texts and values kept of `examples`.
const MAX_EXAMPLES: usize = 5;

/// Values kept of `enum`.
const MAX_VALUES: usize = 1_000;

/// Keywords that restrict values in ways the tree does not show.
const NOT_READ: [&str; 9] = [
    "if",
    "not",
    "patternProperties",
    "propertyNames",
    "dependentSchemas",
    "dependencies",
    "contains",
    "unevaluatedProperties",
    "$dynamicRef",
];

pub(super) fn read(document: &Value, schema: &Value) -> Schema {
    let mut reader = Reader {
        document,
        references: Vec::new(),
        steps: MAX_STEPS,
        nodes: MAX_NODES,
    };
    let mut root = reader.schema(schema, 0);
    root.name = String::new();
    root.required = true;
    finish(&mut root);
    Schema { root }
}

/// A schema on its way to a node. Kinds stay empty while no keyword has named one.
struct Reader<'a> {
    document: &'a Value,
    /// the references around the schema that is read, to find recursion
    references: Vec<&'a str>,
    steps: usize,
    nodes: usize,
}

impl<'a> Reader<'a> {
    fn schema(&mut self, schema: &'a Value, depth: usize) -> Node {
        if self.steps == 0 || self.nodes == 0 {
            return cut("the schema is too large");
        }
        if depth >= MAX_DEPTH {
            return cut("the schema is nested too deep");
        }
        self.steps -= 1;
        match schema {
            Value::Object(members) => self.object(members, depth),
            // `true` allows everything; `false` and what is no schema allow nothing that we know
            _ => Node {
                nullable: true,
                open: true,
                ..Node::default()
            },
        }
    }

    fn object(&mut self, members: &'a Map<String, Value>, depth: usize) -> Node {
        let mut node = self.own(members, depth);
        if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
            let target = self.follow(reference, depth);
            node = merge(node, target);
        }
        for part in list(members, "allOf") {
            let part = self.schema(part, depth + 1);
            node = merge(node, part);
        }
        for keyword in ["anyOf", "oneOf"] {
            let mut parts = Vec::new();
            let mut null = false;
            for part in list(members, keyword) {
                if is_null(part) {
                    null = true;
                } else {
                    parts.push(self.schema(part, depth + 1));
                }
            }
            if null || !parts.is_empty() {
                node = alternatives(node, parts, null);
            }
        }
        for keyword in NOT_READ
            .into_iter()
            .filter(|word| members.contains_key(*word))
        {
            node.notes.push(format!("{keyword} is not read"));
        }
        // OpenAPI 3.0 writes it beside an `allOf` whose parts know nothing of it
        node.nullable |= members.get("nullable") == Some(&Value::Bool(true));
        node
    }

    fn follow(&mut self, reference: &'a str, depth: usize) -> Node {
        if self.references.contains(&reference) {
            let mut node = cut(&format!("it contains itself: {reference}"));
            // what is needed to say which kind of value it is, without going in again
            if let Some(target) = resolve(self.document, reference) {
                node.kinds = kinds(target).0;
                if node.kinds.is_empty() && target.get("properties").is_some() {
                    node.kinds.push(NodeKind::Object);
                }
            }
            return node;
        }
        let Some(target) = resolve(self.document, reference) else {
            let mut node = cut(&format!("the reference {reference:?} leads nowhere here"));
            node.nullable = true;
            return node;
        };
        self.references.push(reference);
        let node = self.schema(target, depth + 1);
        self.references.pop();
        node
    }

    /// What the schema says itself, without references and combinations.
    fn own(&mut self, members: &'a Map<String, Value>, depth: usize) -> Node {
        let (kinds, null) = kinds_of(members);
        let unspecified = kinds.is_empty() && !null;
        let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
        let mut node = Node {
            nullable: unspecified || null,
            kinds,
            read_only: members.get("readOnly") == Some(&Value::Bool(true)),
            constant: members
                .get("const")
                .filter(|value| !value.is_null())
                .cloned(),
            pattern: text("pattern"),
            format: text("format"),
            title: text("title"),
            description: text("description"),
            min_length: count(members, "minLength"),
            max_length: count(members, "maxLength"),
            min_items: count(members, "minItems"),
            max_items: count(members, "maxItems"),
            decimals: members.get("multipleOf").and_then(decimals),
            examples: examples(members),
            open: members.get("additionalProperties") != Some(&Value::Bool(false)),
            ..Node::default()
        };
        if let Some(Value::Array(values)) = members.get("enum") {
            let null = values.iter().any(Value::is_null);
            node.nullable = null && (node.nullable || unspecified);
            let values = values.iter().filter(|value| !value.is_null());
            node.values = values.take(MAX_VALUES).cloned().collect();
        } else if members.get("const").is_some_and(|value| !value.is_null()) {
            node.nullable = false;
        }
        bounds(members, &mut node);
        self.members(members, depth, &mut node);
        self.elements(members, depth, &mut node);
        node
    }

    fn members(&mut self, members: &'a Map<String, Value>, depth: usize, node: &mut Node) {
        let required: Vec<&str> = list(members, "required")
            .filter_map(Value::as_str)
            .collect();
        if let Some(properties) = members.get("properties").and_then(Value::as_object) {
            for (name, schema) in properties {
                if self.nodes == 0 {
                    node.cut = Some("the schema is too large".to_owned());
                    break;
                }
                self.nodes -= 1;
                let mut child = self.schema(schema, depth + 1);
                child.name.clone_from(name);
                child.required = required.contains(&name.as_str());
                node.children.push(child);
            }
        }
        // what is required without being described exists all the same
        for name in required {
            if node.child(name).is_none() && self.nodes > 0 {
                self.nodes -= 1;
                node.children.push(Node {
                    name: name.to_owned(),
                    required: true,
                    // said nothing about it: `merge` takes the other side's word
                    nullable: true,
                    open: true,
                    ..Node::default()
                });
            }
        }
    }

    fn elements(&mut self, members: &'a Map<String, Value>, depth: usize, node: &mut Node) {
        let tuple = members.contains_key("prefixItems")
            || members.get("items").is_some_and(Value::is_array);
        if tuple {
            node.notes
                .push("elements by position are not read".to_owned());
            return;
        }
        let Some(items) = members.get("items") else {
            return;
        };
        if self.nodes == 0 {
            node.cut = Some("the schema is too large".to_owned());
            return;
        }
        self.nodes -= 1;
        let mut element = self.schema(items, depth + 1);
        element.name = "*".to_owned();
        element.required = true;
        node.items = Some(Box::new(element));
    }
}

/// A node about which nothing more is said, and why.
fn cut(reason: &str) -> Node {
    Node {
        cut: Some(reason.to_owned()),
        open: true,
        ..Node::default()
    }
}

/// Gives kinds to what no `type` named, and forgets what has no meaning for its kind.
fn finish(node: &mut Node) {
    if node.kinds.is_empty() && node.cut.is_none() {
        if !node.children.is_empty() {
            node.kinds.push(NodeKind::Object);
            node.nullable = false;
        } else if node.items.is_some() {
            node.kinds.push(NodeKind::Array);
            node.nullable = false;
        } else {
            node.kinds = of_values(node);
        }
    }
    if node.kinds == [NodeKind::Decimal] && node.decimals == Some(0) {
        node.kinds = vec![NodeKind::Int];
    }
    if node.kinds == [NodeKind::String] {
        match node.format.as_deref() {
            Some("date") => node.kinds = vec![NodeKind::Date],
            Some("date-time") => node.kinds = vec![NodeKind::DateTime],
            _ => {}
        }
    }
    if !node.kinds.contains(&NodeKind::Object) {
        node.open = false;
    }
    if node.kinds.is_empty() {
        node.kinds.push(NodeKind::Any);
        node.open = true;
    }
    for child in &mut node.children {
        finish(child);
    }
    if let Some(items) = &mut node.items {
        finish(items);
    }
}

/// The kinds of the listed values.
fn of_values(node: &Node) -> Vec<NodeKind> {
    let mut kinds: Vec<NodeKind> = node
        .values
        .iter()
        .chain(&node.constant)
        .map(|value| match value {
            Value::Bool(_) => NodeKind::Bool,
            Value::Number(number) if number.is_f64() => NodeKind::Decimal,
            Value::Number(_) => NodeKind::Int,
            Value::String(_) => NodeKind::String,
            Value::Array(_) => NodeKind::Array,
            Value::Object(_) => NodeKind::Object,
            Value::Null => NodeKind::Any,
        })
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

fn kinds(schema: &Value) -> (Vec<NodeKind>, bool) {
    schema.as_object().map(kinds_of).unwrap_or_default()
}

/// Kinds named by `type`, and whether null is one of them.
fn kinds_of(members: &Map<String, Value>) -> (Vec<NodeKind>, bool) {
    let words: Vec<&str> = match members.get("type") {
        Some(Value::String(word)) => vec![word],
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let mut kinds: Vec<NodeKind> = words
        .iter()
        .filter_map(|word| match *word {
            "string" => Some(NodeKind::String),
            "integer" => Some(NodeKind::Int),
            "number" => Some(NodeKind::Decimal),
            "boolean" => Some(NodeKind::Bool),
            "object" => Some(NodeKind::Object),
            "array" => Some(NodeKind::Array),
            _ => None,
        })
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    (kinds, words.contains(&"null"))
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
        || schema.get("const").is_some_and(Value::is_null)
        || matches!(schema.get("enum"), Some(Value::Array(values)) if values.len() == 1 && values.iter().all(Value::is_null))
}

fn list<'a>(members: &'a Map<String, Value>, name: &str) -> impl Iterator<Item = &'a Value> {
    members
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn count(members: &Map<String, Value>, name: &str) -> Option<u64> {
    let value = members.get(name)?;
    // 5.0 is a whole number for JSON Schema
    value
        .as_u64()
        .or_else(|| exact(value)?.to_i64()?.try_into().ok())
}

/// A number by its digits; `1e-2` is written out.
fn exact(value: &Value) -> Option<Decimal> {
    let text = value.as_number()?.to_string();
    Decimal::parse(&text).ok()
}

/// The decimals of a step: 0.01 has 2, 5 and 1 have none.
fn decimals(step: &Value) -> Option<u8> {
    let step = exact(step)?.normalize();
    (step > Decimal::ZERO).then(|| step.scale())
}

fn bounds(members: &Map<String, Value>, node: &mut Node) {
    for (name, exclusive_name, lower) in [
        ("minimum", "exclusiveMinimum", true),
        ("maximum", "exclusiveMaximum", false),
    ] {
        // a boolean makes the other keyword exclusive (draft-04, OpenAPI 3.0)
        let flag = members.get(exclusive_name) == Some(&Value::Bool(true));
        let plain = members.get(name).and_then(exact).map(|value| Bound {
            value,
            exclusive: flag,
        });
        let strict = members
            .get(exclusive_name)
            .and_then(exact)
            .map(|value| Bound {
                value,
                exclusive: true,
            });
        let bound = super::merge::tighter(plain, strict, lower);
        if lower {
            node.minimum = bound;
        } else {
            node.maximum = bound;
        }
    }
}

fn examples(members: &Map<String, Value>) -> Vec<Value> {
    let several = list(members, "examples");
    several
        .chain(members.get("example"))
        .filter(|value| !value.is_null())
        .take(MAX_EXAMPLES)
        .cloned()
        .collect()
}

/// The schema that a reference names: the document, a JSON Pointer into it, or an `$anchor` among
/// its definitions.
fn resolve<'a>(document: &'a Value, reference: &str) -> Option<&'a Value> {
    let fragment = reference.strip_prefix('#')?;
    if fragment.is_empty() || fragment.starts_with('/') {
        return document
            .pointer(fragment)
            .or_else(|| document.pointer(&percent_decoded(fragment)?));
    }
    ["$defs", "definitions"]
        .into_iter()
        .filter_map(|name| document.get(name)?.as_object())
        .flat_map(Map::values)
        .find(|schema| {
            ["$anchor", "$dynamicAnchor"]
                .iter()
                .any(|word| schema.get(word).and_then(Value::as_str) == Some(fragment))
        })
}

/// `%24` and the like in a pointer (RFC 6901 §6).
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = tail.get(2..)?;
    }
    String::from_utf8(bytes).ok()
}
