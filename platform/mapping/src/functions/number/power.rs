//! `power`: a number multiplied with itself.

use tributary_model::error_code::ErrorCode;

use super::made;
use crate::decimal::Decimal;
use crate::functions::computed::Computed;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

/// Largest exponent; 2^126 has 38 digits.
const LIMIT: i64 = 1000;

const SIGNATURE: Signature = Signature {
    name: "power",
    summary: "Raises a number to a whole power, exactly; a negative exponent gives the reciprocal, as divide does. Fails beyond 38 digits: round the base first.",
    input: Kind::Number,
    output: Output::Is(Kind::Number),
    arguments: &[Argument::required(
        "exponent",
        ArgumentKind::Computed(Kind::Number),
        "whole number, -1000 to 1000",
    )],
    fails_with: &[
        ErrorCode::NumberInvalid,
        ErrorCode::NumberRange,
        ErrorCode::ValueMissing,
        ErrorCode::FormulaFailed,
    ],
    examples: &[
        Example::gives(r#"2"#, r#"{"exponent": 10}"#, r#"1024"#),
        Example::gives(r#"1.05"#, r#"{"exponent": 3}"#, r#"1.157625"#),
        Example::gives(r#"10"#, r#"{"exponent": -2}"#, r#"0.01"#),
        Example::gives(r#"0"#, r#"{"exponent": 0}"#, r#"1"#),
        Example::gives(r#"null"#, r#"{"exponent": 2}"#, r#"null"#),
        Example::fails(r#"2"#, r#"{"exponent": 0.5}"#, ErrorCode::NumberInvalid),
        Example::fails(r#"10"#, r#"{"exponent": 38}"#, ErrorCode::FormulaFailed),
        Example::fails(r#"0"#, r#"{"exponent": -1}"#, ErrorCode::FormulaFailed),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Power {
    exponent: Computed,
}

impl Operation for Power {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let number = value.decimal()?;
        let Some(exponent) = self.exponent.whole(LIMIT, run)? else {
            return Ok(Value::Failed);
        };
        let times = u32::try_from(exponent.unsigned_abs()).unwrap_or(u32::MAX);
        let power = number.power(times);
        made(if exponent < 0 {
            power.and_then(|power| Decimal::from(1).divide(power))
        } else {
            power
        })
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Power {
        exponent: Computed::required(arguments, "exponent", Kind::Number)?,
    })
}
