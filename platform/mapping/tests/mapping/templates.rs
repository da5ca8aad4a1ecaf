//! Random changes of random documents: they are applied or refused with places in the derived document,
//! and never anything else. What they mean is in `tests/cases/templates.json`.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value, json};
use tributary_mapping::document::template::{Derived, hidden_changes, read, resolve};
use tributary_mapping::document::{Document, canonical};
use tributary_mapping::parse;

use crate::documents::documents;

/// Ids of nodes, at any depth.
fn ids(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(id)) = members.get("id") {
                found.push(id.clone());
            }
            for inner in ["fields", "object", "rows", "quality"] {
                members
                    .get(inner)
                    .into_iter()
                    .for_each(|list| ids(list, found));
            }
        }
        Value::Array(list) => list.iter().for_each(|entry| ids(entry, found)),
        _ => {}
    }
}

/// One change: of which node, what, and a number that makes new ids.
fn change((node, kind, number): (Index, u8, u8), known: &[String]) -> Value {
    let node = match known.is_empty() || kind > 100 {
        true => "nothing".to_owned(),
        false => node.get(known).clone(),
    };
    let field = json!({ "id": format!("new{number}"), "to": "n", "type": "int", "const": number });
    match kind % 7 {
        0 => json!({ "op": "set", "node": node, "with": { "note": "x" } }),
        1 => json!({ "op": "set", "node": node, "with": { "formula": "1" }, "without": ["do"] }),
        2 => json!({ "op": "replace", "node": node, "with": field.as_object().map(|field| {
            let mut field: Map<String, Value> = field.clone();
            field.remove("id");
            field
        }) }),
        3 | 4 => json!({ "op": "remove", "node": node }),
        5 => json!({ "op": "insert_after", "node": node, "nodes": [field] }),
        _ => json!({ "op": "insert_into", "node": node, "nodes": [field] }),
    }
}

fn derived(template: &Document, changes: Vec<(Index, u8, u8)>) -> Derived {
    let mut known = Vec::new();
    ids(&serde_json::to_value(template).unwrap(), &mut known);
    let changes: Vec<Value> = changes.into_iter().map(|one| change(one, &known)).collect();
    let text =
        json!({ "version": 1, "name": "derived", "extends": "template@1", "overrides": changes });
    match read(text.to_string().as_bytes()) {
        Ok(tributary_mapping::document::template::Written::Derived(derived)) => *derived,
        other => panic!("{text}: {other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn changes_are_applied_or_refused(
        template in documents(),
        changes in prop::collection::vec((any::<Index>(), 0_u8..110, 0_u8..4), 0..6),
    ) {
        let derived = derived(&template, changes);
        match resolve(&derived, &template) {
            Ok(resolved) => {
                let text = canonical(&resolved.document);
                prop_assert_eq!(parse(text.as_bytes()), Ok(resolved.document.clone()));
                let mut found = Vec::new();
                ids(&serde_json::to_value(&resolved.document).unwrap(), &mut found);
                let there: BTreeSet<String> = found.into_iter().collect();
                prop_assert!(
                    resolved.origins.iter().filter(|(id, _)| there.contains(*id)).count()
                        <= derived.overrides.len()
                );
                // a template that has not changed has nothing that could be hidden
                prop_assert_eq!(hidden_changes(&derived, &template, &template), []);
            }
            Err(found) => {
                prop_assert!(!found.is_empty());
                for diagnostic in found {
                    let own = diagnostic.pointer.starts_with("/overrides/");
                    let named = diagnostic.message.contains("by the override /overrides/");
                    // a list of which nothing is left belongs to no node any more
                    let empty = diagnostic.code == "M1002"
                        && ["/fields", "/object"].iter().any(|end| diagnostic.pointer.ends_with(end));
                    prop_assert!(own || named || empty, "{}", diagnostic);
                }
            }
        }
    }
}
