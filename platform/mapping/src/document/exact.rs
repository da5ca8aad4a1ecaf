//! A JSON value whose numbers keep the digits that were written.
//!
//! `serde_json`'s own value holds a number as a float: `1234567890123456.78` and `….79` would be one, and what
//! is saved again would be rounded. Rows and expectations of tests are about exact amounts, so they are this.
//!
//! Invariants: a value that is read and written has the digits and the order of members of its text; of a member
//! that stands twice the last counts, as everywhere. Deliberately absent: arithmetic.

use std::cmp::Ordering;
use std::fmt;

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{Error as _, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::path::compare_numbers;

/// Values inside each other, as `serde_json` has it.
const MAX_DEPTH: usize = 128;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exact {
    Null,
    Bool(bool),
    /// its digits
    Number(String),
    Text(String),
    List(Vec<Self>),
    /// in the order of the text
    Members(Vec<(String, Self)>),
}

impl Exact {
    /// Reads a JSON text.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> serde_json::Result<Self> {
        let raw: &RawValue = serde_json::from_str(text)?;
        Self::read(raw.get(), 0)
    }

    /// What a part of a document is written as.
    ///
    /// # Errors
    /// If it has no JSON text.
    pub fn of(part: &impl Serialize) -> serde_json::Result<Self> {
        Self::parse(&serde_json::to_string(part)?)
    }

    /// `text` is valid JSON without space around it.
    fn read(text: &str, depth: usize) -> serde_json::Result<Self> {
        if depth > MAX_DEPTH {
            return Err(<serde_json::Error as serde::de::Error>::custom(format!(
                "more than {MAX_DEPTH} values inside each other"
            )));
        }
        match text.as_bytes().first() {
            Some(b'{') => {
                let parts: Parts<'_> = serde_json::from_str(text)?;
                let mut members: Vec<(String, Self)> = Vec::with_capacity(parts.0.len());
                for (name, part) in parts.0 {
                    let value = Self::read(part.get(), depth + 1)?;
                    match members.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, known)) => *known = value,
                        None => members.push((name, value)),
                    }
                }
                Ok(Self::Members(members))
            }
            Some(b'[') => {
                let parts: Vec<&RawValue> = serde_json::from_str(text)?;
                let values = parts.iter().map(|part| Self::read(part.get(), depth + 1));
                Ok(Self::List(values.collect::<serde_json::Result<_>>()?))
            }
            Some(b'"') => serde_json::from_str(text).map(Self::Text),
            Some(b't') => Ok(Self::Bool(true)),
            Some(b'f') => Ok(Self::Bool(false)),
            Some(b'n') => Ok(Self::Null),
            _ => Ok(Self::Number(text.to_owned())),
        }
    }

    /// Whether both say the same: numbers by their exact value (`3` is `3.000`), members in any order.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => {
                compare_numbers(one, other) == Ordering::Equal
            }
            (Self::List(one), Self::List(other)) => {
                one.len() == other.len()
                    && one.iter().zip(other).all(|(one, other)| one.same(other))
            }
            (Self::Members(one), Self::Members(others)) => {
                one.len() == others.len()
                    && one.iter().all(|(name, value)| {
                        let other = others.iter().find(|(other, _)| other == name);
                        other.is_some_and(|(_, other)| value.same(other))
                    })
            }
            (one, other) => one == other,
        }
    }

    /// As a `serde_json` value, whose numbers are floats.
    #[must_use]
    pub fn rounded(&self) -> Value {
        serde_json::from_str(&self.to_string()).unwrap_or_default()
    }

    /// Puts `value` in the place of a member that is there.
    pub(super) fn replace(&mut self, name: &str, value: Self) {
        if let Self::Members(members) = self
            && let Some((_, known)) = members.iter_mut().find(|(known, _)| known == name)
        {
            *known = value;
        }
    }
}

impl From<Value> for Exact {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Bool(truth),
            Value::Number(number) => Self::Number(number.to_string()),
            Value::String(text) => Self::Text(text),
            Value::Array(values) => Self::List(values.into_iter().map(Self::from).collect()),
            Value::Object(members) => Self::Members(
                members
                    .into_iter()
                    .map(|(name, value)| (name, Self::from(value)))
                    .collect(),
            ),
        }
    }
}

/// The shortest text: no space between its parts.
impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &str| Value::from(text).to_string();
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::Number(digits) => f.write_str(digits),
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::List(values) => {
                f.write_str("[")?;
                for (place, value) in values.iter().enumerate() {
                    f.write_str(if place == 0 { "" } else { "," })?;
                    write!(f, "{value}")?;
                }
                f.write_str("]")
            }
            Self::Members(members) => {
                f.write_str("{")?;
                for (place, (name, value)) in members.iter().enumerate() {
                    f.write_str(if place == 0 { "" } else { "," })?;
                    write!(f, "{}:{value}", quoted(name))?;
                }
                f.write_str("}")
            }
        }
    }
}

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = RawValue::from_string(self.to_string()).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::read(raw.get(), 0).map_err(D::Error::custom)
    }
}

/// Members of an object, each as its text.
struct Parts<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Parts<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Parts<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Parts(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        let text = r#"{"b":1234567890123456.78,"a":[1.10,-0.0,1e400,"x\"y",null,true,{}],"c":[]}"#;
        let exact = Exact::parse(&format!(" {text}\n")).unwrap();
        assert_eq!(exact.to_string(), text);
        // through the types of a document, too
        let read: Vec<Exact> = serde_json::from_str(&format!("[ {text} ]")).unwrap();
        assert_eq!(read, [exact]);
        assert_eq!(serde_json::to_string(&read).unwrap(), format!("[{text}]"));
    }

    #[test]
    fn values_are_compared_exactly() {
        let cases = [
            ("3", "3.000", true),
            ("1234567890123456.78", "1234567890123456.79", false),
            ("1e2", "100", true),
            ("0.1", "0.10000000000000000001", false),
            (r#"{"a":1,"b":2.0}"#, r#"{"b":2,"a":1.0}"#, true),
            (r#"{"a":1}"#, r#"{"a":1,"b":null}"#, false),
            ("[1,2]", "[2,1]", false),
            ("\"1\"", "1", false),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#, true),
        ];
        for (one, other, expected) in cases {
            let [one, other] = [one, other].map(|text| Exact::parse(text).unwrap());
            assert_eq!(one.same(&other), expected, "{one} {other}");
            assert_eq!(other.same(&one), expected, "{other} {one}");
        }
    }

    #[test]
    fn values_of_serde_json_are_read_and_made() {
        let value = json!({"a": [1, 2.5, "x", null, false], "b": {"c": -7}});
        let exact = Exact::from(value.clone());
        assert_eq!(exact.rounded(), value);
        assert_eq!(
            serde_json::from_value::<Exact>(value.clone()).unwrap(),
            exact
        );
        assert_eq!(serde_json::to_value(&exact).unwrap(), value);
    }

    #[test]
    fn depth_is_bounded() {
        let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Exact::parse(&deep(120)).is_ok());
        assert!(Exact::parse(&deep(100_000)).is_err());
        assert!(Exact::parse("[1").is_err());
    }
}
