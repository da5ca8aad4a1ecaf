//! `avg`: the mean of numbers.

use tributary_model::error_code::ErrorCode;

use super::bounds::rounding;
use crate::decimal::{Decimal, DecimalError, Rounding};
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "avg",
    summary: "Takes the mean of the numbers of a list; nulls do not count, the mean of nothing is null. Exact if it ends within 18 decimals, otherwise rounded half-even there; with scale rounded once more.",
    input: Kind::List,
    output: Output::Is(Kind::Number),
    arguments: &[
        Argument::optional("scale", ArgumentKind::Integer, "decimals to round to"),
        Argument::optional(
            "mode",
            ArgumentKind::Rounding,
            "how to round; default half_up",
        ),
    ],
    fails_with: &[
        ErrorCode::ValueInvalid,
        ErrorCode::NumberInvalid,
        ErrorCode::FormulaFailed,
    ],
    examples: &[
        Example::gives(r#"[1, 2, null]"#, r#"{}"#, r#"1.5"#),
        Example::gives(r#"[1, 2, 2]"#, r#"{"scale": 2}"#, r#"1.67"#),
        Example::gives(r#"[1, 2, 2]"#, r#"{"scale": 2, "mode": "down"}"#, r#"1.66"#),
        Example::gives(r#"[]"#, r#"{}"#, r#"null"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"["1"]"#, r#"{}"#, ErrorCode::NumberInvalid),
        Example::fails(r#"7"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Avg {
    rounding: Option<(u8, Rounding)>,
}

impl Operation for Avg {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let mut sum = Decimal::ZERO;
        let mut count = 0;
        for element in value.elements(run)? {
            if element.is_null() {
                continue;
            }
            count += 1;
            sum = sum.add(element.decimal()?).or_else(overflow)?;
        }
        if count == 0 {
            return Ok(Value::Null);
        }
        let mean = sum.divide(Decimal::from(count)).or_else(overflow)?;
        Ok(Value::Decimal(match self.rounding {
            Some((scale, mode)) => mean.round(scale, mode),
            None => mean,
        }))
    }
}

fn overflow<T>(error: DecimalError) -> Made<T> {
    failure(ErrorCode::FormulaFailed, format!("the mean has {error}"))
}
fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Avg {
        rounding: rounding(arguments)?,
    })
}
