//! `sign`: -1, 0 or 1.

use tributary_model::error_code::ErrorCode;

use crate::decimal::Decimal;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "sign",
    summary: "Gives -1 for a negative number, 0 for zero, 1 for a positive one.",
    input: Kind::Number,
    output: Output::Is(Kind::Number),
    fails_with: &[ErrorCode::NumberInvalid],
    examples: &[
        Example::gives(r#"-0.01"#, r#"{}"#, r#"-1"#),
        Example::gives(r#"0.00"#, r#"{}"#, r#"0"#),
        Example::gives(r#"7"#, r#"{}"#, r#"1"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#""7""#, r#"{}"#, ErrorCode::NumberInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Sign;

impl Operation for Sign {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        let sign = value.decimal()?.mantissa().signum();
        Ok(Value::Decimal(
            Decimal::new(sign, 0).unwrap_or(Decimal::ZERO),
        ))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Sign)
}
