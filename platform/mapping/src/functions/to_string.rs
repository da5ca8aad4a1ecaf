//! `to_string`: any scalar as text.

use tributary_model::error_code::ErrorCode;

use super::signature::{Example, Output, Signature};
use super::{Arguments, Operation};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

pub(super) const SIGNATURE: Signature = Signature {
    name: "to_string",
    summary: "Makes a text of a number (its digits), boolean (true, false) or date (yyyy-MM-dd).",
    input: Kind::Any,
    output: Output::Is(Kind::Text),
    arguments: &[],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#"4711"#, r#"{}"#, r#""4711""#),
        Example::gives(r#"1.50"#, r#"{}"#, r#""1.50""#),
        Example::gives(r#"1e3"#, r#"{}"#, r#""1000""#),
        Example::gives(r#"true"#, r#"{}"#, r#""true""#),
        Example::gives(r#""x""#, r#"{}"#, r#""x""#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"[1]"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
};

pub(super) fn compile(_arguments: &mut Arguments<'_, '_>) -> Option<Operation> {
    Some(Operation::ToString)
}

pub(super) fn apply<'a>(value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
    let text = match value {
        Value::Text(text) => text,
        // digits as found; an exponent is written out
        Value::Number(digits) if !digits.contains(['e', 'E']) => digits,
        Value::Number(_) | Value::Decimal(_) => run.display(value.decimal()?),
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        Value::Date(date) => run.display(date),
        Value::Json(_) | Value::Null | Value::Failed => {
            return failure(
                ErrorCode::ValueInvalid,
                format!("a {} where a single value is needed", value.kind_word()),
            );
        }
    };
    Ok(Value::Text(text))
}
