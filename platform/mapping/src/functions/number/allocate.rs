//! `allocate`: a total split by weights without losing a cent.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use super::shares::{SplitError, split};
use crate::functions::computed::{Computed, ComputedList};
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure, failure_with_hint};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "allocate",
    summary: "Splits a total by weights into a list of amounts that add up to it exactly, by the largest remainder: what is left over goes, unit by unit, to the shares that lost most by rounding down, the first ones among equals.",
    input: Kind::Number,
    output: Output::Is(Kind::List),
    arguments: &[
        Argument::required(
            "scale",
            ArgumentKind::Computed(Kind::Number),
            "decimals of the amounts, 0 to 38; for a currency: currency_scale(…)",
        ),
        Argument::required(
            "weights",
            ArgumentKind::ComputedList(Kind::Number),
            "numbers that are not negative, or lists of them; at most 100000",
        ),
    ],
    fails_with: &[
        ErrorCode::NumberInvalid,
        ErrorCode::NumberRange,
        ErrorCode::ValueMissing,
        ErrorCode::ValueInvalid,
        ErrorCode::FormulaFailed,
    ],
    examples: &[
        Example::gives(
            r#"100"#,
            r#"{"scale": 2, "weights": [1, 1, 1]}"#,
            r#"[33.34,33.33,33.33]"#,
        ),
        Example::gives(
            r#"0.05"#,
            r#"{"scale": 2, "weights": [30, 70]}"#,
            r#"[0.02,0.03]"#,
        ),
        Example::gives(
            r#"-10"#,
            r#"{"scale": 0, "weights": [{"formula": "[2, 1]"}]}"#,
            r#"[-7,-3]"#,
        ),
        Example::gives(r#"7"#, r#"{"scale": 2, "weights": [0, 5]}"#, r#"[0,7]"#),
        Example::gives(r#"null"#, r#"{"scale": 2, "weights": [1]}"#, r#"null"#),
        Example::fails(
            r#"100"#,
            r#"{"scale": 2, "weights": [0, 0]}"#,
            ErrorCode::NumberRange,
        ),
        Example::fails(
            r#"0.005"#,
            r#"{"scale": 2, "weights": [1, 1]}"#,
            ErrorCode::NumberInvalid,
        ),
        Example::fails(
            r#"100"#,
            r#"{"scale": 2, "weights": [1, {"from": "$.weight"}]}"#,
            ErrorCode::ValueMissing,
        ),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Allocate {
    scale: Computed,
    weights: ComputedList,
}

impl Operation for Allocate {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let total = value.decimal()?;
        let (Some(scale), Some(values)) = (self.scale.scale(run)?, self.weights.values(run)?)
        else {
            return Ok(Value::Failed);
        };
        let mut weights = Vec::with_capacity(values.len());
        for (place, weight) in values.iter().enumerate() {
            if weight.is_null() {
                return failure_with_hint(
                    ErrorCode::ValueMissing,
                    format!("weight {} is null", place + 1),
                    "fill it in the source, or say that it counts as 0: coalesce(…, 0)",
                );
            }
            weights.push(weight.decimal()?);
        }
        match split(total, scale, &weights) {
            Ok(shares) => {
                let shares = shares.into_iter().map(Value::Decimal);
                let list = ArenaVec::from_iter_in(shares, run.arena);
                Ok(Value::List(list.into_bump_slice()))
            }
            Err(SplitError::NoWeight) => failure(
                ErrorCode::NumberRange,
                format!("the {} weights add up to 0", weights.len()),
            ),
            Err(SplitError::Negative(weight)) => failure(
                ErrorCode::NumberRange,
                format!("the weight {weight} is negative"),
            ),
            Err(SplitError::Fraction) => failure_with_hint(
                ErrorCode::NumberInvalid,
                format!("the total {total} has more than {scale} decimals"),
                "round the total before",
            ),
            Err(SplitError::TooLarge) => failure(
                ErrorCode::FormulaFailed,
                "total and weights have more digits than can be multiplied",
            ),
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Allocate {
        scale: Computed::required(arguments, "scale", Kind::Number)?,
        weights: ComputedList::compile(arguments, "weights")?,
    })
}
