//! `range_list`: numbers from one to another.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use super::bounds::check_elements;
use crate::decimal::Decimal;
use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "range_list",
    summary: "Lists the numbers from the value to another, both included, as far as the steps reach it.",
    input: Kind::Number,
    output: Output::Is(Kind::List),
    arguments: &[
        Argument::required(
            "to",
            ArgumentKind::Computed(Kind::Number),
            "the last number",
        ),
        Argument::optional(
            "step",
            ArgumentKind::Computed(Kind::Number),
            "the distance, not 0; default 1; negative counts down",
        ),
    ],
    fails_with: &[
        ErrorCode::NumberInvalid,
        ErrorCode::NumberRange,
        ErrorCode::FormulaFailed,
        ErrorCode::RecordTooLarge,
    ],
    examples: &[
        Example::gives(r#"1"#, r#"{"to": 3}"#, r#"[1,2,3]"#),
        Example::gives(r#"1"#, r#"{"to": 0}"#, r#"[]"#),
        Example::gives(r#"0"#, r#"{"to": 1, "step": 0.4}"#, r#"[0,0.4,0.8]"#),
        Example::gives(r#"3"#, r#"{"to": 1, "step": -1}"#, r#"[3,2,1]"#),
        Example::gives(r#"null"#, r#"{"to": 3}"#, r#"null"#),
        Example::fails(r#"1"#, r#"{"to": 3, "step": 0}"#, ErrorCode::NumberRange),
        Example::fails(r#"1"#, r#"{"to": 1000000}"#, ErrorCode::RecordTooLarge),
        Example::fails(r#""1""#, r#"{"to": 3}"#, ErrorCode::NumberInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct RangeList {
    to: Expression,
    step: Expression,
}

impl Operation for RangeList {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let mut number = value.decimal()?;
        let to = match evaluate(&self.to, run)? {
            Value::Failed => return Ok(Value::Failed),
            to => to.decimal()?,
        };
        let step = match evaluate(&self.step, run)? {
            Value::Failed => return Ok(Value::Failed),
            Value::Null => Decimal::from(1),
            step => step.decimal()?,
        };
        if step == Decimal::ZERO {
            return failure(ErrorCode::NumberRange, "a range in steps of 0 has no end");
        }
        let mut numbers = ArenaVec::new_in(run.arena);
        while if step > Decimal::ZERO {
            number <= to
        } else {
            number >= to
        } {
            numbers.push(Value::Decimal(number));
            check_elements(numbers.len())?;
            number = match number.add(step) {
                Ok(next) => next,
                Err(error) => {
                    return failure(
                        ErrorCode::FormulaFailed,
                        format!("a number of the range has {error}"),
                    );
                }
            };
        }
        Ok(Value::List(numbers.into_bump_slice()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (to, _) = arguments.computed("to", Kind::Number)?;
    let (step, _) = arguments.computed("step", Kind::Number)?;
    ready(RangeList { to, step })
}
