//! `null_if`: null in place of a value.

use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "null_if",
    summary: "Makes the value null if it is one of the given ones; numbers are compared by value.",
    input: Kind::Any,
    output: Output::Same,
    arguments: &[Argument::required(
        "values",
        ArgumentKind::ComputedList(Kind::Any),
        "what means that there is no value",
    )],
    examples: &[
        Example::gives(r#""N/A""#, r#"{"values": ["N/A", "-"]}"#, r#"null"#),
        Example::gives(r#""7""#, r#"{"values": ["N/A", "-"]}"#, r#""7""#),
        Example::gives(r#"0.00"#, r#"{"values": [0]}"#, r#"null"#),
        Example::gives(r#""0""#, r#"{"values": [0]}"#, r#""0""#),
        Example::gives(r#"1"#, r#"{"values": [{"from": "$.key"}]}"#, r#"null"#),
        Example::gives(r#"null"#, r#"{"values": ["x"]}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct NullIf {
    values: Vec<Expression>,
}

impl Operation for NullIf {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        for other in &self.values {
            match evaluate(other, run)? {
                Value::Failed => return Ok(Value::Failed),
                other if value.same(other)? => return Ok(Value::Null),
                _ => {}
            }
        }
        Ok(value)
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let values = arguments.computed_list("values", Kind::Any)?;
    ready(NullIf {
        values: values.into_iter().map(|(value, _)| value).collect(),
    })
}
