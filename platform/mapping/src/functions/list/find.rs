//! `find`: the first element for which a condition holds.

use tributary_model::error_code::ErrorCode;

use super::each::holds;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "find",
    summary: "Takes the first element for which a condition holds; null if there is none.",
    input: Kind::List,
    output: Output::Is(Kind::Any),
    arguments: &[Argument::required(
        "where",
        ArgumentKind::ForEach(Kind::Bool),
        "a condition over it, the element",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::FormulaFailed],
    examples: &[
        Example::gives(
            r#"[{"t":"ship","city":"Ulm"},{"t":"bill","city":"Bonn"}]"#,
            r#"{"where": "it.t == 'bill'"}"#,
            r#"{"t":"bill","city":"Bonn"}"#,
        ),
        Example::gives(r#"[1, 5, 7]"#, r#"{"where": "it > 2"}"#, r#"5"#),
        Example::gives(r#"[1]"#, r#"{"where": "it > 2"}"#, r#"null"#),
        Example::gives(r#"null"#, r#"{"where": "it > 2"}"#, r#"null"#),
        Example::fails(
            r#"[null]"#,
            r#"{"where": "it > 2"}"#,
            ErrorCode::FormulaFailed,
        ),
        Example::fails(r#"1"#, r#"{"where": "it > 2"}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Find {
    keep: Expression,
}

impl Operation for Find {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        for element in value.elements(run)? {
            match holds(&self.keep, *element, run)? {
                Some(true) => return Ok(*element),
                Some(false) => {}
                None => return Ok(Value::Failed),
            }
        }
        Ok(Value::Null)
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (keep, _) = arguments.for_each("where", Kind::Bool)?;
    ready(Find { keep })
}
