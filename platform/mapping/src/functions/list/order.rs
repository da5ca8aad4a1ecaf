//! The order of values of any type, for sorting.
//!
//! false and true, then numbers, texts (by their code points, not by a language), dates, instants.
//! Null stands at the end in both directions. Objects and lists have no order.

use std::cmp::Ordering;

use jiff::Timestamp;
use tributary_model::error_code::ErrorCode;

use crate::date::Date;
use crate::decimal::Decimal;
use crate::value::{Made, Value, failure_with_hint};

/// A value as a sort key; the variants stand in the order of the types.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SortKey<'a> {
    Bool(bool),
    Number(Decimal),
    Text(&'a str),
    Date(Date),
    Instant(Timestamp),
    Null,
}

impl<'a> SortKey<'a> {
    pub(super) fn of(value: Value<'a>) -> Made<Self> {
        Ok(match value.decoded()? {
            Value::Bool(truth) => Self::Bool(truth),
            Value::Decimal(number) => Self::Number(number),
            Value::Text(text) => Self::Text(text),
            Value::Date(date) => Self::Date(date),
            Value::DateTime(instant) => Self::Instant(instant.instant()),
            Value::Null => Self::Null,
            other => {
                return failure_with_hint(
                    ErrorCode::ValueInvalid,
                    format!("a {} has no order", other.kind_word()),
                    "order by a member: \"by\": \"it.price\"",
                );
            }
        })
    }

    /// The order in a direction.
    pub(super) fn compare(&self, other: &Self, descending: bool) -> Ordering {
        if descending && *self != Self::Null && *other != Self::Null {
            return other.cmp(self);
        }
        self.cmp(other)
    }
}
