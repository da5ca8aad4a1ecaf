//! `type_of`: the type of a value as a word.

use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "type_of",
    summary: "Names the type of the value: null, boolean, number, text, date, datetime, list or object.",
    input: Kind::Any,
    output: Output::Is(Kind::Text),
    examples: &[
        Example::gives(r#""1""#, r#"{}"#, r#""text""#),
        Example::gives(r#"1.0"#, r#"{}"#, r#""number""#),
        Example::gives(r#"[1]"#, r#"{}"#, r#""list""#),
        Example::gives(r#"{}"#, r#"{}"#, r#""object""#),
        Example::gives(r#"true"#, r#"{}"#, r#""boolean""#),
        Example::gives(r#"null"#, r#"{}"#, r#""null""#),
    ],
    takes_null: true,
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct TypeOf;

impl Operation for TypeOf {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        Ok(Value::Text(match value {
            Value::Failed => return Ok(Value::Failed),
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Text(_) => "text",
            Value::Number(_) | Value::Decimal(_) => "number",
            Value::Date(_) => "date",
            Value::DateTime(_) => "datetime",
            Value::Json(text) if text.starts_with('{') => "object",
            Value::Json(_) | Value::List(_) => "list",
        }))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(TypeOf)
}
