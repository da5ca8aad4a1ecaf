//! `is_empty`: whether there is no value.

use super::signature::{Example, Output, Signature};
use super::{Arguments, Operation};
use crate::value::{Kind, Made, Value};

pub(super) const SIGNATURE: Signature = Signature {
    name: "is_empty",
    summary: "Tells whether the value is null or an empty text.",
    input: Kind::Any,
    output: Output::Is(Kind::Bool),
    arguments: &[],
    fails_with: &[],
    examples: &[
        Example::gives(r#"null"#, r#"{}"#, r#"true"#),
        Example::gives(r#""""#, r#"{}"#, r#"true"#),
        Example::gives(r#""x""#, r#"{}"#, r#"false"#),
        Example::gives(r#"0"#, r#"{}"#, r#"false"#),
        Example::gives(r#"false"#, r#"{}"#, r#"false"#),
    ],
};

pub(super) fn compile(_arguments: &mut Arguments<'_, '_>) -> Option<Operation> {
    Some(Operation::IsEmpty)
}

pub(super) fn apply(value: Value<'_>) -> Made<Value<'_>> {
    Ok(Value::Bool(matches!(value, Value::Null | Value::Text(""))))
}
