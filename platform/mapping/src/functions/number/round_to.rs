//! `round_to`: the nearest multiple of a step.

use tributary_model::error_code::ErrorCode;

use super::{MODE, made};
use crate::decimal::{Decimal, Rounding};
use crate::functions::computed::Computed;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "round_to",
    summary: "Rounds to a multiple of a step: 0.05 for Swiss cash, 12 for the dozen.",
    input: Kind::Number,
    output: Output::Is(Kind::Number),
    arguments: &[
        Argument::required(
            "step",
            ArgumentKind::Computed(Kind::Number),
            "the step, above 0",
        ),
        MODE,
    ],
    fails_with: &[
        ErrorCode::NumberInvalid,
        ErrorCode::NumberRange,
        ErrorCode::ValueMissing,
        ErrorCode::FormulaFailed,
    ],
    examples: &[
        Example::gives(r#"7.23"#, r#"{"step": 0.05}"#, r#"7.25"#),
        Example::gives(r#"7.225"#, r#"{"step": 0.05, "mode": "down"}"#, r#"7.2"#),
        Example::gives(r#"17"#, r#"{"step": 12, "mode": "up"}"#, r#"24"#),
        Example::gives(r#"-7.225"#, r#"{"step": 0.05}"#, r#"-7.25"#),
        Example::gives(r#"null"#, r#"{"step": 0.05}"#, r#"null"#),
        Example::fails(r#"7"#, r#"{"step": 0}"#, ErrorCode::NumberRange),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct RoundTo {
    step: Computed,
    mode: Rounding,
}

impl Operation for RoundTo {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let number = value.decimal()?;
        let Some(step) = self.step.number(run)? else {
            return Ok(Value::Failed);
        };
        if step <= Decimal::ZERO {
            return failure(
                ErrorCode::NumberRange,
                format!("the step is {step}, it must be above 0"),
            );
        }
        made(number.round_to_multiple(step, self.mode))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(RoundTo {
        step: Computed::required(arguments, "step", Kind::Number)?,
        mode: arguments.rounding(),
    })
}
