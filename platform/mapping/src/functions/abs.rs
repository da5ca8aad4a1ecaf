//! `abs`: a number without its sign.

use tributary_model::error_code::ErrorCode;

use super::signature::{Example, Output, Signature};
use super::{Arguments, Operation};
use crate::value::{Kind, Made, Value};

pub(super) const SIGNATURE: Signature = Signature {
    name: "abs",
    summary: "Takes the sign away.",
    input: Kind::Number,
    output: Output::Is(Kind::Number),
    arguments: &[],
    fails_with: &[ErrorCode::NumberInvalid],
    examples: &[
        Example::gives(r#"-1.5"#, r#"{}"#, r#"1.5"#),
        Example::gives(r#"1.5"#, r#"{}"#, r#"1.5"#),
        Example::gives(r#"0"#, r#"{}"#, r#"0"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#""x""#, r#"{}"#, ErrorCode::NumberInvalid),
    ],
};

pub(super) fn compile(_arguments: &mut Arguments<'_, '_>) -> Option<Operation> {
    Some(Operation::Abs)
}

pub(super) fn apply(value: Value<'_>) -> Made<Value<'_>> {
    Ok(Value::Decimal(value.decimal()?.abs()))
}
