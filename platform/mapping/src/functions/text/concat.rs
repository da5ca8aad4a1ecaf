//! `concat`: texts one after the other.

use tributary_model::error_code::ErrorCode;

use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::functions::bounds;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "concat",
    summary: "Puts texts one after the other, the value first; nulls are left out.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::required(
        "values",
        ArgumentKind::ComputedList(Kind::Text),
        "what follows the value",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(r#""A""#, r#"{"values": ["-", "B"]}"#, r#""A-B""#),
        Example::gives(
            r#""A""#,
            r#"{"values": [{"from": "$.in"}, {"formula": "null"}]}"#,
            r#""AA""#,
        ),
        Example::gives(r#"null"#, r#"{"values": ["B"]}"#, r#""B""#),
        Example::gives(r#""""#, r#"{"values": []}"#, r#""""#),
        Example::gives(
            r#""A""#,
            r#"{"values": [{"formula": "upper(src['in'])"}]}"#,
            r#""AA""#,
        ),
        Example::fails(r#"7"#, r#"{"values": ["B"]}"#, ErrorCode::ValueInvalid),
    ],
    takes_null: true,
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Concat {
    values: Vec<Expression>,
}

impl Operation for Concat {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let first = if value.is_null() { "" } else { value.text()? };
        let mut joined = run.text_buffer(first.len() + 32);
        joined.push_str(first);
        for value in &self.values {
            match evaluate(value, run)? {
                Value::Null => {}
                Value::Failed => return Ok(Value::Failed),
                part => joined.push_str(part.text()?),
            }
            bounds::check_growth(first.len(), joined.len())?;
        }
        Ok(Value::Text(joined.into_bump_str()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let values = arguments.computed_list("values", Kind::Text)?;
    ready(Concat {
        values: values.into_iter().map(|(value, _)| value).collect(),
    })
}
