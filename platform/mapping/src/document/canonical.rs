//! The one text of a document: two documents that say the same have the same bytes, so that a
//! difference between two versions is a difference in meaning.
//!
//! The form: members in the order of the types in this module, defaults left out, the arguments of a
//! function in the order of its signature; 2 spaces of indentation; what is short stands on one line
//! of at most [`MAX_WIDTH`] characters; every field of a list of fields begins a line; a newline at
//! the end. What people choose the order of (rows and expected documents of tests) keeps it.
//!
//! Invariants: `parse(canonical(d)) == d`, and the form of the form is the form. Deliberately absent:
//! any judgement; a document that breaks every rule of the check has a form too.

use serde_json::{Map, Value};

use super::template::Derived;
use super::{Document, Exact};
use crate::functions;

/// Characters of a line, indentation and comma included.
pub const MAX_WIDTH: usize = 140;

/// Texts and numbers up to this length are packed several to a line in a list that needs more than
/// one.
const MAX_PACKED: usize = 40;

/// The text of `document`. It cannot fail: the types have no form that JSON lacks.
#[must_use]
pub fn canonical(document: &Document) -> String {
    let mut value = serde_json::to_value(document).unwrap_or_default();
    if let Value::Object(members) = &mut value {
        tidy_document(members);
    }
    written(value, Exact::of(&document.tests).ok())
}

/// The text of a derived document, in the same form.
#[must_use]
pub fn canonical_derived(derived: &Derived) -> String {
    let mut value = serde_json::to_value(derived).unwrap_or_default();
    let overrides = value.get_mut("overrides").and_then(Value::as_array_mut);
    for change in overrides
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
    {
        tidy_override(change);
    }
    written(value, derived.tests.clone())
}

/// The text of a document that is tidy. The digits of its tests are in `tests` alone.
fn written(document: Value, tests: Option<Exact>) -> String {
    let mut document = Exact::from(document);
    if let Some(tests) = tests {
        document.replace("tests", tests);
    }
    let mut text = String::new();
    broken(&document, 0, Part::Document, &mut text);
    text.push('\n');
    text
}

/// What a value is, as far as its form depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Document,
    /// list or table in which every entry begins a line
    Entries,
    Field,
    Other,
}

impl Part {
    /// What the member `name` of this part is.
    fn member(self, name: &str) -> Self {
        match (self, name) {
            (
                Self::Document,
                "params" | "lookups" | "external" | "rows" | "fields" | "quality" | "overrides"
                | "tests",
            )
            | (Self::Field, "object" | "fields") => Self::Entries,
            _ => Self::Other,
        }
    }

    /// What an entry of the member `name` is.
    fn entry(self, name: &str) -> Self {
        match (self, name) {
            (Self::Document, "fields") | (Self::Field, "object" | "fields") => Self::Field,
            _ => Self::Other,
        }
    }
}

/// Writes `value`, which starts at the present end of `text`, with `after` characters behind it.
fn write(value: &Exact, depth: usize, after: usize, part: Part, entry: Part, text: &mut String) {
    let entries = part == Part::Entries || holds_entries(value, part);
    if !entries {
        let column = text.rsplit('\n').next().unwrap_or(text).chars().count();
        let room = MAX_WIDTH.saturating_sub(column + after);
        let mut line = String::new();
        if flat(value, room, &mut line) {
            text.push_str(&line);
            return;
        }
    }
    let part = if part == Part::Entries { entry } else { part };
    broken(value, depth, part, text);
}

/// Whether a field has fields of its own, which never stand on its line.
fn holds_entries(value: &Exact, part: Part) -> bool {
    part == Part::Field
        && matches!(value, Exact::Members(members)
            if members.iter().any(|(name, _)| name == "object" || name == "fields"))
}

/// Writes over several lines. For a list `part` is what its elements are.
fn broken(value: &Exact, depth: usize, part: Part, text: &mut String) {
    match value {
        Exact::List(values) if !values.is_empty() => {
            if packed(values, depth, text) {
                return;
            }
            text.push('[');
            for (place, value) in values.iter().enumerate() {
                let comma = usize::from(place + 1 < values.len());
                new_line(depth + 1, text);
                write(value, depth + 1, comma, part, Part::Other, text);
                text.push_str(if comma == 1 { "," } else { "" });
            }
            new_line(depth, text);
            text.push(']');
        }
        Exact::Members(members) if !members.is_empty() => {
            text.push('{');
            for (place, (name, value)) in members.iter().enumerate() {
                let comma = usize::from(place + 1 < members.len());
                new_line(depth + 1, text);
                text.push_str(&quoted(name));
                text.push_str(": ");
                let (member, entry) = (part.member(name), part.entry(name));
                write(value, depth + 1, comma, member, entry, text);
                text.push_str(if comma == 1 { "," } else { "" });
            }
            new_line(depth, text);
            text.push('}');
        }
        _ => {
            flat(value, usize::MAX, text);
        }
    }
}

/// Writes a list of short texts and numbers with as many to a line as fit; false for another list.
fn packed(values: &[Exact], depth: usize, text: &mut String) -> bool {
    let mut words = Vec::with_capacity(values.len());
    for value in values {
        let mut word = String::new();
        if matches!(value, Exact::List(_) | Exact::Members(_))
            || !flat(value, MAX_PACKED, &mut word)
        {
            return false;
        }
        words.push(word);
    }
    text.push('[');
    let mut column = MAX_WIDTH;
    let last = words.len().saturating_sub(1);
    for (place, word) in words.iter().enumerate() {
        let comma = usize::from(place < last);
        let width = word.chars().count() + comma;
        if column + 1 + width > MAX_WIDTH {
            new_line(depth + 1, text);
            column = 2 * (depth + 1) + width;
        } else {
            text.push(' ');
            column += 1 + width;
        }
        text.push_str(word);
        text.push_str(if comma == 1 { "," } else { "" });
    }
    new_line(depth, text);
    text.push(']');
    true
}

/// Writes on one line; false if it needs more than `room` characters (`text` is then unfinished).
fn flat(value: &Exact, room: usize, text: &mut String) -> bool {
    match value {
        Exact::List(values) => {
            text.push('[');
            for (place, value) in values.iter().enumerate() {
                text.push_str(if place == 0 { "" } else { ", " });
                if !flat(value, room, text) {
                    return false;
                }
            }
            text.push(']');
        }
        Exact::Members(members) if members.is_empty() => text.push_str("{}"),
        Exact::Members(members) => {
            text.push_str("{ ");
            for (place, (name, value)) in members.iter().enumerate() {
                text.push_str(if place == 0 { "" } else { ", " });
                text.push_str(&quoted(name));
                text.push_str(": ");
                if !flat(value, room, text) {
                    return false;
                }
            }
            text.push_str(" }");
        }
        Exact::Text(word) => text.push_str(&quoted(word)),
        other => text.push_str(&other.to_string()),
    }
    // a line of bytes that is short is short in characters; only a long one is counted
    text.len() <= room || text.chars().count() <= room
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn new_line(depth: usize, text: &mut String) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

/// Leaves defaults out that the types write, and brings members into the form's order.
fn tidy_document(members: &mut Map<String, Value>) {
    if let Some(Value::Object(source)) = members.get_mut("source") {
        drop_default(source, "locale", "plain");
    }
    if let Some(Value::Object(limits)) = members.get_mut("limits") {
        let defaults = serde_json::to_value(super::Limits::default()).unwrap_or_default();
        limits.retain(|name, value| defaults.get(name) != Some(value));
        if limits.is_empty() {
            members.shift_remove("limits");
        }
    }
    if let Some(Value::Object(params)) = members.get_mut("params") {
        for param in params.values_mut().filter_map(Value::as_object_mut) {
            // null is what a parameter without a default has
            drop_default(param, "default", Value::Null);
        }
    }
    each_object(members.get_mut("rows"), tidy_row_step);
    each_object(members.get_mut("fields"), tidy_field);
}

fn tidy_row_step(step: &mut Map<String, Value>) {
    if step.get("op").is_some_and(|op| op == "dedupe") {
        drop_default(step, "keep", "first");
    }
    drop_default(step, "input", "any");
    drop_default(step, "max_members", super::default_max_members());
    if step.get("op").and_then(Value::as_str) == Some("dedupe") {
        // a filter's keep is a formula
        drop_default(step, "keep", "first");
    }
    each_object(step.get_mut("sort"), |sort| {
        drop_default(sort, "type", "text");
        drop_default(sort, "order", "ascending");
    });
    // serde writes the tag first; a node begins with its id
    if let Some(id) = step.shift_remove("id") {
        step.shift_insert(0, "id".to_owned(), id);
    }
}

fn tidy_field(field: &mut Map<String, Value>) {
    drop_default(field, "null", "emit");
    drop_default(field, "on_error", "reject");
    each_object(field.get_mut("do"), tidy_step);
    each_object(field.get_mut("switch"), |case| {
        each_object(case.get_mut("do"), tidy_step);
    });
    each_object(field.get_mut("object"), tidy_field);
    each_object(field.get_mut("fields"), tidy_field);
}

/// Chains in their form; defaults stay, because here they may take the place of something else.
fn tidy_override(change: &mut Map<String, Value>) {
    fn steps(node: &mut Map<String, Value>) {
        each_object(node.get_mut("do"), tidy_step);
        each_object(node.get_mut("switch"), |case| {
            each_object(case.get_mut("do"), tidy_step);
        });
        each_object(node.get_mut("object"), steps);
        each_object(node.get_mut("fields"), steps);
    }
    if let Some(Value::Object(node)) = change.get_mut("with") {
        steps(node);
    }
    each_object(change.get_mut("nodes"), steps);
}

/// Arguments in the order of the function's signature, then others by name.
fn tidy_step(step: &mut Map<String, Value>) {
    let function = step.get("fn").and_then(Value::as_str).unwrap_or_default();
    let order: Vec<&str> = functions::signatures()
        .find(|signature| signature.name == function)
        .map(|signature| {
            signature
                .arguments
                .iter()
                .map(|argument| argument.name)
                .collect()
        })
        .unwrap_or_default();
    let place = |name: &str| {
        if name == "fn" {
            return 0;
        }
        let known = order.iter().position(|known| *known == name);
        known.map_or(usize::MAX, |place| place + 1)
    };
    let mut members: Vec<(String, Value)> = std::mem::take(step).into_iter().collect();
    members.sort_by(|(a, _), (b, _)| (place(a), a).cmp(&(place(b), b)));
    step.extend(members);
}

fn each_object(list: Option<&mut Value>, mut change: impl FnMut(&mut Map<String, Value>)) {
    let values = list.and_then(Value::as_array_mut).into_iter().flatten();
    for members in values.filter_map(Value::as_object_mut) {
        change(members);
    }
}

fn drop_default(members: &mut Map<String, Value>, name: &str, default: impl Into<Value>) {
    if members.get(name) == Some(&default.into()) {
        members.shift_remove(name);
    }
}
