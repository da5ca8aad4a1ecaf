//! `skip`: the elements after the start.

use tributary_model::error_code::ErrorCode;

use super::bounds::how_many;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "skip",
    summary: "Leaves so many elements out, from the start.",
    input: Kind::List,
    output: Output::Is(Kind::List),
    arguments: &[Argument::required(
        "count",
        ArgumentKind::Computed(Kind::Number),
        "how many; 0 or more",
    )],
    fails_with: &[
        ErrorCode::ValueInvalid,
        ErrorCode::NumberInvalid,
        ErrorCode::NumberRange,
    ],
    examples: &[
        Example::gives(r#"[1, 2, 3]"#, r#"{"count": 2}"#, r#"[3]"#),
        Example::gives(r#"[1]"#, r#"{"count": 5}"#, r#"[]"#),
        Example::gives(r#"[1]"#, r#"{"count": 0}"#, r#"[1]"#),
        Example::gives(r#"null"#, r#"{"count": 1}"#, r#"null"#),
        Example::fails(r#"[1]"#, r#"{"count": -1}"#, ErrorCode::NumberRange),
        Example::fails(r#"[1]"#, r#"{"count": 1.5}"#, ErrorCode::NumberInvalid),
        Example::fails(r#""abc""#, r#"{"count": 1}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Skip {
    count: Expression,
}

impl Operation for Skip {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let elements = value.elements(run)?;
        let Some(count) = how_many(&self.count, run)? else {
            return Ok(Value::Failed);
        };
        Ok(Value::List(elements.get(count..).unwrap_or_default()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (count, _) = arguments.computed("count", Kind::Number)?;
    ready(Skip { count })
}
