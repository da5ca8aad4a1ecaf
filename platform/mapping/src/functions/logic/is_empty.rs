//! `is_empty`: whether there is no value.

use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "is_empty",
    summary: "Tells whether the value is null or an empty text.",
    input: Kind::Any,
    output: Output::Is(Kind::Bool),
    arguments: &[],
    fails_with: &[],
    examples: &[
        Example::gives(r#"null"#, r#"{}"#, r#"true"#),
        Example::gives(r#""""#, r#"{}"#, r#"true"#),
        Example::gives(r#""x""#, r#"{}"#, r#"false"#),
        Example::gives(r#"0"#, r#"{}"#, r#"false"#),
        Example::gives(r#"false"#, r#"{}"#, r#"false"#),
    ],
    takes_null: true,
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct IsEmpty;

impl Operation for IsEmpty {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        apply(value)
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(IsEmpty)
}

fn apply(value: Value<'_>) -> Made<Value<'_>> {
    Ok(Value::Bool(matches!(value, Value::Null | Value::Text(""))))
}
