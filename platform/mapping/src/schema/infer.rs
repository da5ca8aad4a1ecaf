//! Samples to tree. Texts stay texts, since a mapping never guesses a type; what they look like is
//! noted beside.

use std::collections::HashSet;

use serde_json::Value;

use super::looks::{Looks, ambiguous, looks, number_in};
use super::{MAX_DEPTH, MAX_NODES, Node, NodeKind, Observed};
use crate::decimal::Decimal;
use crate::document::LocaleName;

/// Examples kept per node.
const MAX_EXAMPLES: usize = 5;

/// Texts per node that are tried with every locale and date form.
const MAX_TEXTS: usize = 1_000;

/// The tree of the samples.
pub(super) fn infer(samples: &[Value]) -> Node {
    let present: Vec<&Value> = samples.iter().collect();
    let mut left = MAX_NODES;
    node("", &present, present.len(), 0, &mut left)
}

/// Copies examples, counts and looks to the same places of a declared tree.
pub(super) fn transfer(declared: &mut Node, seen: &Node) {
    declared.observed.clone_from(&seen.observed);
    if declared.examples.is_empty() {
        declared.examples.clone_from(&seen.examples);
    }
    for child in &mut declared.children {
        if let Some(seen) = seen.child(&child.name) {
            transfer(child, seen);
        }
    }
    if let (Some(items), Some(seen)) = (&mut declared.items, &seen.items) {
        transfer(items, seen);
    }
}

/// One node of `places` places, of which `values` have something.
fn node(name: &str, values: &[&Value], places: usize, depth: usize, left: &mut usize) -> Node {
    *left = left.saturating_sub(1);
    let filled: Vec<&Value> = values.iter().copied().filter(|v| !v.is_null()).collect();
    let mut kinds: Vec<NodeKind> = filled.iter().map(|value| kind_of(value)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let mut made = Node {
        name: name.to_owned(),
        nullable: filled.len() < places,
        required: places > 0 && values.len() == places,
        open: true,
        examples: examples(&filled),
        observed: Some(observe(&filled, places)),
        kinds,
        ..Node::default()
    };
    let nested = filled.iter().any(|v| v.is_object() || v.is_array());
    if nested && (depth + 1 >= MAX_DEPTH || *left == 0) {
        made.cut = Some("the samples are nested too deep or too wide".to_owned());
        return made;
    }
    members(&filled, depth, left, &mut made);
    let arrays: Vec<&Vec<Value>> = filled.iter().filter_map(|value| value.as_array()).collect();
    if !arrays.is_empty() {
        let elements: Vec<&Value> = arrays.into_iter().flatten().collect();
        if !elements.is_empty() {
            let element = node("*", &elements, elements.len(), depth + 1, left);
            made.items = Some(Box::new(element));
        }
    }
    made
}

fn members(filled: &[&Value], depth: usize, left: &mut usize, made: &mut Node) {
    let objects: Vec<_> = filled
        .iter()
        .filter_map(|value| value.as_object())
        .collect();
    let mut order: Vec<(&str, Vec<&Value>)> = Vec::new();
    let mut index = std::collections::HashMap::new();
    for object in &objects {
        for (name, value) in *object {
            let place = *index.entry(name.as_str()).or_insert_with(|| {
                order.push((name.as_str(), Vec::new()));
                order.len() - 1
            });
            if let Some((_, values)) = order.get_mut(place) {
                values.push(value);
            }
        }
    }
    for (name, values) in order {
        if *left == 0 {
            made.cut = Some("the samples have too many members".to_owned());
            break;
        }
        let child = node(name, &values, objects.len(), depth + 1, left);
        made.children.push(child);
    }
}

fn kind_of(value: &Value) -> NodeKind {
    match value {
        Value::Null => NodeKind::Any,
        Value::Bool(_) => NodeKind::Bool,
        Value::Number(number) if number.is_i64() || number.is_u64() => NodeKind::Int,
        Value::Number(_) => NodeKind::Decimal,
        Value::String(_) => NodeKind::String,
        Value::Array(_) => NodeKind::Array,
        Value::Object(_) => NodeKind::Object,
    }
}

/// The first different scalars.
fn examples(filled: &[&Value]) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    for value in filled {
        let empty = value.as_str().is_some_and(str::is_empty);
        if value.is_object() || value.is_array() || empty || found.contains(value) {
            continue;
        }
        found.push(shortened(value));
        if found.len() == MAX_EXAMPLES {
            break;
        }
    }
    found
}

/// Long texts are no examples: their start is.
fn shortened(value: &Value) -> Value {
    match value.as_str() {
        Some(text) => Value::String(tributary_model::issue::shorten(text, 200)),
        None => value.clone(),
    }
}

fn observe(filled: &[&Value], places: usize) -> Observed {
    let texts: Vec<&str> = filled.iter().filter_map(|value| value.as_str()).collect();
    let empty_texts = texts.iter().filter(|text| text.trim().is_empty()).count();
    let trimmed: Vec<&str> = texts
        .iter()
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
        .collect();
    let mut distinct: HashSet<String> = HashSet::new();
    for value in filled {
        if value.is_object() || value.is_array() || value.as_str().is_some_and(str::is_empty) {
            continue;
        }
        if distinct.len() as u64 == Observed::MAX_DISTINCT {
            break;
        }
        distinct.insert(value.to_string());
    }
    let tried = trimmed.get(..MAX_TEXTS).unwrap_or(&trimmed);
    // texts among values of other kinds are not a column of texts
    let looks = if texts.len() == filled.len() {
        looks(tried)
    } else {
        Vec::new()
    };
    let lengths = trimmed.iter().map(|text| text.chars().count() as u64);
    Observed {
        places: places as u64,
        empty: (places.saturating_sub(filled.len()) + empty_texts) as u64,
        distinct: distinct.len() as u64,
        lengths: lengths.clone().min().zip(lengths.max()),
        numbers: numbers(filled, tried, &looks),
        padded: texts
            .iter()
            .filter(|t| t.trim().len() != t.len() && !t.trim().is_empty())
            .count() as u64,
        ambiguous: ambiguous(tried, &looks),
        looks,
    }
}

fn numbers(filled: &[&Value], texts: &[&str], looks: &[Looks]) -> Option<(Decimal, Decimal)> {
    let locale = looks.iter().find_map(|look| match look {
        Looks::Int => Some(LocaleName::Plain),
        Looks::Decimal { locales } => locales.first().copied(),
        _ => None,
    });
    let written = filled
        .iter()
        .filter(|value| value.is_number())
        .filter_map(|value| Decimal::parse(&value.to_string()).ok());
    let read = texts
        .iter()
        .filter_map(|text| locale.and_then(|locale| number_in(text, locale)));
    let mut range: Option<(Decimal, Decimal)> = None;
    for value in written.chain(read) {
        range = Some(match range {
            None => (value, value),
            Some((low, high)) => (low.min(value), high.max(value)),
        });
    }
    range
}
