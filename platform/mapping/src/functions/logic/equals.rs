//! `equals`: whether the value is a given one.

use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "equals",
    summary: "Tells whether the value is the given one; null is only null.",
    input: Kind::Any,
    output: Output::Is(Kind::Bool),
    arguments: &[Argument::required(
        "value",
        ArgumentKind::Computed(Kind::Any),
        "what to compare with",
    )],
    fails_with: &[],
    examples: &[
        Example::gives(r#""A""#, r#"{"value": "A"}"#, r#"true"#),
        Example::gives(r#""a""#, r#"{"value": "A"}"#, r#"false"#),
        Example::gives(r#"1.0"#, r#"{"value": 1}"#, r#"true"#),
        Example::gives(r#"null"#, r#"{"value": null}"#, r#"true"#),
        Example::gives(r#"null"#, r#"{"value": "A"}"#, r#"false"#),
    ],
    takes_null: true,
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Equals {
    value: Expression,
}

impl Operation for Equals {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        match evaluate(&self.value, run)? {
            Value::Failed => Ok(Value::Failed),
            other => Ok(Value::Bool(value.same(other)?)),
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (value, _) = arguments.computed("value", Kind::Any)?;
    ready(Equals { value })
}
