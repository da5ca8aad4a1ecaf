//! Values as keys of hash maps, so that nothing over lists is quadratic.
//!
//! Two keys are equal exactly if the values are the same: numbers by value, instants whatever their
//! offset, objects and arrays of the source by their text.

use jiff::Timestamp;

use crate::date::Date;
use crate::value::{Made, Value};

/// A value as a key.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Key<'a> {
    Null,
    Bool(bool),
    Text(&'a str),
    /// digits and scale without zeros at the end
    Number(i128, u8),
    Date(Date),
    Instant(Timestamp),
    Json(&'a str),
    List(Vec<Key<'a>>),
}

impl<'a> Key<'a> {
    pub(super) fn of(value: Value<'a>) -> Made<Self> {
        Ok(match value.decoded()? {
            Value::Failed | Value::Null | Value::Number(_) => Self::Null,
            Value::Bool(truth) => Self::Bool(truth),
            Value::Text(text) => Self::Text(text),
            Value::Decimal(number) => {
                let short = number.normalize();
                Self::Number(short.mantissa(), short.scale())
            }
            Value::Date(date) => Self::Date(date),
            Value::DateTime(instant) => Self::Instant(instant.instant()),
            Value::Json(text) => Self::Json(text),
            Value::List(elements) => Self::List(
                elements
                    .iter()
                    .map(|element| Self::of(*element))
                    .collect::<Made<_>>()?,
            ),
        })
    }
}
