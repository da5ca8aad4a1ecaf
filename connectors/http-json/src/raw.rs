//! Objects and arrays as their members' text, in order: to change a row without touching the numbers
//! in it.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use tributary_sdk::serde_json::{self, value::RawValue};

/// Deeper values are left as they are.
pub const MAX_DEPTH: usize = 64;

/// The members of an object in their order. None: it is no object.
#[must_use]
pub fn members(text: &str) -> Option<Vec<(String, &str)>> {
    let Members(members) = serde_json::from_str(text).ok()?;
    Some(members)
}

/// The elements of an array. None: it is no array.
#[must_use]
pub fn items(text: &str) -> Option<Vec<&str>> {
    let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    Some(items.into_iter().map(RawValue::get).collect())
}

/// Appends a value in one line: line ends stand between tokens only, inside a JSON text they are
/// escaped.
pub fn push_line(out: &mut String, text: &str) {
    out.extend(text.trim().chars().map(|c| match c {
        '\n' | '\r' => ' ',
        other => other,
    }));
}

struct Members<'a>(Vec<(String, &'a str)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Members<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Members<'de>, M::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
            members.push((name, value.get()));
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn members_keep_their_order_and_text() {
        let text = "{\"z\": 1.10, \"a\\u0041\": [1,\n2], \"z\": {} }";
        let found = members(text).unwrap();
        let told: Vec<String> = found.iter().map(|(n, v)| format!("{n}={v}")).collect();
        assert_eq!(told, ["z=1.10", "aA=[1,\n2]", "z={}"]);
        assert!(members("[1]").is_none() && members("{\"a\"").is_none());
        assert_eq!(items("[1.50, {\"a\":2}]").unwrap(), ["1.50", "{\"a\":2}"]);
        assert!(items("{}").is_none());
        let mut out = String::new();
        push_line(&mut out, " [1,\r\n\"a\\n\"] ");
        assert_eq!(out, "[1,  \"a\\n\"]");
    }
}
