//! `any`: whether a condition holds for an element.

use tributary_model::error_code::ErrorCode;

use super::each::holds;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "any",
    summary: "Tells whether a condition holds for at least one element; false for an empty list.",
    input: Kind::List,
    output: Output::Is(Kind::Bool),
    arguments: &[Argument::required(
        "where",
        ArgumentKind::ForEach(Kind::Bool),
        "a condition over it, the element",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::FormulaFailed],
    examples: &[
        Example::gives(r#"[1, 5]"#, r#"{"where": "it > 2"}"#, r#"true"#),
        Example::gives(r#"[1, 2]"#, r#"{"where": "it > 2"}"#, r#"false"#),
        Example::gives(r#"[]"#, r#"{"where": "it > 2"}"#, r#"false"#),
        Example::gives(r#"null"#, r#"{"where": "it > 2"}"#, r#"null"#),
        Example::fails(
            r#"["x"]"#,
            r#"{"where": "it > 2"}"#,
            ErrorCode::FormulaFailed,
        ),
        Example::fails(r#""x""#, r#"{"where": "it > 2"}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Any {
    wanted: Expression,
}

impl Operation for Any {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        for element in value.elements(run)? {
            match holds(&self.wanted, *element, run)? {
                Some(true) => return Ok(Value::Bool(true)),
                Some(false) => {}
                None => return Ok(Value::Failed),
            }
        }
        Ok(Value::Bool(false))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (wanted, _) = arguments.for_each("where", Kind::Bool)?;
    ready(Any { wanted })
}
