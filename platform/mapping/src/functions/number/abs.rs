//! `abs`: a number without its sign.

use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "abs",
    summary: "Takes the sign away.",
    input: Kind::Number,
    output: Output::Is(Kind::Number),
    arguments: &[],
    fails_with: &[ErrorCode::NumberInvalid],
    examples: &[
        Example::gives(r#"-1.5"#, r#"{}"#, r#"1.5"#),
        Example::gives(r#"1.5"#, r#"{}"#, r#"1.5"#),
        Example::gives(r#"0"#, r#"{}"#, r#"0"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#""x""#, r#"{}"#, ErrorCode::NumberInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Abs;

impl Operation for Abs {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        apply(value)
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Abs)
}

fn apply(value: Value<'_>) -> Made<Value<'_>> {
    Ok(Value::Decimal(value.decimal()?.abs()))
}
