//! `not`: the opposite of a boolean.

use tributary_model::error_code::ErrorCode;

use super::truth::truth;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "not",
    summary: "Makes true of false and false of true.",
    input: Kind::Bool,
    output: Output::Is(Kind::Bool),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#"true"#, r#"{}"#, r#"false"#),
        Example::gives(r#"false"#, r#"{}"#, r#"true"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#""false""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(r#"0"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Not;

impl Operation for Not {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        Ok(Value::Bool(!truth(value)?))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Not)
}
