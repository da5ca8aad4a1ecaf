//! Schemas as people write them, as nobody should, and samples.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Found, Looks, Node, NodeKind, Schema};
use crate::decimal::Decimal;
use crate::document::LocaleName;

fn node<'a>(schema: &'a Schema, pointer: &str) -> &'a Node {
    match schema.at_pointer(pointer) {
        Found::Node(node) => node,
        other => panic!("{pointer}: {other:?}"),
    }
}

fn invoice() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Invoice",
        "type": "object",
        "required": ["code", "lines"],
        "additionalProperties": false,
        "properties": {
            "code": { "type": "string", "minLength": 1, "maxLength": 50, "description": "number of the invoice" },
            "date": { "type": "string", "format": "date" },
            "sent_at": { "type": ["string", "null"], "format": "date-time" },
            "kind": { "enum": ["sale", "return", null] },
            "ship_to": { "$ref": "#/$defs/address" },
            "bill_to": { "anyOf": [{ "$ref": "#/$defs/address" }, { "type": "null" }] },
            "lines": { "type": "array", "minItems": 1, "items": {
                "allOf": [
                    { "$ref": "#/$defs/amounts" },
                    { "type": "object", "required": ["sku"], "properties": {
                        "sku": { "type": "string", "pattern": "^[A-Z]", "examples": ["A-1", "B-2"] },
                        "amount": { "maximum": 100, "exclusiveMinimum": 0 } } }
                ] } },
            "tags": { "type": "array", "items": { "type": "string" } }
        },
        "$defs": {
            "address": { "type": "object", "required": ["city"], "properties": {
                "city": { "type": "string" },
                "country": { "const": "DE" },
                "near": { "$ref": "#/$defs/address" } } },
            "amounts": { "type": "object", "properties": {
                "amount": { "type": "number", "multipleOf": 0.01, "minimum": -5 },
                "quantity": { "type": "integer" } } }
        }
    })
}

#[test]
fn a_schema_becomes_a_tree() {
    let schema = Schema::from_json_schema(&invoice());
    assert_eq!(schema.root.title.as_deref(), Some("Invoice"));
    assert!(!schema.root.open);
    let code = node(&schema, "/code");
    assert_eq!(
        (code.kind(), code.required, code.nullable),
        (NodeKind::String, true, false)
    );
    assert_eq!((code.min_length, code.max_length), (Some(1), Some(50)));
    assert_eq!(node(&schema, "/date").kind(), NodeKind::Date);
    let sent = node(&schema, "/sent_at");
    assert_eq!((sent.kind(), sent.nullable), (NodeKind::DateTime, true));
    let kind = node(&schema, "/kind");
    assert_eq!((kind.kind(), kind.nullable), (NodeKind::String, true));
    assert_eq!(kind.values, [json!("sale"), json!("return")]);
    let country = node(&schema, "/ship_to/country");
    assert_eq!(country.constant, Some(json!("DE")));
    assert_eq!(
        (country.kind(), country.nullable),
        (NodeKind::String, false)
    );
    let bill = node(&schema, "/bill_to");
    assert_eq!((bill.kind(), bill.nullable), (NodeKind::Object, true));
    assert!(!node(&schema, "/ship_to").nullable);
    let near = node(&schema, "/ship_to/near");
    assert_eq!(near.kind(), NodeKind::Object);
    assert!(near.cut.as_ref().unwrap().contains("itself"));
}

#[test]
fn parts_of_all_of_hold_together() {
    let schema = Schema::from_json_schema(&invoice());
    let amount = node(&schema, "/lines/*/amount");
    assert_eq!(
        (amount.kind(), amount.decimals),
        (NodeKind::Decimal, Some(2))
    );
    let (low, high) = (amount.minimum.unwrap(), amount.maximum.unwrap());
    assert_eq!((low.value, low.exclusive), (Decimal::ZERO, true));
    assert_eq!(high.value, Decimal::parse("100").unwrap());
    assert!(node(&schema, "/lines/0/sku").required);
    assert_eq!(node(&schema, "/lines/*/quantity").kind(), NodeKind::Int);
    assert_eq!(node(&schema, "/lines").min_items, Some(1));
}

#[test]
fn places_are_found_by_pointer_and_path() {
    let schema = Schema::from_json_schema(&invoice());
    for path in ["$.lines[*].sku", "$.lines[0].sku", "$['lines'][*]['sku']"] {
        assert!(
            matches!(schema.at_path(path), Some(Found::Node(node)) if node.name == "sku"),
            "{path}"
        );
    }
    assert!(
        matches!(schema.at_path("$.nothing"), Some(Found::Absent(node)) if node.name.is_empty())
    );
    assert!(matches!(schema.at_path("$.ship_to.zip"), Some(Found::Open)));
    assert!(matches!(
        schema.at_path("$.ship_to.near.city"),
        Some(Found::Open)
    ));
    assert_eq!(schema.at_path("$..sku"), None);
    assert_eq!(schema.at_path("nonsense"), None);
    let leaves: Vec<(String, bool)> = schema
        .leaves()
        .into_iter()
        .map(|leaf| (leaf.pointer, leaf.required))
        .collect();
    let expected = [
        ("/code", true),
        ("/date", false),
        ("/sent_at", false),
        ("/kind", false),
        ("/ship_to/city", false),
        ("/ship_to/country", false),
        ("/ship_to/near", false),
        ("/bill_to/city", false),
        ("/bill_to/country", false),
        ("/bill_to/near", false),
        ("/lines/*/amount", false),
        ("/lines/*/quantity", false),
        ("/lines/*/sku", true),
        ("/tags", false),
    ];
    assert_eq!(leaves, expected.map(|(p, r)| (p.to_owned(), r)));
}

#[test]
fn alternatives_are_kept_as_a_note_or_a_list() {
    let schema = Schema::from_json_schema(&json!({ "properties": {
        "one": { "oneOf": [{ "const": "A", "title": "first" }, { "const": "B" }] },
        "two": { "anyOf": [{ "type": "string" }, { "type": "integer" }] },
        "three": { "oneOf": [{ "type": "object", "title": "Card", "properties": { "pan": {} } }, { "type": "string" }] },
        "four": { "type": "object", "properties": { "a": { "type": "string" } }, "oneOf": [{ "required": ["a"] }, { "required": ["b"] }] },
        "five": { "type": "string", "oneOf": [{ "format": "date" }, { "type": "null" }] },
    } }));
    assert_eq!(schema.root.kind(), NodeKind::Object);
    assert_eq!(node(&schema, "/one").values, [json!("A"), json!("B")]);
    assert_eq!(node(&schema, "/one").kind(), NodeKind::String);
    assert_eq!(
        node(&schema, "/two").kinds,
        [NodeKind::String, NodeKind::Int]
    );
    assert_eq!(node(&schema, "/two").kind(), NodeKind::Any);
    let three = node(&schema, "/three");
    assert_eq!(three.kind(), NodeKind::Any);
    assert_eq!(three.notes, ["one of: Card object (pan); string"]);
    assert_eq!(node(&schema, "/four").kind(), NodeKind::Object);
    assert_eq!(node(&schema, "/four/a").kind(), NodeKind::String);
    assert!(
        !node(&schema, "/five")
            .notes
            .iter()
            .any(|note| note.contains("one of"))
    );
}

#[test]
fn draft_07_and_openapi_3_0_are_read() {
    let schema = Schema::from_json_schema(&json!({
        "definitions": { "a b": { "type": "number", "minimum": 1, "exclusiveMinimum": true, "nullable": true }, "named": { "$anchor": "here", "type": "boolean" } },
        "properties": {
            "x": { "$ref": "#/definitions/a%20b" },
            "y": { "nullable": true, "allOf": [{ "$ref": "#here" }] },
            "z": { "items": [{ "type": "string" }], "type": "array" },
            "w": { "$ref": "https://elsewhere.example/schema" } } }));
    let x = node(&schema, "/x");
    assert!(x.nullable && x.minimum.unwrap().exclusive);
    let y = node(&schema, "/y");
    assert_eq!((y.kind(), y.nullable), (NodeKind::Bool, true));
    assert!(!node(&schema, "/z").notes.is_empty());
    assert!(matches!(schema.at_pointer("/w/anything"), Found::Open));
}

#[test]
fn schemas_that_would_unfold_without_end_are_cut() {
    let mut definitions = serde_json::Map::new();
    for level in 0..60 {
        let next = format!("#/$defs/l{}", level + 1);
        definitions.insert(
            format!("l{level}"),
            json!({ "properties": { "a": { "$ref": next }, "b": { "$ref": next } } }),
        );
    }
    definitions.insert("l60".to_owned(), json!({ "type": "string" }));
    let wide = Schema::from_json_schema(&json!({ "$defs": definitions, "$ref": "#/$defs/l0" }));
    assert!(wide.leaves().len() <= super::MAX_NODES);
    let own = json!({ "$defs": { "a": { "allOf": [{ "$ref": "#/$defs/a" }, { "$ref": "#" }] } }, "$ref": "#/$defs/a" });
    assert!(Schema::from_json_schema(&own).root.cut.is_some());
    let mut deep = json!({});
    for _ in 0..100 {
        deep = json!({ "items": deep });
    }
    assert!(Schema::from_json_schema(&deep).root.items.is_some());
}

#[test]
fn samples_show_kinds_gaps_and_looks() {
    let schema = Schema::infer(&[
        json!({ "no": "0010", "price": "1.234,50", "date": "31.12.2026", "paid": "ja", "qty": 2, "lines": [{ "sku": "A" }, { "sku": null }] }),
        json!({ "no": "0020", "price": "0,99", "date": "01.02.2026", "paid": "nein", "qty": 2.5, "lines": [] }),
        json!({ "no": "0030", "price": " 5 ", "date": "", "paid": "ja", "at": "2026-10-05T01:30:00Z" }),
    ]);
    let looks = |pointer: &str| node(&schema, pointer).observed.clone().unwrap().looks;
    assert_eq!(looks("/no"), [Looks::Digits]);
    assert_eq!(
        looks("/price"),
        [Looks::Decimal {
            locales: vec![LocaleName::GermanGermany]
        }]
    );
    assert_eq!(
        looks("/date"),
        [Looks::Date {
            formats: vec!["dd.MM.yyyy".to_owned(), "d.M.yyyy".to_owned()]
        }]
    );
    assert_eq!(
        looks("/paid"),
        [Looks::Bool {
            truthy: "ja",
            falsy: "nein"
        }]
    );
    assert_eq!(looks("/at"), [Looks::Instant]);
    let quantity = node(&schema, "/qty");
    assert_eq!(
        (quantity.kind(), quantity.nullable),
        (NodeKind::Decimal, true)
    );
    let date = node(&schema, "/date").observed.clone().unwrap();
    assert_eq!((date.places, date.empty, date.distinct), (3, 1, 2));
    assert_eq!(node(&schema, "/price").observed.clone().unwrap().padded, 1);
    let price = node(&schema, "/price")
        .observed
        .clone()
        .unwrap()
        .numbers
        .unwrap();
    assert_eq!(price.1, Decimal::parse("1234.50").unwrap());
    let sku = node(&schema, "/lines/*/sku");
    assert!(sku.nullable && sku.required);
    assert_eq!(sku.examples, [json!("A")]);
}

#[test]
fn what_can_be_read_in_two_ways_says_so() {
    let schema =
        Schema::infer(&[json!({ "a": "1.234", "b": "20261105", "c": "03/04/2026", "d": "1" })]);
    let looks = |pointer: &str| node(&schema, pointer).observed.clone().unwrap().looks;
    assert!(matches!(&looks("/a")[..], [Looks::Decimal { locales }] if locales.len() > 2));
    let ambiguous = |pointer: &str| node(&schema, pointer).observed.clone().unwrap().ambiguous;
    assert_eq!(ambiguous("/a").as_deref(), Some("1.234"));
    assert_eq!(ambiguous("/d"), None);
    assert!(matches!(&looks("/b")[..], [Looks::Date { .. }, Looks::Int]));
    assert!(matches!(&looks("/c")[..], [Looks::Date { formats }] if formats.len() > 1));
    assert_eq!(looks("/d"), [Looks::Int]);
}

#[test]
fn columns_are_texts_and_samples_can_be_added() {
    let columns = ["nr".to_owned(), "betrag".to_owned(), "nr".to_owned()];
    let mut schema = Schema::from_columns(&columns);
    assert_eq!(schema.root.children.len(), 2);
    assert_eq!(node(&schema, "/betrag").kind(), NodeKind::String);
    schema.observe(&[json!({ "betrag": "1,5" })]);
    assert_eq!(node(&schema, "/betrag").examples, [json!("1,5")]);
    assert!(node(&schema, "/betrag").observed.is_some());
}

/// JSON with many words that mean something in a schema.
fn strange() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "type",
        "properties",
        "items",
        "$ref",
        "allOf",
        "anyOf",
        "oneOf",
        "enum",
        "const",
        "required",
        "$defs",
        "a",
        "minimum",
        "multipleOf",
        "additionalProperties",
        "prefixItems",
        "nullable",
        "format",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec![
            "string",
            "null",
            "object",
            "array",
            "#",
            "#/$defs/a",
            "#/properties/a",
            "#/%zz",
            "a",
            "date",
            ""
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..6).prop_map(|members| members
                .into_iter()
                .map(|(n, v)| (n.to_owned(), v))
                .collect::<serde_json::Map<_, _>>()
                .into()),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(schema in strange(), samples in prop::collection::vec(strange(), 0..4)) {
        let mut tree = Schema::from_json_schema(&schema);
        for leaf in tree.leaves() {
            prop_assert!(!matches!(tree.at_pointer(&leaf.pointer), Found::Absent(_)), "{}", leaf.pointer);
        }
        tree.observe(&samples);
        let seen = Schema::infer(&samples);
        for leaf in seen.leaves() {
            prop_assert!(!matches!(seen.at_pointer(&leaf.pointer), Found::Absent(_)), "{}", leaf.pointer);
        }
    }
}
