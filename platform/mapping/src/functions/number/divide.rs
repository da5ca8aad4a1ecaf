//! `divide`: a quotient, rounded once.

use tributary_model::error_code::ErrorCode;

use super::{MODE, made};
use crate::decimal::Rounding;
use crate::functions::computed::Computed;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "divide",
    summary: "Divides by a number. With scale the exact quotient is rounded once; without, it is exact if it ends within 18 decimals, otherwise rounded half-even there.",
    input: Kind::Number,
    output: Output::Is(Kind::Number),
    arguments: &[
        Argument::required("by", ArgumentKind::Computed(Kind::Number), "the divisor"),
        Argument::optional(
            "scale",
            ArgumentKind::Computed(Kind::Number),
            "decimals to keep, 0 to 38",
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
        Example::gives(r#"10"#, r#"{"by": 4}"#, r#"2.5"#),
        Example::gives(r#"10"#, r#"{"by": 3, "scale": 2}"#, r#"3.33"#),
        Example::gives(
            r#"1"#,
            r#"{"by": 8, "scale": 2, "mode": "half_even"}"#,
            r#"0.12"#,
        ),
        Example::gives(r#"2"#, r#"{"by": 3}"#, r#"0.666666666666666667"#),
        Example::gives(r#"null"#, r#"{"by": 3}"#, r#"null"#),
        Example::fails(r#"1"#, r#"{"by": 0}"#, ErrorCode::FormulaFailed),
        Example::fails(r#"1"#, r#"{"by": 3, "scale": 39}"#, ErrorCode::NumberRange),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Divide {
    by: Computed,
    scale: Option<Computed>,
    mode: Rounding,
}

impl Operation for Divide {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let number = value.decimal()?;
        let Some(by) = self.by.number(run)? else {
            return Ok(Value::Failed);
        };
        let Some(scale) = &self.scale else {
            return made(number.divide(by));
        };
        match scale.scale(run)? {
            Some(scale) => made(number.divide_to(by, scale, self.mode)),
            None => Ok(Value::Failed),
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let by = Computed::required(arguments, "by", Kind::Number)?;
    let scale = Computed::optional(arguments, "scale", Kind::Number)?;
    let mode = arguments.rounding();
    ready(Divide { by, scale, mode })
}
