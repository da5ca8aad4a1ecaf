//! `fail_if`: fails with a message of the mapping if a condition holds.

use tributary_model::error_code::ErrorCode;

use super::truth::told;
use crate::formula::evaluate::condition;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "fail_if",
    summary: "Makes the value an error with the given message if a condition over it holds; otherwise passes it on.",
    input: Kind::Any,
    output: Output::Same,
    arguments: &[
        Argument::required(
            "when",
            ArgumentKind::ForEach(Kind::Bool),
            "a condition over it, the value",
        ),
        Argument::required(
            "message",
            ArgumentKind::Text,
            "what the customer reads; {value} stands for the value, in quotes",
        ),
    ],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::FormulaFailed],
    examples: &[
        Example::gives(
            r#""EUR""#,
            r#"{"when": "it == 'DEM'", "message": "{value} is no longer in use"}"#,
            r#""EUR""#,
        ),
        Example::fails(
            r#""DEM""#,
            r#"{"when": "it == 'DEM'", "message": "{value} is no longer in use"}"#,
            ErrorCode::ValueInvalid,
        ),
        Example::fails(
            r#"null"#,
            r#"{"when": "it == null", "message": "a price is needed"}"#,
            ErrorCode::ValueInvalid,
        ),
        Example::gives(
            r#"null"#,
            r#"{"when": "it == ''", "message": "-"}"#,
            r#"null"#,
        ),
        Example::fails(
            r#"null"#,
            r#"{"when": "it < 0", "message": "-"}"#,
            ErrorCode::FormulaFailed,
        ),
    ],
    takes_null: true,
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct FailIf {
    when: Expression,
    message: Box<str>,
}

impl Operation for FailIf {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        match run.with_item(value, || condition(&self.when, run))? {
            Some(true) => told(&self.message, value, run),
            Some(false) => Ok(value),
            None => Ok(Value::Failed),
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (when, _) = arguments.for_each("when", Kind::Bool)?;
    ready(FailIf {
        when,
        message: arguments.text("message")?.into(),
    })
}
