//! Booleans of the data, and errors whose text the mapping says.

use tributary_model::error_code::ErrorCode;

use crate::value::{Made, Value, failure, failure_with_hint};
use crate::worker::run::Run;

/// The value as a boolean.
pub(super) fn truth(value: Value<'_>) -> Made<bool> {
    match value {
        Value::Bool(truth) => Ok(truth),
        other => failure_with_hint(
            ErrorCode::ValueInvalid,
            format!("a {} where true or false is needed", other.kind_word()),
            "add to_bool before this step",
        ),
    }
}

/// The error with the mapping's own message; `{value}` in it becomes the value, in quotes.
pub(super) fn told<'a>(message: &str, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
    let shown = match value {
        Value::Text(text) => text,
        other => run.json(other),
    };
    // in quotes, by which the message is known to hold a value where the field is sensitive
    let shown = format!("{:?}", tributary_model::issue::shorten(shown, 80));
    failure(ErrorCode::ValueInvalid, message.replace("{value}", &shown))
}
