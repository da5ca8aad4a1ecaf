//! `clamp`: a number brought into bounds.

use tributary_model::error_code::ErrorCode;

use crate::functions::computed::Computed;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "clamp",
    summary: "Gives the nearest number within the bounds. (range refuses a number outside of them.)",
    input: Kind::Number,
    output: Output::Is(Kind::Number),
    arguments: &[
        Argument::optional(
            "min",
            ArgumentKind::Computed(Kind::Number),
            "what smaller numbers become",
        ),
        Argument::optional(
            "max",
            ArgumentKind::Computed(Kind::Number),
            "what larger numbers become",
        ),
    ],
    fails_with: &[
        ErrorCode::NumberInvalid,
        ErrorCode::NumberRange,
        ErrorCode::ValueMissing,
    ],
    examples: &[
        Example::gives(r#"-3"#, r#"{"min": 0}"#, r#"0"#),
        Example::gives(r#"120"#, r#"{"min": 0, "max": 100}"#, r#"100"#),
        Example::gives(r#"50"#, r#"{"min": 0, "max": 100}"#, r#"50"#),
        Example::gives(r#"null"#, r#"{"max": 100}"#, r#"null"#),
        Example::fails(
            r#"5"#,
            r#"{"min": {"from": "$.key"}, "max": 0}"#,
            ErrorCode::NumberRange,
        ),
        Example::fails(r#""5""#, r#"{"min": 0}"#, ErrorCode::NumberInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Clamp {
    min: Option<Computed>,
    max: Option<Computed>,
}

impl Operation for Clamp {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let number = value.decimal()?;
        let (mut low, mut high) = (None, None);
        for (bound, found) in [(&self.min, &mut low), (&self.max, &mut high)] {
            if let Some(bound) = bound {
                *found = bound.number(run)?;
                if found.is_none() {
                    return Ok(Value::Failed);
                }
            }
        }
        if let (Some(low), Some(high)) = (low, high)
            && low > high
        {
            return failure(
                ErrorCode::NumberRange,
                format!("min is {low}, larger than max, which is {high}"),
            );
        }
        let raised = low.map_or(number, |low| number.max(low));
        Ok(Value::Decimal(high.map_or(raised, |high| raised.min(high))))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let min = Computed::optional(arguments, "min", Kind::Number)?;
    let max = Computed::optional(arguments, "max", Kind::Number)?;
    if min.is_none() && max.is_none() {
        return arguments.invalid("min", "min or max is needed");
    }
    ready(Clamp { min, max })
}
