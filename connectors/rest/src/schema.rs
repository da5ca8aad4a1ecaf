//! A JSON Schema out of samples, for the author of a mapping: types as seen, examples, and how
//! often a field was absent or null. A guess, so nothing is `required`.

use std::collections::BTreeMap;

use tributary_sdk::serde_json::{Map, Value, json};

/// Rows that are looked at.
pub const SAMPLE_ROWS: usize = 200;
const MAX_DEPTH: usize = 8;
const MAX_MEMBERS: usize = 500;
const EXAMPLES: usize = 3;
const EXAMPLE_CHARS: usize = 80;

#[derive(Default)]
struct Seen {
    count: usize,
    nulls: usize,
    types: Vec<&'static str>,
    examples: Vec<Value>,
    /// in the order in which they were first seen
    names: Vec<String>,
    members: BTreeMap<String, Seen>,
    items: Option<Box<Seen>>,
    dates: usize,
}

/// The schema of rows like these.
pub fn infer(rows: &[Value]) -> Value {
    let mut seen = Seen::default();
    for row in rows.iter().take(SAMPLE_ROWS) {
        seen.look(row, 0);
    }
    let mut schema = seen.schema(rows.len().min(SAMPLE_ROWS));
    if let Some(members) = schema.as_object_mut() {
        members.remove("x-null-share");
        members.insert(
            "x-sampled-rows".to_owned(),
            json!(rows.len().min(SAMPLE_ROWS)),
        );
        members.entry("type").or_insert_with(|| json!("object"));
    }
    schema
}

impl Seen {
    fn look(&mut self, value: &Value, depth: usize) {
        self.count += 1;
        let kind = match value {
            Value::Null => {
                self.nulls += 1;
                return;
            }
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
            Value::Number(_) => "number",
            Value::String(text) => {
                self.dates += usize::from(is_instant(text));
                "string"
            }
            Value::Array(items) => {
                let seen = self.items.get_or_insert_default();
                for item in items.iter().filter(|_| depth < MAX_DEPTH) {
                    seen.look(item, depth + 1);
                }
                "array"
            }
            Value::Object(members) => {
                for (name, member) in members.iter().filter(|_| depth < MAX_DEPTH) {
                    if !self.members.contains_key(name) {
                        if self.members.len() >= MAX_MEMBERS {
                            continue;
                        }
                        self.names.push(name.clone());
                    }
                    self.members
                        .entry(name.clone())
                        .or_default()
                        .look(member, depth + 1);
                }
                "object"
            }
        };
        if !self.types.contains(&kind) {
            self.types.push(kind);
        }
        let scalar = !value.is_array() && !value.is_object();
        if scalar && self.examples.len() < EXAMPLES && !self.examples.contains(value) {
            self.examples.push(shortened(value));
        }
    }

    /// `of` is how often the value could have been there.
    fn schema(&self, of: usize) -> Value {
        let mut schema = Map::new();
        let mut types = self.types.clone();
        if types.contains(&"number") {
            types.retain(|kind| *kind != "integer");
        }
        if self.nulls > 0 {
            types.push("null");
        }
        match types.as_slice() {
            [] => {}
            [one] => {
                schema.insert("type".to_owned(), json!(one));
            }
            several => {
                schema.insert("type".to_owned(), json!(several));
            }
        }
        let texts = self.count - self.nulls;
        if self.types == ["string"] && self.dates == texts {
            schema.insert("format".to_owned(), json!("date-time"));
        }
        if !self.examples.is_empty() {
            schema.insert("examples".to_owned(), json!(self.examples));
        }
        let there = self.count - self.nulls;
        if of > there {
            // per mille is enough, and reads better than seventeen digits
            let share = ((of - there) * 1000 / of) as f64 / 1000.0;
            schema.insert("x-null-share".to_owned(), json!(share));
        }
        if !self.members.is_empty() {
            let objects = self.members.values().map(|seen| seen.count).max();
            let of = there.max(objects.unwrap_or(0));
            let mut properties = Map::new();
            for name in &self.names {
                if let Some(member) = self.members.get(name) {
                    properties.insert(name.clone(), member.schema(of));
                }
            }
            schema.insert("properties".to_owned(), Value::Object(properties));
        }
        if let Some(items) = &self.items {
            schema.insert("items".to_owned(), items.schema(items.count));
        }
        Value::Object(schema)
    }
}

fn shortened(value: &Value) -> Value {
    match value {
        Value::String(text) if text.chars().count() > EXAMPLE_CHARS => {
            let start: String = text.chars().take(EXAMPLE_CHARS).collect();
            Value::String(format!("{start}…"))
        }
        other => other.clone(),
    }
}

fn is_instant(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| {
        bytes
            .get(range)
            .is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    let is = |at: usize, byte: u8| bytes.get(at) == Some(&byte);
    digits(0..4)
        && is(4, b'-')
        && digits(5..7)
        && is(7, b'-')
        && digits(8..10)
        && is(10, b'T')
        && is(13, b':')
}

#[cfg(test)]
mod tests {
    #![expect(clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn types_examples_and_gaps_are_told() {
        let rows = [
            json!({"id": 1, "at": "2026-01-01T00:00:00Z", "price": 1, "lines": [{"sku": "a"}]}),
            json!({"id": 2, "at": "2026-01-02T00:00:00Z", "price": 1.5, "note": null, "lines": []}),
            json!({"id": 3, "at": "2026-01-03T00:00:00Z", "price": 2, "note": "x", "lines": [{"sku": "b"}, {}]}),
            json!({"id": "4", "at": "2026-01-03T00:00:00Z", "price": 2, "lines": null}),
        ];
        let schema = infer(&rows);
        assert_eq!(schema["type"], "object");
        assert_eq!(schema["x-sampled-rows"], 4);
        let of = &schema["properties"];
        assert_eq!(of["id"]["type"], json!(["integer", "string"]));
        assert_eq!(of["id"]["examples"], json!([1, 2, 3]));
        assert_eq!(of["at"]["format"], "date-time");
        assert_eq!(of["at"].get("x-null-share"), None);
        assert_eq!(of["price"]["type"], "number");
        assert_eq!(of["note"]["x-null-share"], json!(0.75));
        assert_eq!(of["note"]["type"], json!(["string", "null"]));
        assert_eq!(
            of["lines"]["items"]["properties"]["sku"]["x-null-share"],
            json!(0.333)
        );
        assert_eq!(infer(&[])["type"], "object");
    }
}
