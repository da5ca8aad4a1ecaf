//! What the bytes tell before anything runs.

use serde_json::Value;
use tributary_host::Presented;
use tributary_model::problem::Problem;

use super::{Finding, good, skipped};
use crate::stand::Stand;

/// Parts of names of what belongs into `secrets`.
const SECRET_WORDS: [&str; 8] = [
    "password",
    "passwd",
    "secret",
    "apikey",
    "accesstoken",
    "refreshtoken",
    "privatekey",
    "credential",
];
/// Names that are secrets as a whole.
const SECRET_NAMES: [&str; 4] = ["token", "pass", "pwd", "bearer"];

/// Loads it as the platform would.
pub(super) async fn gate(stand: &Stand) -> Finding {
    let told = |problem: Problem| format!("{}: {}", problem.code, problem.detail);
    if stand.presented.manifest.is_functions() {
        stand.functions().await.map_err(told)?;
    } else {
        stand.connector().await.map_err(told)?;
    }
    good("it loads")
}

/// The gate refuses imports that are not asked for; here nothing is asked for in vain.
pub(super) fn imports(presented: &Presented) -> Finding {
    let idle: Vec<&str> = presented
        .manifest
        .capabilities
        .iter()
        .filter(|asked| !presented.imports.contains(asked))
        .map(String::as_str)
        .filter(|asked| !["types", "io"].contains(asked))
        .collect();
    if presented.imports.is_empty() && idle.is_empty() {
        return good("nothing");
    }
    if idle.is_empty() {
        return good(presented.imports.join(", "));
    }
    Err(format!(
        "the manifest asks for {}, which it never uses: take it out of `capabilities`",
        idle.join(", ")
    ))
}

/// Secrets have a place of their own, which no guest ever sees; `config` goes to the guest.
pub(super) fn no_secret_config(schema: &Value) -> Finding {
    if schema.is_null() {
        return skipped("it has no configuration");
    }
    let mut found = Vec::new();
    search(schema, "", &mut found);
    if found.is_empty() {
        return good("none of its properties is named like a secret");
    }
    Err(format!(
        "config_schema asks for {}: secrets belong into the connection's `secrets`, where the host sets them",
        found.join(", ")
    ))
}

fn search(schema: &Value, at: &str, found: &mut Vec<String>) {
    let Some(members) = schema.as_object() else {
        if let Some(items) = schema.as_array() {
            items.iter().for_each(|item| search(item, at, found));
        }
        return;
    };
    for (name, part) in members {
        if name != "properties" {
            search(part, at, found);
            continue;
        }
        for (property, part) in part.as_object().into_iter().flatten() {
            let place = format!("{at}/{property}");
            let plain = property.to_ascii_lowercase().replace(['_', '-'], "");
            let secret = SECRET_NAMES.contains(&plain.as_str())
                || SECRET_WORDS.iter().any(|word| plain.contains(word));
            // A place where a token stands in an answer is no token.
            let text = part.get("type").is_none_or(|kind| kind == "string");
            let pointer = part.get("pattern").and_then(Value::as_str) == Some("^/");
            if secret && text && !pointer {
                found.push(place.clone());
            }
            search(part, &place, found);
        }
    }
}
