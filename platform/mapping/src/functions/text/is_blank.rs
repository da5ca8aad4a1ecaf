//! `is_blank`: whether a text says nothing.

use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "is_blank",
    summary: "Says whether the value is null, empty, or only white space.",
    input: Kind::Text,
    output: Output::Is(Kind::Bool),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""  \t""#, r#"{}"#, r#"true"#),
        Example::gives(r#""""#, r#"{}"#, r#"true"#),
        Example::gives(r#"null"#, r#"{}"#, r#"true"#),
        Example::gives(r#"" x ""#, r#"{}"#, r#"false"#),
        Example::gives(r#""\u00a0""#, r#"{}"#, r#"true"#),
        Example::fails(r#"0"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
    takes_null: true,
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct IsBlank;

impl Operation for IsBlank {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        if value.is_null() {
            return Ok(Value::Bool(true));
        }
        Ok(Value::Bool(value.text()?.trim().is_empty()))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(IsBlank)
}
