//! `default`: a constant or parameter in place of null.

use super::signature::{Argument, ArgumentKind, Example, Output, Signature};
use super::{Arguments, Operation};
use crate::value::{Constant, Kind, Made, Value};

pub(super) const SIGNATURE: Signature = Signature {
    name: "default",
    summary: "Puts a value in place of null.",
    input: Kind::Any,
    output: Output::SameOr,
    arguments: &[
        Argument::optional(
            "value",
            ArgumentKind::Scalar,
            "the value; either this or param",
        ),
        Argument::optional("param", ArgumentKind::Text, "name of a parameter"),
    ],
    fails_with: &[],
    examples: &[
        Example::gives(r#"null"#, r#"{"value": "0"}"#, r#""0""#),
        Example::gives(r#""x""#, r#"{"value": "0"}"#, r#""x""#),
        Example::gives(r#""""#, r#"{"value": "0"}"#, r#""""#),
        Example::gives(r#"null"#, r#"{"value": 0.5}"#, r#"0.5"#),
        Example::gives(r#"false"#, r#"{"value": true}"#, r#"false"#),
    ],
};

pub(super) fn compile(arguments: &mut Arguments<'_, '_>) -> Option<Operation> {
    match (
        arguments.scalar("value"),
        arguments.text("param").map(str::to_owned),
    ) {
        (Some(value), None) => Some(Operation::Default { value }),
        (None, Some(name)) => {
            let value = arguments.param("param", &name)?;
            Some(Operation::Default { value })
        }
        _ => arguments.invalid("value", "exactly one of value and param is needed"),
    }
}

pub(super) fn apply<'a>(value: Value<'a>, default: &'a Constant) -> Made<Value<'a>> {
    Ok(if value.is_null() {
        default.value()
    } else {
        value
    })
}
