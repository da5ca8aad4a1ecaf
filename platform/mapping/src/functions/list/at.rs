//! `at`: the element at a place.

use tributary_model::error_code::ErrorCode;

use super::bounds::whole;
use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "at",
    summary: "Takes the element at a place, counted from 0, or from the end with a negative number (-1 is the last); null if there is none.",
    input: Kind::List,
    output: Output::Is(Kind::Any),
    arguments: &[Argument::required(
        "index",
        ArgumentKind::Computed(Kind::Number),
        "the place",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::NumberInvalid],
    examples: &[
        Example::gives(r#"["a", "b", "c"]"#, r#"{"index": 1}"#, r#""b""#),
        Example::gives(r#"["a", "b", "c"]"#, r#"{"index": -1}"#, r#""c""#),
        Example::gives(
            r#"["a", "b", "c"]"#,
            r#"{"index": {"formula": "1 + 1"}}"#,
            r#""c""#,
        ),
        Example::gives(r#"["a"]"#, r#"{"index": 7}"#, r#"null"#),
        Example::gives(r#"null"#, r#"{"index": 0}"#, r#"null"#),
        Example::fails(r#"["a"]"#, r#"{"index": 0.5}"#, ErrorCode::NumberInvalid),
        Example::fails(r#"7"#, r#"{"index": 0}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct At {
    index: Expression,
}

impl Operation for At {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let elements = value.elements(run)?;
        let index = match evaluate(&self.index, run)? {
            Value::Failed => return Ok(Value::Failed),
            index => whole(index, "index")?,
        };
        let place = if index < 0 {
            index.saturating_add(elements.len() as i64)
        } else {
            index
        };
        Ok(usize::try_from(place)
            .ok()
            .and_then(|place| elements.get(place).copied())
            .unwrap_or(Value::Null))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (index, _) = arguments.computed("index", Kind::Number)?;
    ready(At { index })
}
