//! What a model has, by its `fields_get`: the JSON Schema of the asked fields, those of relations too.

use std::collections::BTreeMap;

use tributary_http_json::pace::Pace;
use tributary_sdk::serde_json::{self, Map, Value, json};
use tributary_sdk::{Error, Result};

use crate::config::Stream;
use crate::rpc::Database;

/// Relations inside each other.
const MAX_DEPTH: usize = 6;
/// Fields of these types are only read if they are named: they are long, or no value of the record.
const NOT_BY_ITSELF: [&str; 5] = ["binary", "one2many", "many2many", "dict", "one2one"];

/// The fields of a model by name.
type Fields = Map<String, Value>;

/// Asks for models' fields, each model once.
pub struct Models<'a, 'b> {
    pub database: Database<'a>,
    pub pace: &'a mut Pace<'b>,
    pub known: BTreeMap<String, Fields>,
}

impl Models<'_, '_> {
    fn fields(&mut self, model: &str, at: &str) -> Result<Fields> {
        if let Some(known) = self.known.get(model) {
            return Ok(known.clone());
        }
        let method = format!("model.{model}.fields_get");
        let parameters = json!([[], self.database.config.context]);
        let text = self.database.call(&method, &parameters, at, self.pace)?;
        let fields: Fields = serde_json::from_str(&text).map_err(|_| {
            Error::data(format!("{method}: the answer names no fields"))
                .with_code("source_protocol")
        })?;
        self.known.insert(model.to_owned(), fields.clone());
        Ok(fields)
    }

    /// The names to read: the configured ones, or the model's plain ones.
    pub fn chosen(&mut self, name: &str, stream: &Stream) -> Result<Vec<String>> {
        if !stream.fields.is_empty() {
            return Ok(stream.fields.clone());
        }
        let fields = self.fields(&stream.model, &format!("/config/streams/{name}/model"))?;
        let plain = fields.iter().filter(|(_, field)| {
            let kind = field
                .get("type")
                .and_then(Value::as_str)
                .unwrap_or_default();
            !NOT_BY_ITSELF.contains(&kind)
        });
        Ok(plain.map(|(name, _)| name.clone()).collect())
    }

    /// The schema of records with these fields.
    pub fn schema(&mut self, name: &str, stream: &Stream, chosen: &[String]) -> Result<Value> {
        let at = format!("/config/streams/{name}/fields");
        let paths: Vec<Vec<&str>> = chosen
            .iter()
            .map(|path| path.split('.').collect())
            .collect();
        self.of_model(&stream.model, &paths, &at, 0)
    }

    fn of_model(
        &mut self,
        model: &str,
        paths: &[Vec<&str>],
        at: &str,
        depth: usize,
    ) -> Result<Value> {
        let fields = self.fields(model, at)?;
        let mut properties = Map::new();
        properties.insert("id".to_owned(), json!({ "type": "integer" }));
        let mut below: BTreeMap<&str, Vec<Vec<&str>>> = BTreeMap::new();
        for path in paths {
            let Some((first, rest)) = path.split_first() else {
                continue;
            };
            let Some(field) = fields.get(*first) else {
                if ["id", "rec_name", "write_date", "create_date"].contains(first) {
                    continue;
                }
                let names: Vec<&str> = fields.keys().take(60).map(String::as_str).collect();
                let message = format!(
                    "{model} has no field {first:?}; it has {}",
                    names.join(", ")
                );
                return Err(Error::config(at, message));
            };
            match rest.is_empty() {
                true => {
                    properties.insert((*first).to_owned(), of_field(field));
                }
                false => below.entry(first).or_default().push(rest.to_vec()),
            }
        }
        for (first, paths) in below.into_iter().filter(|_| depth < MAX_DEPTH) {
            let text = |name: &str| {
                let value = fields.get(first).and_then(|field| field.get(name));
                value.and_then(Value::as_str).unwrap_or_default().to_owned()
            };
            let relation = text("relation");
            if relation.is_empty() {
                let message = format!("{first:?} of {model} is no relation, so it has no fields");
                return Err(Error::config(at, message));
            }
            let one = self.of_model(&relation, &paths, at, depth + 1)?;
            let schema = match text("type").as_str() {
                "one2many" | "many2many" => json!({ "type": "array", "items": one }),
                _ => {
                    let mut one = one;
                    if let Some(members) = one.as_object_mut() {
                        members.insert("type".to_owned(), json!(["object", "null"]));
                    }
                    one
                }
            };
            // both the relation and fields of it: the latter keep Tryton's name
            let name = match properties.contains_key(first) {
                true => format!("{first}."),
                false => first.to_owned(),
            };
            properties.insert(name, schema);
        }
        Ok(json!({ "type": "object", "properties": properties, "required": ["id"] }))
    }
}

/// The schema of one field.
fn of_field(field: &Value) -> Value {
    let kind = field
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let text = |format: &str| json!({ "type": "string", "format": format });
    let mut schema = match kind {
        "integer" | "biginteger" | "many2one" | "one2one" => json!({ "type": "integer" }),
        "float" => json!({ "type": "number" }),
        "numeric" => json!({ "type": "number", "format": "decimal" }),
        "boolean" => json!({ "type": "boolean" }),
        "date" => text("date"),
        "datetime" | "timestamp" => text("date-time"),
        "time" => text("time"),
        "timedelta" => json!({ "type": "number", "description": "seconds" }),
        "binary" => json!({ "type": "string", "contentEncoding": "base64" }),
        "one2many" | "many2many" => json!({ "type": "array", "items": { "type": "integer" } }),
        "dict" => json!({ "type": "object" }),
        "multiselection" => json!({ "type": "array", "items": { "type": "string" } }),
        _ => json!({ "type": "string" }),
    };
    let Some(members) = schema.as_object_mut() else {
        return schema;
    };
    let required = field.get("required").and_then(Value::as_bool) == Some(true);
    let many = matches!(kind, "one2many" | "many2many" | "multiselection");
    if let (false, Some(Value::String(one))) = (required || many, members.get("type").cloned()) {
        members.insert("type".to_owned(), json!([one, "null"]));
    }
    if let Some(title) = field.get("string").and_then(Value::as_str) {
        members.insert("title".to_owned(), json!(title));
    }
    if let Some(selection) = field.get("selection").and_then(Value::as_array) {
        let values = selection.iter().filter_map(|pair| pair.get(0).cloned());
        let values: Vec<Value> = values.collect();
        if kind == "selection" && !values.is_empty() {
            members.insert("examples".to_owned(), json!(values));
        }
    }
    schema
}

#[cfg(test)]
mod tests {
    #![expect(clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn fields_become_schemas() {
        for (field, wanted) in [
            (
                json!({"type": "numeric", "required": true}),
                json!("number"),
            ),
            (json!({"type": "char"}), json!(["string", "null"])),
            (
                json!({"type": "many2one", "relation": "party.party"}),
                json!(["integer", "null"]),
            ),
            (json!({"type": "one2many"}), json!("array")),
            (
                json!({"type": "new kind", "required": true}),
                json!("string"),
            ),
        ] {
            assert_eq!(of_field(&field)["type"], wanted, "{field}");
        }
        let state = json!({"type": "selection", "string": "State", "selection": [["draft", "Draft"], ["done", "Done"]]});
        let schema = of_field(&state);
        assert_eq!(
            (&schema["title"], &schema["examples"]),
            (&json!("State"), &json!(["draft", "done"]))
        );
    }
}
