//! The schema of a Rust connector's configuration into its `connector.json`, derived from the type on this
//! machine: a test of the connector writes it, so that nothing of it is in the component.
//!
//! Only where `src/lib.rs` or a module of it says `config_schema!`; by hand everywhere else. A file that says
//! the same already stays as it is, to the last blank.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::PackagingError;

/// What the kit's macro is called, and the test that it makes.
const MACRO: &str = "config_schema!";
const TEST: &str = "config_schema_is_that_of_the_type";
/// Tells the test where to write.
const VARIABLE: &str = "TRIBUTARY_CONFIG_SCHEMA";

/// Renews `config_schema`; true if it was another one.
pub(super) fn renew(folder: &Path, target_dir: &Path) -> Result<bool, PackagingError> {
    if !asked(&folder.join("src"))? {
        return Ok(false);
    }
    let schema = derived(folder, target_dir)?;
    let path = folder.join("connector.json");
    let text = std::fs::read(&path).map_err(PackagingError::io("read", &path))?;
    let invalid = |what: &str, error: serde_json::Error| {
        PackagingError::invalid(format!("{what} is not JSON: {error}"))
    };
    let mut manifest: Value =
        serde_json::from_slice(&text).map_err(|error| invalid("connector.json", error))?;
    let mut schema: Value =
        serde_json::from_slice(&schema).map_err(|error| invalid("the schema", error))?;
    let Some(members) = manifest.as_object_mut() else {
        return Err(PackagingError::invalid("connector.json is no object"));
    };
    let before = members.get("config_schema");
    if before == Some(&schema) {
        return Ok(false);
    }
    if let Some(before) = before {
        keep_order(&mut schema, before);
    }
    members.insert("config_schema".to_owned(), schema);
    let text = serde_json::to_string_pretty(&manifest)
        .map_err(|error| invalid("connector.json", error))?;
    std::fs::write(&path, format!("{text}\n")).map_err(PackagingError::io("write", &path))?;
    Ok(true)
}

/// Whether a source file asks for it.
fn asked(folder: &Path) -> Result<bool, PackagingError> {
    let entries = std::fs::read_dir(folder).map_err(PackagingError::io("read", folder))?;
    for entry in entries {
        let path = entry.map_err(PackagingError::io("read", folder))?.path();
        let says = match path.is_dir() {
            true => asked(&path)?,
            false => {
                let text = std::fs::read(&path).map_err(PackagingError::io("read", &path))?;
                String::from_utf8_lossy(&text).contains(MACRO)
            }
        };
        if says {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Runs the test, and gives what it wrote.
fn derived(folder: &Path, target_dir: &Path) -> Result<Vec<u8>, PackagingError> {
    let out = target_dir.join("connector");
    std::fs::create_dir_all(&out).map_err(PackagingError::io("create", &out))?;
    // the test runs in the connector's folder
    let out = std::path::absolute(&out).map_err(PackagingError::io("find", &out))?;
    let file = out.join("config-schema.json");
    let _ = std::fs::remove_file(&file); // of the last build; mostly there is one
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--quiet", "--lib"]);
    if folder.join("Cargo.lock").is_file() {
        cargo.arg("--locked");
    }
    let said = cargo
        .arg("--target-dir")
        .arg(target_dir)
        .args(["--", TEST])
        .current_dir(folder)
        .env_remove("CARGO_TARGET_DIR")
        .env(VARIABLE, &file)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| PackagingError::Tool {
            what: format!("cargo could not be run: {error}"),
            hint: "install Rust from https://rustup.rs".to_owned(),
        })?;
    if said.status.success() {
        return std::fs::read(&file).map_err(PackagingError::io("read", &file));
    }
    let words =
        [said.stderr, said.stdout].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Err(PackagingError::Tool {
        what: format!(
            "{}: the schema of the configuration cannot be derived\n{}",
            folder.display(),
            words.concat().trim_end()
        ),
        hint: "correct what cargo says above; types in the configuration carry #[tributary_sdk::config]"
            .to_owned(),
    })
}

/// Members in the order in which the author has them, new ones behind: people are asked in this order.
fn keep_order(new: &mut Value, old: &Value) {
    match (new, old) {
        (Value::Object(new), Value::Object(old)) => {
            let mut ordered = serde_json::Map::new();
            for (name, before) in old {
                if let Some(mut value) = new.shift_remove(name) {
                    keep_order(&mut value, before);
                    ordered.insert(name.clone(), value);
                }
            }
            ordered.append(new);
            *new = ordered;
        }
        (Value::Array(new), Value::Array(old)) => {
            for (new, old) in new.iter_mut().zip(old) {
                keep_order(new, old);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_stay_in_their_order() {
        let old = json!({"type": "object", "properties": {"b": {"title": "B", "type": "string"}, "a": {}}});
        let mut new = json!({"properties": {"a": {}, "b": {"type": "string", "title": "C"}, "c": {}}, "type": "object"});
        keep_order(&mut new, &old);
        let text =
            r#"{"type":"object","properties":{"b":{"title":"C","type":"string"},"a":{},"c":{}}}"#;
        assert_eq!(new.to_string(), text);
    }

    #[test]
    fn a_folder_is_asked_for_by_its_macro_alone() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("lib.rs", "struct Config;");
        assert!(!asked(folder.path()).unwrap());
        write("config/mod.rs", "tributary_sdk::config_schema!(Config);");
        assert!(asked(folder.path()).unwrap());
    }
}
