//! How much a function over lists may make, and its arguments that are numbers.

use tributary_model::error_code::ErrorCode;

use crate::decimal::{MAX_DIGITS, Rounding};
use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::functions::Arguments;
use crate::value::{Made, Value, failure};
use crate::worker::run::Run;

/// Most elements that a function makes of less.
const MOST_ELEMENTS: usize = 100_000;
/// Most bytes of text that a function makes of less.
pub(super) const MOST_BYTES: usize = 1 << 20;

/// Refuses a list that grew beyond 100,000 elements.
pub(super) fn check_elements(count: usize) -> Made<()> {
    if count <= MOST_ELEMENTS {
        return Ok(());
    }
    failure(
        ErrorCode::RecordTooLarge,
        format!("the list would have more than {MOST_ELEMENTS} elements"),
    )
}

/// Refuses a text that grew beyond `most` bytes.
pub(super) fn check_bytes(bytes: usize, most: usize) -> Made<()> {
    if bytes <= most {
        return Ok(());
    }
    failure(
        ErrorCode::RecordTooLarge,
        format!("the result would have more than {most} bytes"),
    )
}

/// A computed argument that must be a whole number.
pub(super) fn whole(value: Value<'_>, name: &str) -> Made<i64> {
    let number = value.decimal()?;
    match number.to_i64() {
        Some(whole) => Ok(whole),
        None => failure(
            ErrorCode::NumberInvalid,
            format!("{name:?} is {number}, and must be a whole number"),
        ),
    }
}

/// A computed argument that says how many elements; `None` if it has failed before.
pub(super) fn how_many<'a>(count: &'a Expression, run: &Run<'a>) -> Made<Option<usize>> {
    let count = match evaluate(count, run)? {
        Value::Failed => return Ok(None),
        count => whole(count, "count")?,
    };
    match usize::try_from(count) {
        Ok(count) => Ok(Some(count)),
        Err(_) => failure(
            ErrorCode::NumberRange,
            format!("\"count\" is {count}, and must not be negative"),
        ),
    }
}

/// The arguments `scale` and `mode`; none if there is no scale.
pub(super) fn rounding(arguments: &mut Arguments<'_, '_>) -> Option<Option<(u8, Rounding)>> {
    let Some(scale) = arguments.integer("scale") else {
        if arguments.has("mode") {
            return arguments.invalid("mode", "has no effect without scale");
        }
        return Some(None);
    };
    let mode = arguments.text("mode").and_then(Rounding::parse);
    match u8::try_from(scale) {
        Ok(scale) if scale <= MAX_DIGITS => Some(Some((scale, mode.unwrap_or_default()))),
        _ => arguments.invalid("scale", "0 to 38 decimals"),
    }
}
