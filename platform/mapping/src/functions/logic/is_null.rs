//! `is_null`: whether there is no value.

use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "is_null",
    summary: "Tells whether the value is null. A missing member is null; an empty text is not.",
    input: Kind::Any,
    output: Output::Is(Kind::Bool),
    examples: &[
        Example::gives(r#"null"#, r#"{}"#, r#"true"#),
        Example::gives(r#""""#, r#"{}"#, r#"false"#),
        Example::gives(r#"0"#, r#"{}"#, r#"false"#),
        Example::gives(r#"[]"#, r#"{}"#, r#"false"#),
        Example::gives(r#"false"#, r#"{}"#, r#"false"#),
    ],
    takes_null: true,
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct IsNull;

impl Operation for IsNull {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        Ok(Value::Bool(value.is_null()))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(IsNull)
}
