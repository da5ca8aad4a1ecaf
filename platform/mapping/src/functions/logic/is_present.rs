//! `is_present`: whether there is something in the value.

use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "is_present",
    summary: "Tells whether the value is neither null nor a text of white space nor an empty list or object.",
    input: Kind::Any,
    output: Output::Is(Kind::Bool),
    examples: &[
        Example::gives(r#""x""#, r#"{}"#, r#"true"#),
        Example::gives(r#""  ""#, r#"{}"#, r#"false"#),
        Example::gives(r#"null"#, r#"{}"#, r#"false"#),
        Example::gives(r#"[]"#, r#"{}"#, r#"false"#),
        Example::gives(r#"{ }"#, r#"{}"#, r#"false"#),
        Example::gives(r#"[null]"#, r#"{}"#, r#"true"#),
        Example::gives(r#"0"#, r#"{}"#, r#"true"#),
    ],
    takes_null: true,
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct IsPresent;

impl Operation for IsPresent {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        Ok(Value::Bool(match value {
            Value::Null | Value::List([]) => false,
            Value::Text(text) => !text.trim().is_empty(),
            // between the brackets of an empty object or array there is only white space
            Value::Json(text) => !text
                .get(1..text.len().saturating_sub(1))
                .unwrap_or_default()
                .trim()
                .is_empty(),
            _ => true,
        }))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(IsPresent)
}
