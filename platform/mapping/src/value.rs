//! Values on their way from a slot to the output. Texts are borrowed: from the row, from the plan,
//! or from the arena that lives as long as one record.

use std::cmp::Ordering;

use tributary_model::error_code::ErrorCode;

use crate::date::{Date, DateTime, parse_rfc3339};
use crate::decimal::{Decimal, DecimalError};
use crate::reader::elements;
use crate::worker::run::Run;

/// A value of one record.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    /// could not be made; the issue is recorded already, so what depends on it stays silent
    Failed,
    Null,
    Bool(bool),
    Text(&'a str),
    /// a JSON number as its digits, not yet decoded
    Number(&'a str),
    Decimal(Decimal),
    Date(Date),
    DateTime(&'a DateTime),
    /// text of a JSON object or array
    Json(&'a str),
    /// what a path with several results or a function found
    List(&'a [Value<'a>]),
}

/// What is known about a value when the document is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// not known before the data is there (a JSON member)
    Any,
    Null,
    Text,
    Number,
    Bool,
    Date,
    /// an instant, with the offset from UTC in which it is written
    DateTime,
    /// object or array
    Json,
    /// array, or the results of a path
    List,
}

impl Kind {
    /// The word for messages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Any => "any value",
            Self::Null => "null",
            Self::Text => "text",
            Self::Number => "number",
            Self::Bool => "boolean",
            Self::Date => "date",
            Self::DateTime => "date and time",
            Self::Json => "object or array",
            Self::List => "list",
        }
    }

    /// Whether a value of this kind may turn out to be one of `other`.
    pub(crate) fn may_be(self, other: Self) -> bool {
        self == other
            || matches!(self, Self::Any | Self::Null)
            || matches!(other, Self::Any)
            // an array is both
            || matches!((self, other), (Self::Json, Self::List) | (Self::List, Self::Json))
    }

    /// The kind of a value that is one or the other.
    pub(crate) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Null, kind) | (kind, Self::Null) => kind,
            (left, right) if left == right => left,
            _ => Self::Any,
        }
    }
}

/// Why a value could not be made.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
    /// replaces the catalogue's hint
    pub(crate) hint: Option<String>,
}

/// A value, or why there is none.
pub(crate) type Made<T> = Result<T, Box<Failure>>;

pub(crate) fn failure<T>(code: ErrorCode, message: impl Into<String>) -> Made<T> {
    Err(Box::new(Failure {
        code,
        message: message.into(),
        hint: None,
    }))
}

pub(crate) fn failure_with_hint<T>(
    code: ErrorCode,
    message: impl Into<String>,
    hint: impl Into<String>,
) -> Made<T> {
    Err(Box::new(Failure {
        code,
        message: message.into(),
        hint: Some(hint.into()),
    }))
}

impl<'a> Value<'a> {
    pub(crate) fn is_null(self) -> bool {
        matches!(self, Self::Null)
    }

    /// Of a date itself, of an instant the day at its offset.
    pub(crate) fn day(self) -> Option<Date> {
        match self {
            Self::Date(date) => Some(date),
            Self::DateTime(instant) => instant.date(),
            _ => None,
        }
    }

    pub(crate) fn kind_word(self) -> &'static str {
        match self {
            Self::Failed => "failed value",
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Text(_) => "text",
            Self::Number(_) | Self::Decimal(_) => "number",
            Self::Date(_) => "date",
            Self::DateTime(_) => "date and time",
            Self::Json(_) => "object or array",
            Self::List(_) => "list",
        }
    }

    /// The elements, for a function that works on lists.
    pub(crate) fn elements(self, run: &Run<'a>) -> Made<&'a [Value<'a>]> {
        match self {
            Self::List(elements) => Ok(elements),
            Self::Json(_) if run.is_full() => run.full(),
            Self::Json(text) if text.starts_with('[') => Ok(elements(text, run.arena)),
            other => failure_with_hint(
                ErrorCode::ValueInvalid,
                format!("a {} where a list is needed", other.kind_word()),
                "name an array, or a path with several results such as $.items[*].price",
            ),
        }
    }

    /// The text, for a function that works on texts.
    pub(crate) fn text(self) -> Made<&'a str> {
        match self {
            Self::Text(text) => Ok(text),
            other => failure_with_hint(
                ErrorCode::ValueInvalid,
                format!("a {} where a text is needed", other.kind_word()),
                "add to_string before this step, or correct the source",
            ),
        }
    }

    /// The number, for a function that works on numbers.
    pub(crate) fn decimal(self) -> Made<Decimal> {
        match self {
            Self::Decimal(number) => Ok(number),
            Self::Number(digits) => parse_json_number(digits),
            Self::Text(text) => failure_with_hint(
                ErrorCode::NumberInvalid,
                format!("the text {text:?} where a number is needed"),
                "add to_decimal before this step",
            ),
            other => failure(
                ErrorCode::NumberInvalid,
                format!("a {} where a number is needed", other.kind_word()),
            ),
        }
    }

    /// The date, for a function that works on dates.
    pub(crate) fn date(self) -> Made<Date> {
        match self {
            Self::Date(date) => Ok(date),
            Self::DateTime(_) => failure_with_hint(
                ErrorCode::DateInvalid,
                "a date and time where a date is needed",
                "add to_date before this step: the day depends on the time zone",
            ),
            other => failure_with_hint(
                ErrorCode::DateInvalid,
                format!("a {} where a date is needed", other.kind_word()),
                "add date_parse before this step",
            ),
        }
    }

    /// The instant, for a function that works on dates with times.
    pub(crate) fn date_time(self) -> Made<DateTime> {
        match self {
            Self::DateTime(instant) => Ok(*instant),
            Self::Date(_) => failure_with_hint(
                ErrorCode::DateInvalid,
                "a date where a date and time is needed",
                "add at_time before this step: a day alone is no instant",
            ),
            other => failure_with_hint(
                ErrorCode::DateInvalid,
                format!("a {} where a date and time is needed", other.kind_word()),
                "add datetime_parse before this step",
            ),
        }
    }

    /// Decodes a JSON number; other values stay.
    pub(crate) fn decoded(self) -> Made<Self> {
        match self {
            Self::Number(digits) => Ok(Self::Decimal(parse_json_number(digits)?)),
            other => Ok(other),
        }
    }

    /// Whether both are the same value; numbers by value, different kinds are different.
    pub(crate) fn same(self, other: Self) -> Made<bool> {
        Ok(match (self.decoded()?, other.decoded()?) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Text(left), Self::Text(right)) | (Self::Json(left), Self::Json(right)) => {
                left == right
            }
            (Self::Decimal(left), Self::Decimal(right)) => left == right,
            (Self::Date(left), Self::Date(right)) => left == right,
            (Self::DateTime(left), Self::DateTime(right)) => left.is_same_instant(*right),
            (Self::List(left), Self::List(right)) => {
                if left.len() != right.len() {
                    return Ok(false);
                }
                for (left, right) in left.iter().zip(right) {
                    if !left.same(*right)? {
                        return Ok(false);
                    }
                }
                true
            }
            _ => false,
        })
    }

    /// The order of two values of the same kind.
    pub(crate) fn order(self, other: Self) -> Made<Ordering> {
        match (self.decoded()?, other.decoded()?) {
            (Self::Text(left), Self::Text(right)) => Ok(left.cmp(right)),
            (Self::Decimal(left), Self::Decimal(right)) => Ok(left.cmp(&right)),
            (Self::Date(left), Self::Date(right)) => Ok(left.cmp(&right)),
            (Self::DateTime(left), Self::DateTime(right)) => Ok(left.order(*right)),
            (left, right) => failure(
                ErrorCode::FormulaFailed,
                format!(
                    "cannot compare a {} with a {}",
                    left.kind_word(),
                    right.kind_word()
                ),
            ),
        }
    }
}

/// `value`, or the date or instant that it writes as a text if `other` is one: they have no
/// literals.
pub(crate) fn alike<'a>(value: Value<'a>, other: Value<'_>, run: &Run<'a>) -> Value<'a> {
    match (value, other) {
        (Value::Text(text), Value::Date(_)) => Date::parse_iso(text).map_or(value, Value::Date),
        (Value::Text(text), Value::DateTime(_)) => {
            parse_rfc3339(text).map_or(value, |instant| run.date_time(instant))
        }
        _ => value,
    }
}

pub(crate) fn parse_json_number(digits: &str) -> Made<Decimal> {
    Decimal::parse(digits).or_else(|error| number_failure(digits, error, "a number"))
}

/// The failure for a text that should have been a number.
pub(crate) fn number_failure<T>(text: &str, error: DecimalError, expected: &str) -> Made<T> {
    let shown = tributary_model::issue::shorten(text, 60);
    match error {
        DecimalError::TooLarge => failure(
            ErrorCode::NumberRange,
            format!("{shown:?} has more than 38 digits"),
        ),
        _ => failure(
            ErrorCode::NumberInvalid,
            format!("{shown:?} is not {expected}"),
        ),
    }
}

/// A constant of the plan.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Constant {
    Null,
    Bool(bool),
    Text(Box<str>),
    Decimal(Decimal),
    Date(Date),
    DateTime(DateTime),
}

impl Constant {
    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Text(text) => Value::Text(text),
            Self::Decimal(number) => Value::Decimal(*number),
            Self::Date(date) => Value::Date(*date),
            Self::DateTime(instant) => Value::DateTime(instant),
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Null => Kind::Null,
            Self::Bool(_) => Kind::Bool,
            Self::Text(_) => Kind::Text,
            Self::Decimal(_) => Kind::Number,
            Self::Date(_) => Kind::Date,
            Self::DateTime(_) => Kind::DateTime,
        }
    }

    /// A scalar of a JSON document; `None` for objects, arrays and numbers beyond 38 digits.
    pub(crate) fn from_json(value: &serde_json::Value) -> Option<Self> {
        match value {
            serde_json::Value::Null => Some(Self::Null),
            serde_json::Value::Bool(truth) => Some(Self::Bool(*truth)),
            serde_json::Value::String(text) => Some(Self::Text(text.as_str().into())),
            serde_json::Value::Number(number) => {
                Decimal::parse(&number.to_string()).ok().map(Self::Decimal)
            }
            _ => None,
        }
    }
}
