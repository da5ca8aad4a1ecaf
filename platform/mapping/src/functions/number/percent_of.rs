//! `percent_of`: a part as a percentage of the whole.

use tributary_model::error_code::ErrorCode;

use super::{MODE, made};
use crate::decimal::{Decimal, Rounding};
use crate::functions::computed::{Computed, scale_or};
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "percent_of",
    summary: "Tells how many percent of a whole the value is: 12 is 24 percent of 50. (tax_amount gives 24 percent of a value.)",
    input: Kind::Number,
    output: Output::Is(Kind::Number),
    arguments: &[
        Argument::required("whole", ArgumentKind::Computed(Kind::Number), "100 percent"),
        Argument::optional(
            "scale",
            ArgumentKind::Computed(Kind::Number),
            "decimals of the percentage, 0 to 38; default 2",
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
        Example::gives(r#"12"#, r#"{"whole": 50}"#, r#"24"#),
        Example::gives(r#"1"#, r#"{"whole": 3}"#, r#"33.33"#),
        Example::gives(r#"2"#, r#"{"whole": 3, "scale": 0}"#, r#"67"#),
        Example::gives(r#"60"#, r#"{"whole": 50}"#, r#"120"#),
        Example::gives(r#"null"#, r#"{"whole": 50}"#, r#"null"#),
        Example::fails(r#"1"#, r#"{"whole": 0}"#, ErrorCode::FormulaFailed),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct PercentOf {
    whole: Computed,
    scale: Option<Computed>,
    mode: Rounding,
}

impl Operation for PercentOf {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let part = value.decimal()?;
        let (Some(whole), Some(scale)) = (
            self.whole.number(run)?,
            scale_or(self.scale.as_ref(), 2, run)?,
        ) else {
            return Ok(Value::Failed);
        };
        let hundredfold = part.multiply(Decimal::from(100));
        made(hundredfold.and_then(|part| part.divide_to(whole, scale, self.mode)))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(PercentOf {
        whole: Computed::required(arguments, "whole", Kind::Number)?,
        scale: Computed::optional(arguments, "scale", Kind::Number)?,
        mode: arguments.rounding(),
    })
}
