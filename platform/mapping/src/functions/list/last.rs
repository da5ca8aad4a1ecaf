//! `last`: the last element.

use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "last",
    summary: "Takes the last element; null if there is none.",
    input: Kind::List,
    output: Output::Is(Kind::Any),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#"["a", "b"]"#, r#"{}"#, r#""b""#),
        Example::gives(r#"[1, null]"#, r#"{}"#, r#"null"#),
        Example::gives(r#"[]"#, r#"{}"#, r#"null"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"true"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Last;

impl Operation for Last {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        Ok(value.elements(run)?.last().copied().unwrap_or(Value::Null))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Last)
}
