//! A JSON text as the list of its values with their pointers, and the place of a pointer in a text.
//!
//! Invariants: values keep their digits (`1.10` is not `1.1`), members their order. Deliberately
//! absent: changing anything.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Members of an object, in their order, each as its text.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

/// Elements of an array, each as its text.
struct Elements<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Elements<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Elements<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = list.next_element()? {
                    elements.push(element);
                }
                Ok(Elements(elements))
            }
        }
        deserializer.deserialize_seq(Collect)
    }
}

/// The parts of an object or array with their pointer segments; `None` for other values and for what
/// is no JSON.
fn parts(text: &str) -> Option<Vec<(String, &str)>> {
    match text.trim_start().as_bytes().first()? {
        b'{' => {
            let members: Members<'_> = serde_json::from_str(text).ok()?;
            Some(
                members
                    .0
                    .into_iter()
                    .map(|(name, value)| (segment(&name), value.get()))
                    .collect(),
            )
        }
        b'[' => {
            let elements: Elements<'_> = serde_json::from_str(text).ok()?;
            Some(
                elements
                    .0
                    .into_iter()
                    .enumerate()
                    .map(|(place, value)| (place.to_string(), value.get()))
                    .collect(),
            )
        }
        _ => None,
    }
}

/// A member's name as one segment of a JSON Pointer (RFC 6901).
pub(crate) fn segment(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Every value of `json` that is no object or array with something in it: its pointer and its text, in
/// the order of the text. Text that is no JSON is one value.
#[must_use]
pub fn leaves(json: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(json.trim(), "", &mut found);
    found
}

fn collect(text: &str, pointer: &str, found: &mut Vec<(String, String)>) {
    match parts(text) {
        Some(parts) if !parts.is_empty() => {
            for (name, value) in parts {
                collect(value, &format!("{pointer}/{name}"), found);
            }
        }
        _ => found.push((pointer.to_owned(), text.to_owned())),
    }
}

/// Line and column, from 1 and in characters, of the value at `pointer` in `text`. Of a pointer that
/// leads nowhere the last part that is there counts; `None` if `text` is no JSON.
#[must_use]
pub fn place_of(text: &str, pointer: &str) -> Option<(usize, usize)> {
    serde_json::from_str::<&RawValue>(text).ok()?;
    let mut here = text.trim_start();
    for wanted in pointer.split('/').skip(1) {
        let Some(parts) = parts(here) else { break };
        match parts.into_iter().find(|(name, _)| name == wanted) {
            Some((_, value)) => here = value,
            None => break,
        }
    }
    // every part is a slice of `text`
    let offset = (here.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    let before = text.get(..offset)?;
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(start..)?.chars().count() + 1;
    Some((line, column))
}

/// A pointer with `*` in place of the numbers of elements: `/lines/3/amount` is `/lines/*/amount`.
/// A member whose name is a number looks the same.
#[must_use]
pub fn without_numbers(pointer: &str) -> String {
    let star = |part: &str| -> String {
        let number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if number {
            "*".to_owned()
        } else {
            part.to_owned()
        }
    };
    pointer.split('/').map(star).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_digits_order_and_escapes() {
        let text = r#"{"b":1.10,"a":{"x/y":[],"z":["\u00e4",{"q":null}]},"e":{}}"#;
        let found = leaves(text);
        let shown: Vec<String> = found
            .iter()
            .map(|(at, text)| format!("{at}={text}"))
            .collect();
        assert_eq!(
            shown,
            [
                "/b=1.10",
                "/a/x~1y=[]",
                "/a/z/0=\"\\u00e4\"",
                "/a/z/1/q=null",
                "/e={}"
            ]
        );
    }

    #[test]
    fn places_are_lines_and_columns() {
        let text = "{\n  \"ä\": [1, 2],\n  \"fields\": [\n    { \"id\": \"x\" },\n    { \"id\": \"y\" }\n  ]\n}\n";
        let cases = [
            ("", Some((1, 1))),
            ("/ä/1", Some((2, 12))),
            ("/fields/1", Some((5, 5))),
            ("/fields/1/id", Some((5, 13))),
            ("/fields/1/missing/too", Some((5, 5))),
            ("/nothing", Some((1, 1))),
        ];
        for (pointer, expected) in cases {
            assert_eq!(place_of(text, pointer), expected, "{pointer}");
        }
        assert_eq!(place_of("{", "/a"), None);
    }

    #[test]
    fn numbers_of_elements_become_stars() {
        assert_eq!(without_numbers("/lines/13/amount"), "/lines/*/amount");
        assert_eq!(without_numbers(""), "");
        assert_eq!(without_numbers("/a1/b"), "/a1/b");
    }
}
