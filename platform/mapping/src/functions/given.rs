//! Arguments that are computed from the record: their text or number, or what the function gives in
//! its place. An argument that is null is an error that names it, one that has failed makes the result
//! failed.

use tributary_model::error_code::ErrorCode;

use crate::decimal::Decimal;
use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::value::{Made, Value, failure, failure_with_hint};
use crate::worker::run::Run;

/// An argument, or the function's result without it.
pub(crate) type Given<'a, T> = Made<Result<T, Value<'a>>>;

/// A text.
///
/// # Errors
/// Those of the formula; `value_missing` if it is null, `value_invalid` if it is no text.
pub(crate) fn text<'a>(argument: &'a Expression, name: &str, run: &Run<'a>) -> Given<'a, &'a str> {
    match evaluate(argument, run)? {
        Value::Failed => Ok(Err(Value::Failed)),
        Value::Null => missing(name),
        value => value.text().map(Ok),
    }
}

/// How many characters or times: a whole number, not negative.
///
/// # Errors
/// Those of the formula; `value_missing` if it is null, `number_invalid` if it is no whole number,
/// `number_range` if it is negative or beyond 4,294,967,295.
pub(crate) fn count<'a>(argument: &'a Expression, name: &str, run: &Run<'a>) -> Given<'a, usize> {
    let number = match evaluate(argument, run)? {
        Value::Failed => return Ok(Err(Value::Failed)),
        Value::Null => return missing(name),
        value => value.decimal()?,
    };
    if !number.is_integer() {
        return failure(
            ErrorCode::NumberInvalid,
            format!("{number} is not a whole number"),
        );
    }
    let count = number.to_i64().and_then(|count| u32::try_from(count).ok());
    match count {
        Some(count) => Ok(Ok(count as usize)),
        None => failure(
            ErrorCode::NumberRange,
            format!("{number} where a count from 0 to {} is needed", u32::MAX),
        ),
    }
}

/// Says that an argument is null.
#[cold]
pub(super) fn missing<T>(name: &str) -> Made<T> {
    failure_with_hint(
        ErrorCode::ValueMissing,
        format!("{name:?} is null"),
        "fill it in the source, or say in the mapping what null means: coalesce(…, 0)",
    )
}

/// A count as a value.
pub(crate) fn whole<'a>(count: usize) -> Value<'a> {
    let count = i128::try_from(count).ok();
    Value::Decimal(
        count
            .and_then(|count| Decimal::new(count, 0))
            .unwrap_or(Decimal::ZERO),
    )
}
