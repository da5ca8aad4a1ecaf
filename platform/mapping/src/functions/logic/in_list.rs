//! `in`: whether the value is one of a list.

use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Constant, Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
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
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct In {
    values: Box<[Constant]>,
}

impl Operation for In {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        apply(value, &self.values)
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(In {
        values: arguments.scalars("values")?.into(),
    })
}

fn apply<'a>(value: Value<'a>, values: &[Constant]) -> Made<Value<'a>> {
    for other in values {
        if value.same(other.value())? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}
