//! `negate`: a number with the other sign.

use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "negate",
    summary: "Turns the sign of a number, as for a credit note.",
    input: Kind::Number,
    output: Output::Is(Kind::Number),
    fails_with: &[ErrorCode::NumberInvalid],
    examples: &[
        Example::gives(r#"1.5"#, r#"{}"#, r#"-1.5"#),
        Example::gives(r#"-1.5"#, r#"{}"#, r#"1.5"#),
        Example::gives(r#"0"#, r#"{}"#, r#"0"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#""1.5""#, r#"{}"#, ErrorCode::NumberInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Negate;

impl Operation for Negate {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        Ok(Value::Decimal(value.decimal()?.negate()))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Negate)
}
