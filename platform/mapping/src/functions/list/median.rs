//! `median`: the middle of numbers.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use crate::decimal::Decimal;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "median",
    summary: "Takes the number in the middle of the sorted numbers, or the mean of the two in the middle; nulls do not count, the median of nothing is null.",
    input: Kind::List,
    output: Output::Is(Kind::Number),
    fails_with: &[
        ErrorCode::ValueInvalid,
        ErrorCode::NumberInvalid,
        ErrorCode::FormulaFailed,
    ],
    examples: &[
        Example::gives(r#"[9, 1, 5]"#, r#"{}"#, r#"5"#),
        Example::gives(r#"[4, 1, 2, 3]"#, r#"{}"#, r#"2.5"#),
        Example::gives(r#"[null, 7]"#, r#"{}"#, r#"7"#),
        Example::gives(r#"[]"#, r#"{}"#, r#"null"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"[true]"#, r#"{}"#, ErrorCode::NumberInvalid),
        Example::fails(r#"7"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Median;

impl Operation for Median {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let mut numbers = ArenaVec::new_in(run.arena);
        for element in value.elements(run)?.iter().filter(|one| !one.is_null()) {
            numbers.push(element.decimal()?);
        }
        numbers.sort_unstable();
        let upper = numbers.len() / 2;
        let middle = match (numbers.len() % 2, numbers.get(upper).copied()) {
            (_, None) => return Ok(Value::Null),
            (1, Some(middle)) => Ok(middle),
            (_, Some(above)) => {
                let below = numbers.get(upper - 1).copied().unwrap_or(above);
                below
                    .add(above)
                    .and_then(|sum| sum.divide(Decimal::from(2)))
            }
        };
        match middle {
            Ok(middle) => Ok(Value::Decimal(middle)),
            Err(error) => failure(ErrorCode::FormulaFailed, format!("the median has {error}")),
        }
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Median)
}
