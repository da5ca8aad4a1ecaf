//! The end of a value's chain: whether it fits the type that is written. Nothing is converted,
//! rounded or cut here.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use super::run::Run;
use crate::functions::check_enum;
use crate::plan::{OutputType, ValueNode};
use crate::value::{Made, Value, failure, failure_with_hint};

/// The value in the form of its type.
pub(super) fn finish<'a>(value: Value<'a>, node: &ValueNode, run: &Run<'a>) -> Made<Value<'a>> {
    if node.required && value.is_null() {
        return failure(ErrorCode::ValueMissing, "a value is required");
    }
    fit(value, &node.output, run)
}

fn fit<'a>(value: Value<'a>, output: &OutputType, run: &Run<'a>) -> Made<Value<'a>> {
    match (output, value) {
        (_, Value::Failed) => Ok(Value::Failed),
        (_, Value::Null) => Ok(Value::Null),
        (OutputType::Text { max }, value) => text(value, *max),
        (OutputType::Enum { values }, value) if values.is_empty() => value.text().map(Value::Text),
        (OutputType::Enum { values }, value) => check_enum(value, values),
        (OutputType::Int, value) => {
            let number = value.decimal()?;
            if number.is_integer() {
                return Ok(Value::Decimal(number));
            }
            failure(
                ErrorCode::NumberInvalid,
                format!("{number} is not a whole number"),
            )
        }
        (OutputType::Decimal { size: None }, value) => value.decimal().map(Value::Decimal),
        (
            OutputType::Decimal {
                size: Some((digits, scale)),
            },
            value,
        ) => sized(value, *digits, *scale),
        (OutputType::Bool, Value::Bool(_))
        | (OutputType::Date, Value::Date(_))
        | (OutputType::DateTime, Value::DateTime(_))
        | (OutputType::Json, _) => Ok(value),
        (OutputType::Array(inner), value) => list(value, inner, run),
        (output, value) => failure_with_hint(
            ErrorCode::ValueInvalid,
            format!(
                "a {} where the type is {}",
                value.kind_word(),
                output.word()
            ),
            crate::compile::conversion_hint(value, output),
        ),
    }
}

fn text(value: Value<'_>, max: Option<u32>) -> Made<Value<'_>> {
    let text = value.text()?;
    match max {
        Some(max) if text.len() > max as usize && text.chars().count() > max as usize => failure(
            ErrorCode::TextTooLong,
            format!(
                "{} characters, at most {max} are allowed",
                text.chars().count()
            ),
        ),
        _ => Ok(Value::Text(text)),
    }
}

fn list<'a>(value: Value<'a>, inner: &OutputType, run: &Run<'a>) -> Made<Value<'a>> {
    let elements = value.elements(run)?;
    let mut made = ArenaVec::with_capacity_in(elements.len(), run.arena);
    for (place, element) in elements.iter().enumerate() {
        let fitted = fit(*element, inner, run).map_err(|mut failure| {
            failure.message = format!("element {}: {}", place + 1, failure.message);
            failure
        })?;
        made.push(fitted);
    }
    Ok(Value::List(made.into_bump_slice()))
}

/// A number that fits `decimal(digits,scale)` without rounding.
fn sized<'a>(value: Value<'a>, digits: u8, scale: u8) -> Made<Value<'a>> {
    let mut number = value.decimal()?;
    if number.scale() > scale {
        number = number.normalize();
        if number.scale() > scale {
            return failure_with_hint(
                ErrorCode::NumberRange,
                format!(
                    "{number} has {} decimals, at most {scale} are allowed",
                    number.scale()
                ),
                "add round to the mapping if the value may be rounded",
            );
        }
    }
    if !number.fits_before_point(digits - scale) {
        return failure(
            ErrorCode::NumberRange,
            format!(
                "{number} has more than {} digits before the point",
                digits - scale
            ),
        );
    }
    Ok(Value::Decimal(number))
}
