//! What is committed beside the code and must be reviewed when it changes: the OpenAPI document
//! and the table of roles and actions. `UPDATE_GOLDEN=1` writes them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tributary_api::registry::{Policy, routes};
use tributary_model::error_code::{ErrorCode, Owner};
use tributary_model::role::{Action, Role};

#[test]
fn the_openapi_document_is_the_committed_one() {
    let mut text = tributary_api::openapi().to_pretty_json().unwrap();
    text.push('\n');
    compare("openapi.json", &text);
}

#[test]
fn the_table_of_roles_is_the_committed_one() {
    let mut table = String::from(
        "What each role may do. Written by a test of platform/api; `x` means yes.\n\n",
    );
    let _ = write!(table, "{:<20}", "action");
    for role in Role::ALL {
        let _ = write!(table, " {:<15}", role.as_str());
    }
    table.push_str(" routes\n");
    let routes = routes();
    for action in Action::ALL {
        let word = serde_json::to_value(action).unwrap();
        let _ = write!(table, "{:<20}", word.as_str().unwrap());
        for role in Role::ALL {
            let mark = if role.may(action) { "x" } else { "-" };
            let _ = write!(table, " {mark:<15}");
        }
        let needs = routes.iter().filter(|route| match route.policy {
            Policy::Needs(needed) | Policy::Makes(needed) => needed == action,
            Policy::Public { .. } => false,
        });
        let names: Vec<&str> = needs.map(|route| route.operation_id.as_str()).collect();
        assert!(!names.is_empty(), "no route needs {action:?}");
        let _ = writeln!(table, " {}", names.join(" "));
    }
    table.push_str("\nwithout a token:\n");
    for route in &routes {
        if let Policy::Public { why } = route.policy {
            let _ = writeln!(table, "  {} ({why})", route.operation_id);
        }
    }
    compare("roles.txt", &table);
}

#[test]
fn every_reference_of_the_openapi_document_leads_somewhere_and_ids_are_unique() {
    let document = serde_json::to_value(tributary_api::openapi()).unwrap();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    assert!(references.len() > 10);
    for reference in references {
        let name = reference.strip_prefix("#/components/schemas/").unwrap();
        assert!(schemas.contains_key(name), "{name} is not described");
    }
    let routes = routes();
    let ids: BTreeSet<&str> = routes
        .iter()
        .map(|route| route.operation_id.as_str())
        .collect();
    assert_eq!(ids.len(), routes.len());
    assert!(!ids.contains(""));
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                references.insert(reference.clone());
            }
            members
                .values()
                .for_each(|member| collect(member, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}

#[test]
fn every_error_page_says_who_acts_what_it_means_and_what_to_do() {
    for code in ErrorCode::ALL {
        let info = code.info();
        let page = std::fs::read_to_string(docs().join(format!("errors/{code}.md"))).unwrap();
        assert!(page.starts_with(&format!("# {code}\n")), "{code}");
        for part in [
            "\n## What it means\n",
            "\n## Example\n",
            "\n## What to do\n",
        ] {
            let (_, rest) = page
                .split_once(part)
                .unwrap_or_else(|| panic!("{code}: {part}"));
            let body = rest.split("\n## ").next().unwrap();
            assert!(body.trim().len() > 10, "{code}: {part} is empty");
        }
        let again = if info.transient {
            "by itself: yes"
        } else {
            "by itself: no"
        };
        assert!(page.contains(again), "{code}: {again}");
        let who = match info.owner {
            Owner::Customer => "the customer",
            Owner::Mapping | Owner::Connection => "the engineer",
            Owner::Connector => "the author of the connector",
            Owner::Target => "the owner of the target",
            Owner::Platform => "the operator",
        };
        assert!(
            page.contains(&format!("- Who acts: {who}")),
            "{code}: {who}"
        );
    }
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

#[expect(
    clippy::disallowed_methods,
    reason = "a switch for the person who runs the test"
)]
fn compare(name: &str, text: &str) {
    let path = docs().join(name);
    if std::env::var("UPDATE_GOLDEN").is_ok() {
        std::fs::write(&path, text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "platform/docs/{name} is not what the code says; run with UPDATE_GOLDEN=1 and review the difference"
    );
}
