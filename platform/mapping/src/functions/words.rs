//! Arguments that are one of a few words, and small tables of constants.

use serde_json::Value;

use super::Arguments;
use crate::value::Constant;

impl Arguments<'_, '_> {
    /// The argument as one of `words`; the first of them if it is not given.
    pub(super) fn word(
        &mut self,
        name: &str,
        words: &'static [&'static str],
    ) -> Option<&'static str> {
        let Some(text) = self.text(name) else {
            return words.first().copied();
        };
        match words.iter().find(|word| **word == text) {
            Some(word) => Some(word),
            None => {
                let message = format!("{text:?} is not one of {}", words.join(", "));
                self.invalid(name, &message)
            }
        }
    }

    /// Whether an unknown code is null instead of an error.
    pub(super) fn null_on_miss(&mut self) -> Option<bool> {
        match self.text("on_miss") {
            Some("default") => {
                self.invalid("on_miss", "write null, and the step default after this one")
            }
            word => Some(word == Some("null")),
        }
    }

    /// The rows of a table, in the order in which they are written.
    pub(super) fn table(&self, name: &str) -> Option<Vec<(String, Constant)>> {
        rows(self.values.get(name)?)
    }
}

/// The rows of a table: the members of an object, or pairs of key and value, which is how a formula
/// writes it. `None` if it has another form.
pub(super) fn rows(table: &Value) -> Option<Vec<(String, Constant)>> {
    let row = |key: &str, value: &Value| Some((key.to_owned(), Constant::from_json(value)?));
    match table {
        Value::Object(members) => members.iter().map(|(key, value)| row(key, value)).collect(),
        Value::Array(pairs) => pairs
            .iter()
            .map(|pair| match pair.as_array().map(Vec::as_slice) {
                Some([Value::String(key), value]) => row(key, value),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}
