//! A schema tree as JSON Schema (2020-12), to keep what samples showed.
//!
//! Deliberately absent: everything that only a person knows, so no lengths, ranges or lists of values are claimed of
//! samples; and the samples' values. A schema is kept and handed on, and they are a customer's.

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
    if let Some(description) = &node.description {
        out.insert("description".to_owned(), json!(description));
    }
    // those of samples are somebody's data
    if !node.examples.is_empty() && node.observed.is_none() {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What was inferred is kept, in a repository and on the platform: it says the form of what was seen, and
    /// nothing that stood there.
    #[test]
    fn nothing_of_the_samples_is_in_it() {
        let samples = [
            json!({"name": "CANARY", "vat": "DE811907980", "pay": 48123.5, "day": "1968-02-29", "tags": ["CANARY"],
                "at": {"iban": "DE02120300000000202051"}, "left": true}),
            json!({"name": "CANARY", "vat": null, "pay": 48123, "day": "1968-02-29", "tags": []}),
        ];
        let mut declared = Schema::from_json_schema(&json!({"properties": {
            "name": {"type": "string", "description": "who it is"}, "vat": {}, "pay": {"type": "number"}}}));
        declared.observe(&samples);
        for schema in [Schema::infer(&samples), declared] {
            let text = json_schema(&schema).to_string();
            for value in [
                "CANARY",
                "DE8",
                "48123",
                "1968",
                "DE02",
                "examples",
                "enum",
                "characters",
            ] {
                assert!(!text.contains(value), "{value} is in {text}");
            }
        }
        let kept = json_schema(&Schema::infer(&samples));
        assert_eq!(kept["properties"]["vat"]["type"], json!(["string", "null"]));
        assert_eq!(kept["properties"]["pay"]["type"], json!("number"));
        assert_eq!(kept["properties"]["tags"]["items"]["type"], json!("string"));
        let required = json!(["name", "vat", "pay", "day", "tags"]);
        assert_eq!(kept["required"], required);
    }

    /// Examples that somebody wrote into a schema are meant to be seen.
    #[test]
    fn written_examples_stay() {
        let written = json!({"type": "object", "properties": {"code": {"type": "string", "examples": ["A-1"]}}});
        let kept = json_schema(&Schema::from_json_schema(&written));
        assert_eq!(kept["properties"]["code"]["examples"], json!(["A-1"]));
    }
}
