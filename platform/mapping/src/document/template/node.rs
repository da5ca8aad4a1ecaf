//! Nodes of a document as JSON, found by their id.

use serde_json::{Map, Value};

/// The lists of a document whose entries have ids.
const LISTS: [&str; 3] = ["fields", "rows", "quality"];

/// The members of a field that hold fields.
const INNER: [&str; 2] = ["object", "fields"];

/// Where a node stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    /// `fields`, `rows` or `quality`
    pub(super) kind: &'static str,
    /// pointer to the list that holds it
    pub(super) list: String,
    pub(super) index: usize,
}

impl Spot {
    /// RFC 6901, in the document.
    pub(super) fn pointer(&self) -> String {
        format!("{}/{}", self.list, self.index)
    }
}

/// Every node with its id, in the order of the document.
pub(super) fn nodes(document: &Value) -> Vec<(String, Spot)> {
    let mut found = Vec::new();
    for kind in LISTS {
        walk(document, kind, format!("/{kind}"), &mut found);
    }
    found
}

fn walk(document: &Value, kind: &'static str, list: String, found: &mut Vec<(String, Spot)>) {
    let entries = document.pointer(&list).and_then(Value::as_array);
    for (index, entry) in entries.into_iter().flatten().enumerate() {
        let Some(members) = entry.as_object() else {
            continue;
        };
        let spot = Spot {
            kind,
            list: list.clone(),
            index,
        };
        let pointer = spot.pointer();
        found.push((id(members).to_owned(), spot));
        for inner in INNER {
            if kind == "fields" && members.contains_key(inner) {
                walk(document, kind, format!("{pointer}/{inner}"), found);
            }
        }
    }
}

/// The node called `wanted`.
pub(super) fn find(document: &Value, wanted: &str) -> Option<Spot> {
    nodes(document)
        .into_iter()
        .find(|(id, _)| id == wanted)
        .map(|(_, spot)| spot)
}

/// The ids of a node and of all below it.
pub(super) fn ids_below(node: &Map<String, Value>) -> Vec<String> {
    let mut found = vec![id(node).to_owned()];
    for inner in INNER {
        let list = node.get(inner).and_then(Value::as_array);
        for field in list.into_iter().flatten().filter_map(Value::as_object) {
            found.extend(ids_below(field));
        }
    }
    found
}

/// The id of a node; empty without one.
pub(super) fn id(node: &Map<String, Value>) -> &str {
    node.get("id").and_then(Value::as_str).unwrap_or_default()
}
