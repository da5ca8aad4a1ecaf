//! The JSON Schema of a configuration's type, for `config_schema` in `connector.json`. Not there in WebAssembly:
//! a component says its schema in its manifest, not by code.
//!
//! Invariant: what the schema allows, the type reads. The other way round the type may be wider: serde takes
//! `null` for what may be left out, the schema does not offer it.

use std::path::Path;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

/// The file that the derived schema is written to, if somebody asks for it: `tributary connector build` does.
const WANTED: &str = "TRIBUTARY_CONFIG_SCHEMA";

/// The schema of the type.
#[must_use]
pub fn of<C: JsonSchema>() -> Value {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<C>()
        .to_value();
    if let Some(root) = schema.as_object_mut() {
        // the name and the words of a type are for programmers
        root.remove("title");
        root.remove("description");
    }
    plain(&mut schema);
    schema
}

/// What [`config_schema!`](crate::config_schema) tests: `connector.json` in `folder` has the schema of the type.
///
/// # Errors
/// How to renew it, if it has another one.
pub fn held<C: JsonSchema>(folder: &str) -> Result<(), String> {
    let derived = of::<C>();
    if let Some(file) = std::env::var_os(WANTED) {
        let text = serde_json::to_string_pretty(&derived).map_err(|error| error.to_string())?;
        return std::fs::write(file, text).map_err(|error| error.to_string());
    }
    let path = Path::new(folder).join("connector.json");
    let text = std::fs::read(&path).map_err(|error| error.to_string())?;
    let manifest: Value = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    match manifest.get("config_schema") {
        Some(schema) if *schema == derived => Ok(()),
        _ => Err(format!(
            "config_schema in {} is not that of the type; `tributary connector build` renews it\n{derived:#}",
            path.display()
        )),
    }
}

/// What people are asked by needs no forms of numbers, and no `null` where a member may be left out.
fn plain(schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else {
        return;
    };
    if members.get("default") == Some(&Value::Null) {
        members.remove("default");
    }
    let number = members
        .get("type")
        .is_some_and(|kind| has(kind, "integer") || has(kind, "number"));
    if number {
        members.remove("format");
    }
    no_null(members);
    for name in ["properties", "patternProperties", "$defs"] {
        let parts = members.get_mut(name).and_then(Value::as_object_mut);
        parts
            .into_iter()
            .flatten()
            .for_each(|(_, part)| plain(part));
    }
    for name in ["anyOf", "oneOf", "allOf", "prefixItems"] {
        let parts = members.get_mut(name).and_then(Value::as_array_mut);
        parts.into_iter().flatten().for_each(plain);
    }
    for name in ["items", "additionalProperties"] {
        members.get_mut(name).into_iter().for_each(plain);
    }
}

fn has(kind: &Value, word: &str) -> bool {
    match kind {
        Value::Array(words) => words.iter().any(|one| one == word),
        one => one == word,
    }
}

/// `["string", "null"]` is `"string"`; one of something and null is something.
fn no_null(members: &mut Map<String, Value>) {
    let null =
        |value: &Value| value == "null" || value.get("type").is_some_and(|kind| kind == "null");
    if let Some(Value::Array(words)) = members.get_mut("type") {
        words.retain(|word| !null(word));
        if let [only] = words.as_slice() {
            let only = only.clone();
            members.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = members.get_mut("enum") {
        choices.retain(|choice| !choice.is_null());
    }
    let Some(Value::Array(choices)) = members.get_mut("anyOf") else {
        return;
    };
    choices.retain(|choice| !null(choice));
    if let [Value::Object(only)] = choices.as_slice() {
        let only = only.clone();
        members.remove("anyOf");
        for (name, value) in only {
            members.entry(name).or_insert(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Forms of a file.
    #[derive(serde::Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Form {
        Csv,
        Json,
    }

    /// Part of it.
    #[derive(serde::Deserialize, schemars::JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Sheet {
        name: Option<String>,
    }

    /// Of a connector.
    #[derive(serde::Deserialize, schemars::JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Config {
        /// Where the files are.
        #[schemars(length(min = 1))]
        folder: String,
        form: Option<Form>,
        #[schemars(range(min = 1, max = 1000))]
        rows: Option<u32>,
        sheet: Option<Sheet>,
        columns: Option<Vec<String>>,
    }

    #[test]
    fn a_schema_has_what_a_person_is_asked() {
        let schema = of::<Config>();
        assert_eq!(
            schema,
            json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object", "additionalProperties": false, "required": ["folder"],
                "properties": {
                    "folder": {"type": "string", "minLength": 1, "description": "Where the files are."},
                    "form": {"type": "string", "enum": ["csv", "json"], "description": "Forms of a file."},
                    "rows": {"type": "integer", "minimum": 1, "maximum": 1000},
                    "sheet": {
                        "type": "object", "additionalProperties": false, "description": "Part of it.",
                        "properties": {"name": {"type": "string"}},
                    },
                    "columns": {"type": "array", "items": {"type": "string"}},
                },
            })
        );
    }

    #[test]
    fn another_schema_in_the_manifest_is_told() {
        let folder = std::env::temp_dir().join(format!("tributary-schema-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("connector.json");
        let at = folder.to_string_lossy().into_owned();
        std::fs::write(&file, json!({"config_schema": of::<Config>()}).to_string()).unwrap();
        assert_eq!(held::<Config>(&at), Ok(()));
        std::fs::write(&file, json!({"config_schema": of::<Sheet>()}).to_string()).unwrap();
        let told = held::<Config>(&at).unwrap_err();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(told.contains("tributary connector build"), "{told}");
    }
}
