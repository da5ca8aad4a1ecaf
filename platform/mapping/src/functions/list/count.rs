//! `count`: how many elements.

use tributary_model::error_code::ErrorCode;

use crate::decimal::Decimal;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "count",
    summary: "Tells how many elements a list has; nulls count too.",
    input: Kind::List,
    output: Output::Is(Kind::Number),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#"[1, null, "x"]"#, r#"{}"#, r#"3"#),
        Example::gives(r#"[]"#, r#"{}"#, r#"0"#),
        Example::gives(r#"[{"a":[1,2]}]"#, r#"{}"#, r#"1"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"{"a":1}"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Count;

impl Operation for Count {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let count = value.elements(run)?.len();
        Ok(Value::Decimal(Decimal::from(count as i64)))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Count)
}
