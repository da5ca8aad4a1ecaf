//! What a new revision of a template brings that the overrides keep from coming through.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tributary_model::issue::shorten;

use super::node::nodes;
use super::{Derived, Override};
use crate::diagnostic::{Diagnostic, code};
use crate::document::{Document, escape_pointer};

/// Longest text of a node in a message, in characters.
const SHOWN: usize = 300;

/// Warnings `M2207` for every override, parameter and table of `derived` that covers something which
/// differs between two revisions of its template: both texts are in the message.
#[must_use]
pub fn hidden_changes(derived: &Derived, before: &Document, after: &Document) -> Vec<Diagnostic> {
    let (old, new) = (tree(before), tree(after));
    let (old_nodes, new_nodes) = (by_id(&old), by_id(&new));
    let mut found = Vec::new();
    for (place, change) in derived.overrides.iter().enumerate() {
        let pointer = format!("/overrides/{place}");
        let id = change.node();
        let (old, new) = (old_nodes.get(id).copied(), new_nodes.get(id).copied());
        match change {
            Override::Set { with, without, .. } => {
                for name in with.keys().chain(without) {
                    let member =
                        |node: Option<&Map<String, Value>>| node.and_then(|n| n.get(name)).cloned();
                    tell(
                        &pointer,
                        &format!("{name} of {id}"),
                        member(old),
                        member(new),
                        &mut found,
                    );
                }
            }
            Override::Replace { .. } | Override::Remove { .. } => {
                let whole = |node: Option<&Map<String, Value>>| node.cloned().map(Value::Object);
                tell(
                    &pointer,
                    &format!("the node {id}"),
                    whole(old),
                    whole(new),
                    &mut found,
                );
            }
            // they cover nothing
            Override::InsertAfter { .. } | Override::InsertInto { .. } => {}
        }
    }
    let tables = [
        ("params", &derived.params),
        ("lookups", &derived.lookups),
        ("external", &derived.external),
    ];
    for (member, tables) in tables {
        for name in tables.keys() {
            let at = format!("/{member}/{}", escape_pointer(name));
            let (old, new) = (old.pointer(&at).cloned(), new.pointer(&at).cloned());
            tell(&at, &format!("{name} of {member}"), old, new, &mut found);
        }
    }
    for name in derived.source.keys() {
        let at = format!("/source/{}", escape_pointer(name));
        let (old, new) = (old.pointer(&at).cloned(), new.pointer(&at).cloned());
        tell(&at, &format!("{name} of the source"), old, new, &mut found);
    }
    found
}

fn tree(document: &Document) -> Value {
    serde_json::to_value(document).unwrap_or_default()
}

fn by_id(document: &Value) -> BTreeMap<String, &Map<String, Value>> {
    nodes(document)
        .into_iter()
        .filter_map(|(id, spot)| {
            let node = document.pointer(&spot.pointer())?.as_object()?;
            Some((id, node))
        })
        .collect()
}

fn tell(
    pointer: &str,
    what: &str,
    before: Option<Value>,
    after: Option<Value>,
    found: &mut Vec<Diagnostic>,
) {
    if before == after {
        return;
    }
    let text = |value: Option<Value>| match value {
        Some(value) => shorten(&value.to_string(), SHOWN),
        None => "nothing".to_owned(),
    };
    found.push(Diagnostic::warning(
        code::OVERRIDE_HIDES,
        pointer,
        format!(
            "it hides a change of the template: {what} was {} and is {}",
            text(before),
            text(after)
        ),
        "look whether the override is still right, and take over what the template brings",
    ));
}
