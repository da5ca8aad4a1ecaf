//! Bounds on a manifest's `config_schema`. Checking a configuration against it is native code that
//! nothing interrupts, so a schema must not be able to make it long: written out, with every
//! reference in place, it has a limited size, and no reference leads back to itself.

use std::collections::HashMap;

use serde_json::Value;

/// Most values of a schema, references written out.
const MAX_NODES: u64 = 20_000;
/// Deepest nesting, references written out.
const MAX_DEPTH: usize = 64;

/// What is wrong with `schema`, if anything is.
pub(crate) fn check(schema: &Value) -> Result<(), String> {
    let mut walk = Walk {
        root: schema,
        sizes: HashMap::new(),
        open: Vec::new(),
    };
    let nodes = walk.size(schema, 0)?;
    if nodes > MAX_NODES {
        return Err(format!(
            "it has {nodes} parts with its references written out; at most {MAX_NODES} are allowed"
        ));
    }
    Ok(())
}

struct Walk<'a> {
    root: &'a Value,
    /// of what references point to
    sizes: HashMap<&'a str, u64>,
    /// references that are being followed
    open: Vec<&'a str>,
}

impl<'a> Walk<'a> {
    fn size(&mut self, value: &'a Value, depth: usize) -> Result<u64, String> {
        if depth + self.open.len() > MAX_DEPTH {
            return Err(format!("it is nested deeper than {MAX_DEPTH}"));
        }
        let mut nodes = 1_u64;
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let part = match (name.as_str(), member) {
                        ("$ref", Value::String(target)) => self.referred(target, depth)?,
                        ("$dynamicRef" | "$recursiveRef", Value::String(_)) => {
                            return Err(format!("it uses {name}"));
                        }
                        ("$id" | "$anchor" | "$dynamicAnchor", Value::String(_)) if depth > 0 => {
                            return Err(format!("it uses {name} inside"));
                        }
                        _ => self.size(member, depth + 1)?,
                    };
                    nodes = nodes.saturating_add(part);
                }
            }
            Value::Array(items) => {
                for item in items {
                    nodes = nodes.saturating_add(self.size(item, depth + 1)?);
                }
            }
            _ => {}
        }
        Ok(nodes)
    }

    fn referred(&mut self, target: &'a str, depth: usize) -> Result<u64, String> {
        if let Some(size) = self.sizes.get(target) {
            return Ok(*size);
        }
        if self.open.contains(&target) {
            return Err(format!("the reference {target:?} leads back to itself"));
        }
        let place = target
            .strip_prefix('#')
            .and_then(|pointer| self.root.pointer(pointer))
            .ok_or_else(|| format!("the reference {target:?} is not to a place in it (#/…)"))?;
        self.open.push(target);
        let size = self.size(place, depth + 1)?;
        self.open.pop();
        self.sizes.insert(target, size);
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ordinary_schemas_pass_and_bombs_do_not() {
        let shared = json!({
            "$id": "x", "type": "object",
            "properties": {"a": {"$ref": "#/$defs/text"}, "b": {"$ref": "#/$defs/text"}, "$ref": {"type": "string"}},
            "$defs": {"text": {"type": "string", "maxLength": 9}},
        });
        assert_eq!(check(&shared), Ok(()));
        let mut doubling = serde_json::Map::new();
        for level in 0..40 {
            let next = format!("#/$defs/d{}", level + 1);
            doubling.insert(
                format!("d{level}"),
                json!({"allOf": [{"$ref": next}, {"$ref": next}]}),
            );
        }
        doubling.insert("d40".to_owned(), json!({"type": "object"}));
        let mut deep = json!(true);
        for _ in 0..100 {
            deep = json!({"not": deep});
        }
        for (bomb, word) in [
            (json!({"$ref": "#"}), "back to itself"),
            (
                json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}),
                "back to itself",
            ),
            (json!({"$ref": "#/$defs/d0", "$defs": doubling}), ""),
            (json!({"$ref": "https://example.com/schema"}), "place in it"),
            (json!({"$ref": "#/nowhere"}), "place in it"),
            (json!({"$dynamicRef": "#a"}), "$dynamicRef"),
            (json!({"properties": {"a": {"$id": "other"}}}), "$id inside"),
            (deep, "deeper"),
            (json!({"enum": vec![0; 30_000]}), "parts"),
        ] {
            let said = check(&bomb).unwrap_err();
            assert!(said.contains(word), "{said}");
        }
    }
}
