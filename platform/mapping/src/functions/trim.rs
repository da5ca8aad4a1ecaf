//! `trim`: text without spaces at its ends.

use tributary_model::error_code::ErrorCode;

use super::signature::{Example, Output, Signature};
use super::{Arguments, Operation};
use crate::value::{Kind, Made, Value};

pub(super) const SIGNATURE: Signature = Signature {
    name: "trim",
    summary: "Cuts white space at both ends.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#"" a b  ""#, r#"{}"#, r#""a b""#),
        Example::gives(r#""\u00a0x\t""#, r#"{}"#, r#""x""#),
        Example::gives(r#""""#, r#"{}"#, r#""""#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"7"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
};

pub(super) fn compile(_arguments: &mut Arguments<'_, '_>) -> Option<Operation> {
    Some(Operation::Trim)
}

pub(super) fn apply(value: Value<'_>) -> Made<Value<'_>> {
    Ok(Value::Text(value.text()?.trim()))
}
