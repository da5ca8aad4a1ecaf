//! `in`: whether the value is one of a list.

use super::signature::{Argument, ArgumentKind, Example, Output, Signature};
use super::{Arguments, Operation};
use crate::value::{Constant, Kind, Made, Value};

pub(super) const SIGNATURE: Signature = Signature {
    name: "in",
    summary: "Tells whether the value is one of the list.",
    input: Kind::Any,
    output: Output::Is(Kind::Bool),
    arguments: &[Argument::required(
        "values",
        ArgumentKind::Scalars,
        "what to compare with",
    )],
    fails_with: &[],
    examples: &[
        Example::gives(r#""A""#, r#"{"values": ["A", "B"]}"#, r#"true"#),
        Example::gives(r#""C""#, r#"{"values": ["A", "B"]}"#, r#"false"#),
        Example::gives(r#"2"#, r#"{"values": [1, 2.0]}"#, r#"true"#),
        Example::gives(r#""2""#, r#"{"values": [2]}"#, r#"false"#),
        Example::gives(r#"null"#, r#"{"values": ["A"]}"#, r#"null"#),
    ],
};

pub(super) fn compile(arguments: &mut Arguments<'_, '_>) -> Option<Operation> {
    Some(Operation::In {
        values: arguments.scalars("values")?.into(),
    })
}

pub(super) fn apply<'a>(value: Value<'a>, values: &[Constant]) -> Made<Value<'a>> {
    for other in values {
        if value.same(other.value())? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}
