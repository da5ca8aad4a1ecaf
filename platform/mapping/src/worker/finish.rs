//! The end of a value's chain: whether it fits the type that is written. Nothing is converted,
//! rounded or cut here.

use tributary_model::error_code::ErrorCode;

use crate::functions::check_enum;
use crate::plan::{OutputType, ValueNode};
use crate::value::{Made, Value, failure, failure_with_hint};

/// The value in the form of its type.
pub(super) fn finish<'a>(value: Value<'a>, node: &ValueNode) -> Made<Value<'a>> {
    if value.is_null() {
        if node.required {
            return failure(ErrorCode::ValueMissing, "a value is required");
        }
        return Ok(Value::Null);
    }
    match (&node.output, value) {
        (_, Value::Failed) => Ok(Value::Failed),
        (OutputType::Text { max }, value) => {
            let text = value.text()?;
            match max {
                Some(max) if text.len() > *max as usize && text.chars().count() > *max as usize => {
                    failure(
                        ErrorCode::TextTooLong,
                        format!(
                            "{} characters, at most {max} are allowed",
                            text.chars().count()
                        ),
                    )
                }
                _ => Ok(Value::Text(text)),
            }
        }
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
        | (OutputType::Json, _) => Ok(value),
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
    if number.integer_digits() > u32::from(digits - scale) {
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
