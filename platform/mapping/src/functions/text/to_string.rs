//! `to_string`: any scalar as text.

use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "to_string",
    summary: "Makes a text of a number (its digits), boolean (true, false) or date (yyyy-MM-dd).",
    input: Kind::Any,
    output: Output::Is(Kind::Text),
    arguments: &[],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#"4711"#, r#"{}"#, r#""4711""#),
        Example::gives(r#"1.50"#, r#"{}"#, r#""1.50""#),
        Example::gives(r#"1e3"#, r#"{}"#, r#""1000""#),
        Example::gives(r#"true"#, r#"{}"#, r#""true""#),
        Example::gives(r#""x""#, r#"{}"#, r#""x""#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"[1]"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct ToString;

impl Operation for ToString {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        apply(value, run)
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(ToString)
}

fn apply<'a>(value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
    let text = match value {
        Value::Text(text) => text,
        // digits as found; an exponent is written out
        Value::Number(digits) if !digits.contains(['e', 'E']) => digits,
        Value::Number(_) | Value::Decimal(_) => run.display(value.decimal()?),
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        Value::Date(date) => run.display(date),
        Value::DateTime(instant) => run.display(instant),
        Value::Json(_) | Value::List(_) | Value::Null | Value::Failed => {
            return failure(
                ErrorCode::ValueInvalid,
                format!("a {} where a single value is needed", value.kind_word()),
            );
        }
    };
    Ok(Value::Text(text))
}
