//! `equals`: whether the value is a given one.

use super::signature::{Argument, ArgumentKind, Example, Output, Signature};
use super::{Arguments, Operation};
use crate::value::{Constant, Kind, Made, Value};

pub(super) const SIGNATURE: Signature = Signature {
    name: "equals",
    summary: "Tells whether the value is the given one; null is only null.",
    input: Kind::Any,
    output: Output::Is(Kind::Bool),
    arguments: &[Argument::required(
        "value",
        ArgumentKind::Scalar,
        "what to compare with",
    )],
    fails_with: &[],
    examples: &[
        Example::gives(r#""A""#, r#"{"value": "A"}"#, r#"true"#),
        Example::gives(r#""a""#, r#"{"value": "A"}"#, r#"false"#),
        Example::gives(r#"1.0"#, r#"{"value": 1}"#, r#"true"#),
        Example::gives(r#"null"#, r#"{"value": null}"#, r#"true"#),
        Example::gives(r#"null"#, r#"{"value": "A"}"#, r#"false"#),
    ],
};

pub(super) fn compile(arguments: &mut Arguments<'_, '_>) -> Option<Operation> {
    Some(Operation::Equals {
        value: arguments.scalar("value")?,
    })
}

pub(super) fn apply<'a>(value: Value<'a>, other: &Constant) -> Made<Value<'a>> {
    Ok(Value::Bool(value.same(other.value())?))
}
