//! The text of a description (a JSON Schema, an OpenAPI description): JSON, or YAML, which OpenAPI is mostly
//! written in.
//!
//! Invariants: what a text comes to is bounded by its size, so that a YAML text whose aliases stand for aliases is
//! an error and not a full memory; a key that stands twice is an error. Deliberately absent: tags, several
//! documents in one text, numbers beyond those of JSON.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Longest YAML text, bytes.
const MAX_YAML: usize = 32 << 20;

/// What the values of a YAML text may take: as much as its text, and this much more. A value counts as 16 bytes, a text
/// with its bytes.
const MAX_MORE: usize = 16 << 20;

/// Values inside each other.
const MAX_DEPTH: usize = 128;

/// Why a text is no description.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DescriptionError {
    #[error("it is not JSON: {0}")]
    Json(String),
    #[error("it is not YAML: {0}")]
    Yaml(String),
    #[error("it has {0} bytes; YAML is read up to {MAX_YAML}")]
    Large(usize),
}

/// The value of a text: of JSON if it begins as one, else of YAML.
///
/// # Errors
/// What is wrong, with line and column.
pub fn description(text: &str) -> Result<Value, DescriptionError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let read = serde_json::from_str(text);
    // a flow mapping of YAML begins like an object, but nobody writes a description so
    if read.is_ok() || text.trim_start().starts_with(['{', '[']) {
        return read.map_err(|error| DescriptionError::Json(error.to_string()));
    }
    yaml(text)
}

fn yaml(text: &str) -> Result<Value, DescriptionError> {
    if text.len() > MAX_YAML {
        return Err(DescriptionError::Large(text.len()));
    }
    let left = Cell::new(text.len() + MAX_MORE);
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_documents: 1,
            max_events: usize::MAX,
            max_nodes: usize::MAX,
            // what they come to is counted here
            enforce_alias_anchor_ratio: false,
        },
        // names such as `no` and `on` are texts
        strict_booleans: true,
        with_snippet: false,
    };
    let seed = Bounded {
        left: &left,
        depth: 0,
    };
    let read = serde_saphyr::with_deserializer_from_str_with_options(text, options, |yaml| {
        seed.deserialize(yaml)
    });
    match read {
        Ok(value) if value.is_object() => Ok(value),
        // a text of any kind is YAML: one long scalar
        Ok(_) => Err(DescriptionError::Yaml("it has no keys".to_owned())),
        Err(error) => Err(DescriptionError::Yaml(error.to_string())),
    }
}

/// Reads a value and counts what it takes.
#[derive(Clone, Copy)]
struct Bounded<'c> {
    left: &'c Cell<usize>,
    depth: usize,
}

impl Bounded<'_> {
    fn take<E: serde::de::Error>(self, bytes: usize) -> Result<(), E> {
        let left = self.left.get().checked_sub(bytes + 16);
        let left = left.ok_or_else(|| {
            E::custom(
                "its aliases stand for much more than the text holds; write what they stand for, or use $ref",
            )
        })?;
        self.left.set(left);
        Ok(())
    }

    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            let message = format!("more than {MAX_DEPTH} values inside each other");
            return Err(E::custom(message));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        self.take(0).map(|()| Value::Null)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Value, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E: serde::de::Error>(self, truth: bool) -> Result<Value, E> {
        self.take(0).map(|()| Value::Bool(truth))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Value, E> {
        self.take(0).map(|()| Value::from(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value, E> {
        self.take(0).map(|()| Value::from(number))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Value, E> {
        self.take(0)?;
        let number = Number::from_f64(number);
        number
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number that JSON does not have"))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        self.take(text.len()).map(|()| Value::from(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        self.take(0)?;
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(inner)? {
            list.push(element);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        self.take(0)?;
        let inner = self.deeper()?;
        let mut object = Map::new();
        // a key is a text here, also one that is written as a number: `200:`
        while let Some(name) = members.next_key::<String>()? {
            self.take(name.len())?;
            let value = members.next_value_seed(inner)?;
            if object.contains_key(&name) {
                return Err(A::Error::custom(format!("the key {name:?} stands twice")));
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn yaml_says_the_same_as_json() {
        let text = "\u{feff}# an API\nopenapi: 3.0.3\nx-on: no\npaths:\n  /orders:\n    post:\n      responses:\n        200: {description: 'ok'}\n      \
                    list: [1, -2.5, 0x10, true, ~, \"3\", 2026-01-31]\n      text: |\n        two\n        lines\n";
        let read = description(text).unwrap();
        let expected = json!({"openapi": "3.0.3", "x-on": "no", "paths": {"/orders": {"post": {
            "responses": {"200": {"description": "ok"}},
            "list": [1, -2.5, 16, true, null, "3", "2026-01-31"],
            "text": "two\nlines\n"}}}});
        assert_eq!(read, expected);
        assert_eq!(description(&expected.to_string()).unwrap(), expected);
    }

    #[test]
    fn aliases_stand_for_what_they_name() {
        let text = "money: &money {type: number, minimum: 0}\nnet: *money\ngross:\n  <<: *money\n  title: gross\n";
        let read = description(text).unwrap();
        assert_eq!(read["net"], json!({"type": "number", "minimum": 0}));
        assert_eq!(read["gross"]["title"], "gross");
    }

    /// Ten aliases of ten aliases of …: gigabytes out of a page of text.
    #[test]
    fn a_bomb_is_an_error() {
        let mut text = format!("a0: &a0 {:?}\n", "x".repeat(100));
        for level in 1..12 {
            let before = format!("*a{}, ", level - 1).repeat(10);
            text.push_str(&format!("a{level}: &a{level} [{before}]\n"));
        }
        let long = format!(
            "a: &a {:?}\nb: [{}]\n",
            "x".repeat(1 << 20),
            "*a, ".repeat(40_000)
        );
        let deep = "[".repeat(200_000);
        let deep_block = (0..2_000).map(|depth| format!("{}a:\n", " ".repeat(depth)));
        let deep_block: String = deep_block.collect();
        let itself = "a: &a [*a]\n".to_owned();
        for bomb in [text, long, format!("a: {deep}"), deep_block, itself] {
            let error = description(&bomb).unwrap_err();
            assert!(matches!(error, DescriptionError::Yaml(_)), "{error}");
            assert!(error.to_string().len() < 2_000, "{error}");
        }
        let large = "a: b\n".repeat(MAX_YAML / 5 + 1);
        assert_eq!(
            description(&large),
            Err(DescriptionError::Large(large.len()))
        );
    }

    #[test]
    fn what_is_neither_is_told() {
        let json = description("{\"a\": 1,}").unwrap_err().to_string();
        assert!(
            json.contains("not JSON") && json.contains("line 1"),
            "{json}"
        );
        let yaml = description("a: 1\n b: 2\n").unwrap_err().to_string();
        assert!(yaml.contains("not YAML"), "{yaml}");
        for text in [
            "a: 1\na: 2\n",
            "a: 1\n---\nb: 2\n",
            "a: .nan\n",
            "order;line\n1;2\n",
            "",
        ] {
            assert!(description(text).is_err(), "{text:?}");
        }
    }
}
