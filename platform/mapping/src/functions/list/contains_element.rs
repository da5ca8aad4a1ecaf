//! `contains_element`: whether a value is an element.

use tributary_model::error_code::ErrorCode;

use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "contains_element",
    summary: "Tells whether a value is one of the elements; numbers are compared by value, different types are different.",
    input: Kind::List,
    output: Output::Is(Kind::Bool),
    arguments: &[Argument::required(
        "value",
        ArgumentKind::Computed(Kind::Any),
        "the value to look for",
    )],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#"["a", "b"]"#, r#"{"value": "b"}"#, r#"true"#),
        Example::gives(r#"[1.0, 2]"#, r#"{"value": 1}"#, r#"true"#),
        Example::gives(r#"["1"]"#, r#"{"value": 1}"#, r#"false"#),
        Example::gives(r#"[null]"#, r#"{"value": null}"#, r#"true"#),
        Example::gives(r#"[1, 2]"#, r#"{"value": {"from": "$.key"}}"#, r#"true"#),
        Example::gives(r#"null"#, r#"{"value": "b"}"#, r#"null"#),
        Example::fails(r#""b""#, r#"{"value": "b"}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct ContainsElement {
    value: Expression,
}

impl Operation for ContainsElement {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let elements = value.elements(run)?;
        let wanted = match evaluate(&self.value, run)? {
            Value::Failed => return Ok(Value::Failed),
            wanted => wanted.decoded()?,
        };
        for element in elements {
            if wanted.same(*element)? {
                return Ok(Value::Bool(true));
            }
        }
        Ok(Value::Bool(false))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (value, _) = arguments.computed("value", Kind::Any)?;
    ready(ContainsElement { value })
}
