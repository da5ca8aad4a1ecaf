//! A schema tree as JSON Schema (2020-12), to keep what samples showed.
//!
//! Deliberately absent: everything that only a person knows. What samples show is what was seen: no
//! lengths, no ranges, no lists of values are claimed, they stand in `description` and `examples`.

use serde_json::{Map, Value, json};

use super::{Node, NodeKind, Schema};

/// The schema as a document.
#[must_use]
pub fn json_schema(schema: &Schema) -> Value {
    let mut document = Map::new();
    document.insert(
        "$schema".to_owned(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    node(&schema.root, &mut document);
    Value::Object(document)
}

fn node(node: &Node, out: &mut Map<String, Value>) {
    if let Some(title) = &node.title {
        out.insert("title".to_owned(), json!(title));
    }
    let types = types(node);
    match types.as_slice() {
        [] => {}
        [one] => {
            out.insert("type".to_owned(), json!(one));
        }
        several => {
            out.insert("type".to_owned(), json!(several));
        }
    }
    let format = match node.kind() {
        NodeKind::Date => Some("date".to_owned()),
        NodeKind::DateTime => Some("date-time".to_owned()),
        _ => node.format.clone(),
    };
    if let Some(format) = format {
        out.insert("format".to_owned(), json!(format));
    }
    if !node.values.is_empty() {
        out.insert("enum".to_owned(), json!(node.values));
    }
    if let Some(constant) = &node.constant {
        out.insert("const".to_owned(), constant.clone());
    }
    if let Some(pattern) = &node.pattern {
        out.insert("pattern".to_owned(), json!(pattern));
    }
    for (name, number) in [
        ("minLength", node.min_length),
        ("maxLength", node.max_length),
        ("minItems", node.min_items),
        ("maxItems", node.max_items),
    ] {
        if let Some(number) = number {
            out.insert(name.to_owned(), json!(number));
        }
    }
    if let Some(description) = description(node) {
        out.insert("description".to_owned(), json!(description));
    }
    if !node.examples.is_empty() {
        out.insert("examples".to_owned(), json!(node.examples));
    }
    members(node, out);
}

fn members(parent: &Node, out: &mut Map<String, Value>) {
    if !parent.children.is_empty() {
        let required: Vec<&str> = parent
            .children
            .iter()
            .filter(|child| child.required)
            .map(|child| child.name.as_str())
            .collect();
        if !required.is_empty() {
            out.insert("required".to_owned(), json!(required));
        }
        let mut properties = Map::new();
        for child in &parent.children {
            let mut member = Map::new();
            node(child, &mut member);
            properties.insert(child.name.clone(), Value::Object(member));
        }
        out.insert("properties".to_owned(), Value::Object(properties));
    }
    if let Some(items) = &parent.items {
        let mut element = Map::new();
        node(items, &mut element);
        out.insert("items".to_owned(), Value::Object(element));
    }
}

/// The words of JSON Schema for the node's kinds; none if anything may stand there.
fn types(node: &Node) -> Vec<&'static str> {
    let mut types: Vec<&'static str> = Vec::new();
    for kind in &node.kinds {
        let word = match kind {
            NodeKind::String | NodeKind::Date | NodeKind::DateTime => "string",
            NodeKind::Int => "integer",
            NodeKind::Decimal => "number",
            NodeKind::Bool => "boolean",
            NodeKind::Object => "object",
            NodeKind::Array => "array",
            NodeKind::Any => return Vec::new(),
        };
        if !types.contains(&word) {
            types.push(word);
        }
    }
    if types.contains(&"number") {
        types.retain(|word| *word != "integer");
    }
    if node.nullable && !types.is_empty() {
        types.push("null");
    }
    types
}

/// What the schema says, and what samples showed.
fn description(node: &Node) -> Option<String> {
    let mut parts: Vec<String> = node.description.iter().cloned().collect();
    if let Some(observed) = &node.observed {
        let scalar = !matches!(node.kind(), NodeKind::Object | NodeKind::Array);
        if scalar && observed.empty > 0 {
            parts.push(format!(
                "no value in {} of {} samples",
                observed.empty, observed.places
            ));
        }
        if let Some((shortest, longest)) = observed.lengths.filter(|_| scalar) {
            parts.push(format!("{shortest} to {longest} characters"));
        }
        if let Some((smallest, largest)) = &observed.numbers {
            parts.push(format!("{smallest} to {largest}"));
        }
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}
