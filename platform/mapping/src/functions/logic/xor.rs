//! `xor`: whether one of two booleans is true, and only one.

use tributary_model::error_code::ErrorCode;

use super::truth::truth;
use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "xor",
    summary: "Tells whether exactly one of the value and another boolean is true.",
    input: Kind::Bool,
    output: Output::Is(Kind::Bool),
    arguments: &[Argument::required(
        "with",
        ArgumentKind::Computed(Kind::Bool),
        "the other",
    )],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#"true"#, r#"{"with": false}"#, r#"true"#),
        Example::gives(r#"true"#, r#"{"with": true}"#, r#"false"#),
        Example::gives(
            r#"false"#,
            r#"{"with": {"formula": "src.key == 1"}}"#,
            r#"true"#,
        ),
        Example::gives(r#"null"#, r#"{"with": true}"#, r#"null"#),
        Example::fails(r#""x""#, r#"{"with": true}"#, ErrorCode::ValueInvalid),
        Example::fails(
            r#"true"#,
            r#"{"with": {"from": "$.none"}}"#,
            ErrorCode::ValueInvalid,
        ),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Xor {
    with: Expression,
}

impl Operation for Xor {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        match evaluate(&self.with, run)? {
            Value::Failed => Ok(Value::Failed),
            with => Ok(Value::Bool(truth(value)? != truth(with)?)),
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (with, _) = arguments.computed("with", Kind::Bool)?;
    ready(Xor { with })
}
