//! `first`: the first element.

use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "first",
    summary: "Takes the first element; null if there is none.",
    input: Kind::List,
    output: Output::Is(Kind::Any),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#"["a", "b"]"#, r#"{}"#, r#""a""#),
        Example::gives(r#"[{"n":1}]"#, r#"{}"#, r#"{"n":1}"#),
        Example::gives(r#"[]"#, r#"{}"#, r#"null"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#""a""#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct First;

impl Operation for First {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        Ok(value.elements(run)?.first().copied().unwrap_or(Value::Null))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(First)
}
