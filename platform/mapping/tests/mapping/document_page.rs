//! `platform/docs/mapping/document.md` is what the published schema says: every member with its form, default,
//! meaning and an example. The examples and defaults of the schema are checked, since editors show them too.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Map, Value, json};
use tributary_mapping::document::{SCHEMA, canonical};
use tributary_mapping::parse;

/// The parts of the schema that have members, with their headings, in the order in which an engineer reads them.
const SECTIONS: [(&str, &str); 17] = [
    ("source", "`source`"),
    ("target", "`target`"),
    ("param", "`params`"),
    ("lookup", "`lookups`"),
    ("external", "`external`"),
    ("row_step", "`rows`"),
    ("filter", "`filter`"),
    ("dedupe", "`dedupe`"),
    ("group", "`group`"),
    ("sort", "`sort`"),
    ("field", "`fields`"),
    ("case", "`switch`"),
    ("step", "`do`"),
    ("quality_rule", "`quality`"),
    ("limits", "`limits`"),
    ("test", "`tests`"),
    ("expected_issue", "`expect_issues`"),
];

/// Those that are forms of a value.
const WORDS: [&str; 11] = [
    "slug",
    "name",
    "id",
    "path",
    "paths",
    "pointer",
    "formula",
    "locale",
    "schema_name",
    "value_type",
    "steps",
];

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

fn text<'a>(schema: &'a Value, member: &str) -> &'a str {
    schema[member].as_str().unwrap_or_default()
}

/// The schema names pages by where they lie, the page links to them.
fn linked(description: &str) -> String {
    let mut linked = description.to_owned();
    for page in ["external-functions.md", "formulas.md", "functions.md"] {
        let place = format!("platform/docs/mapping/{page}");
        linked = linked.replace(&place, &format!("[{page}]({page})"));
    }
    linked
}

fn code(value: &Value) -> String {
    format!("`{value}`")
}

/// Where a part of the schema is described.
fn link(definition: &str) -> String {
    let heading = SECTIONS.iter().find(|(name, _)| *name == definition);
    match heading {
        Some((name, heading)) => {
            let anchor = heading.trim_matches('`');
            format!("[{}](#{anchor})", name.replace('_', " "))
        }
        None => format!("[{}](#forms)", definition.replace('_', " ")),
    }
}

/// The form of a value in words.
fn form(schema: &Value) -> String {
    let all = |values: &[Value]| values.iter().map(code).collect::<Vec<_>>().join(", ");
    if let Some(reference) = schema["$ref"].as_str() {
        return link(reference.trim_start_matches("#/$defs/"));
    }
    if let Some(constant) = schema.get("const") {
        return code(constant);
    }
    if let Some(values) = schema["enum"].as_array() {
        return all(values);
    }
    if let Some(forms) = schema["oneOf"]
        .as_array()
        .filter(|_| schema["type"].is_null())
    {
        return forms.iter().map(form).collect::<Vec<_>>().join(" or ");
    }
    match &schema["type"] {
        Value::Array(kinds) => {
            let words = kinds.iter().map(|kind| word(kind.as_str().unwrap()));
            words.collect::<Vec<_>>().join(", ")
        }
        Value::String(kind) => formed(kind, schema),
        _ => "anything".to_owned(),
    }
}

fn word(kind: &str) -> &'static str {
    match kind {
        "string" => "text",
        "boolean" => "`true` or `false`",
        "null" => "`null`",
        "integer" => "whole number",
        "number" => "number",
        "array" => "list",
        _ => "object",
    }
}

fn formed(kind: &str, schema: &Value) -> String {
    match kind {
        "array" => {
            let some = if schema["minItems"].is_null() {
                ""
            } else {
                " (not empty)"
            };
            match schema["items"].is_object() {
                true => format!("list{some} of {}", form(&schema["items"])),
                false => format!("list{some}"),
            }
        }
        "object" if schema["additionalProperties"].is_object() => {
            format!(
                "object of {} by name",
                form(&schema["additionalProperties"])
            )
        }
        "string" if schema["maxLength"] == 1 => "one character".to_owned(),
        "integer" => match (&schema["minimum"], &schema["maximum"]) {
            (Value::Null, _) => word(kind).to_owned(),
            (low, Value::Null) => format!("whole number from {low}"),
            (low, high) => format!("whole number, {low} to {high}"),
        },
        _ => word(kind).to_owned(),
    }
}

/// Members that are described with another part are `true` in the schema.
fn members(part: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let members = part["properties"].as_object().unwrap();
    members.iter().filter(|(_, member)| member.is_object())
}

fn table(part: &Value, out: &mut String) {
    let required = part["required"].as_array();
    out.push_str("\n| member | form | default | meaning | example |\n|---|---|---|---|---|\n");
    for (name, member) in members(part) {
        let needed = required.is_some_and(|names| names.iter().any(|one| one == name));
        let default = match member.get("default") {
            _ if needed => "required".to_owned(),
            Some(default) => code(default),
            None => String::new(),
        };
        let cells = [
            format!("`{name}`"),
            form(member),
            default,
            linked(text(member, "description")),
            code(&member["examples"][0]),
        ];
        let cells = cells.map(|cell| cell.replace('|', "\\|"));
        writeln!(out, "| {} |", cells.join(" | ")).unwrap();
    }
}

fn page() -> String {
    let schema = schema();
    let mut out = String::from(
        "# The members of a mapping document\n\n\
         This page is written from the published schema, `platform/mapping/schema/mapping-1.json` (JSON Schema 2020-12), which editors use \
         too.\nHow the parts play together, with a whole example: [guide.md](guide.md). Functions: [functions.md](functions.md). Formulas: \
         [formulas.md](formulas.md).\nDiagnostics: [diagnostics.md](diagnostics.md). A document with `extends` is another one with changes: \
         [templates.md](templates.md).\n\n\
         Unknown members are errors everywhere. A member without a default may be left out and then says nothing.\n\n\
         ## Top level\n",
    );
    table(&schema, &mut out);
    for (name, heading) in SECTIONS {
        let part = &schema["$defs"][name];
        let description = linked(text(part, "description"));
        writeln!(out, "\n## {heading}\n\n{description}").unwrap();
        if let Some(example) = part["examples"].get(0) {
            writeln!(out, "For example {}.", code(example)).unwrap();
        }
        table(part, &mut out);
    }
    out.push_str("\n## Forms\n\n| form | written as | meaning | example |\n|---|---|---|---|\n");
    for name in WORDS {
        let part = &schema["$defs"][name];
        let cells = [
            name.replace('_', " "),
            form(part),
            linked(text(part, "description")),
            code(&part["examples"][0]),
        ];
        let cells = cells.map(|cell| cell.replace('|', "\\|"));
        writeln!(out, "| {} |", cells.join(" | ")).unwrap();
    }
    out
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/mapping/document.md")
}

#[test]
fn the_page_is_current() {
    let written = std::fs::read_to_string(path()).unwrap_or_default();
    assert!(
        written == page(),
        "write the page anew: cargo test -p tributary-mapping --test mapping -- --ignored write_the_document_page"
    );
}

#[test]
#[ignore = "writes the page"]
fn write_the_document_page() {
    std::fs::write(path(), page()).unwrap();
}

/// Every part of the schema is on the page, and every member says what it is.
#[test]
fn the_schema_describes_every_member() {
    let schema = schema();
    let definitions = schema["$defs"].as_object().unwrap();
    let told: Vec<&str> = SECTIONS
        .iter()
        .map(|(name, _)| *name)
        .chain(WORDS)
        .collect();
    for (name, part) in definitions {
        assert!(told.contains(&name.as_str()), "{name} is not on the page");
        for word in ["title", "description"] {
            assert!(!text(part, word).is_empty(), "{name} has no {word}");
        }
    }
    assert_eq!(told.len(), definitions.len());
    let parts = SECTIONS
        .iter()
        .map(|(name, _)| (*name, &definitions[*name]));
    for (name, part) in parts.chain([("the document", &schema)]) {
        for (member, described) in members(part) {
            let description = text(described, "description");
            assert!(
                description.ends_with('.'),
                "{name}: {member}: {description:?}"
            );
            assert!(described["examples"].is_array(), "{name}: {member}");
        }
    }
}

/// What the schema gives as an example or default is allowed where it stands.
#[test]
fn examples_and_defaults_are_allowed() {
    let schema = schema();
    let mut checked = 0;
    let definitions = schema["$defs"].as_object().unwrap().values();
    for part in definitions.chain([&schema]) {
        let properties = part["properties"].as_object().into_iter().flatten();
        let members = properties
            .map(|(_, member)| member)
            .filter(|one| one.is_object());
        for one in members.chain([part]) {
            let mut alone = one.as_object().unwrap().clone();
            alone.insert("$defs".to_owned(), schema["$defs"].clone());
            let validator = jsonschema::validator_for(&Value::Object(alone)).unwrap();
            let examples = one["examples"].as_array().into_iter().flatten();
            for value in examples.chain(one.get("default")) {
                assert!(validator.is_valid(value), "{value} in {one}");
                checked += 1;
            }
        }
    }
    assert!(checked > 150, "{checked}");
}

/// A document with every default written out is the one without.
#[test]
fn defaults_are_those_of_the_code() {
    let schema = schema();
    let plain = json!({"version": 1, "name": "x", "source": {"format": "csv"},
        "params": {"p": {"type": "string"}},
        "lookups": {"l": {"inline": {}}},
        "rows": [
            {"id": "f", "op": "filter", "keep": "true"},
            {"id": "d", "op": "dedupe", "by": ["$.a"]},
            {"id": "g", "op": "group", "as": "o", "by": ["$.a"], "members": "lines", "sort": [{"by": "$.a"}]}],
        "fields": [
            {"id": "a", "to": "a", "type": "string", "from": "$.a"},
            {"id": "b", "to": "b", "type": "string", "switch": [{"else": true, "from": "$.a"}]}],
        "quality": [{"id": "q", "check": "true", "severity": "warn"}],
        "tests": [{"name": "t", "rows": []}]});
    let mut written = plain.clone();
    fill(&schema, &mut written, &[]);
    for (part, places) in [
        ("source", vec!["/source"]),
        ("param", vec!["/params/p"]),
        ("lookup", vec!["/lookups/l"]),
        ("filter", vec!["/rows/0"]),
        ("dedupe", vec!["/rows/1"]),
        ("group", vec!["/rows/2"]),
        ("sort", vec!["/rows/2/sort/0"]),
        ("field", vec!["/fields/0", "/fields/1"]),
        ("case", vec!["/fields/1/switch/0"]),
        ("quality_rule", vec!["/quality/0"]),
        ("limits", vec!["/limits"]),
        ("test", vec!["/tests/0"]),
    ] {
        for place in places {
            // these belong to `combine`, `each` and CSV, and are not left out when they are written
            let kept = ["separator", "min_items", "delimiter"];
            fill(
                &schema["$defs"][part],
                written.pointer_mut(place).unwrap(),
                &kept,
            );
        }
    }
    let read = |document: &Value| canonical(&parse(document.to_string().as_bytes()).unwrap());
    assert_eq!(read(&written), read(&plain));
}

fn fill(part: &Value, document: &mut Value, except: &[&str]) {
    let document: &mut Map<String, Value> = document.as_object_mut().unwrap();
    for (name, member) in members(part) {
        if let Some(default) = member
            .get("default")
            .filter(|_| !except.contains(&name.as_str()))
        {
            document
                .entry(name.clone())
                .or_insert_with(|| default.clone());
        }
    }
}
