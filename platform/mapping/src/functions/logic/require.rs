//! `require`: fails with a message of the mapping unless a condition holds.

use tributary_model::error_code::ErrorCode;

use super::truth::told;
use crate::formula::evaluate::condition;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "require",
    summary: "Passes the value on if a condition over it holds; otherwise the value is an error with the given message.",
    input: Kind::Any,
    output: Output::Same,
    arguments: &[
        Argument::required(
            "that",
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
            r#"5"#,
            r#"{"that": "it > 0", "message": "the quantity must be positive"}"#,
            r#"5"#,
        ),
        Example::fails(
            r#"-5"#,
            r#"{"that": "it > 0", "message": "the quantity must be positive"}"#,
            ErrorCode::ValueInvalid,
        ),
        Example::fails(
            r#"null"#,
            r#"{"that": "it != null", "message": "a customer is needed"}"#,
            ErrorCode::ValueInvalid,
        ),
        Example::gives(
            r#"null"#,
            r#"{"that": "it == null or it > 0", "message": "not {value}"}"#,
            r#"null"#,
        ),
        Example::gives(
            r#""x""#,
            r#"{"that": "it == 'x' and src.key == 1", "message": "-"}"#,
            r#""x""#,
        ),
        Example::fails(
            r#""x""#,
            r#"{"that": "it > 0", "message": "-"}"#,
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
struct Require {
    that: Expression,
    message: Box<str>,
}

impl Operation for Require {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        match run.with_item(value, || condition(&self.that, run))? {
            Some(true) => Ok(value),
            Some(false) => told(&self.message, value, run),
            None => Ok(Value::Failed),
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (that, _) = arguments.for_each("that", Kind::Bool)?;
    ready(Require {
        that,
        message: arguments.text("message")?.into(),
    })
}
