//! `running_total`: the sums of the elements so far.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use super::each::By;
use crate::decimal::Decimal;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "running_total",
    summary: "Makes a list of the exact sums so far, of the numbers or of what a formula gives; a null adds nothing.",
    input: Kind::List,
    output: Output::Is(Kind::List),
    arguments: &[Argument::optional(
        "of",
        ArgumentKind::ForEach(Kind::Any),
        "a formula over it, the element; default: the element",
    )],
    fails_with: &[
        ErrorCode::ValueInvalid,
        ErrorCode::NumberInvalid,
        ErrorCode::FormulaFailed,
    ],
    examples: &[
        Example::gives(r#"[1, 2.5, -1]"#, r#"{}"#, r#"[1,3.5,2.5]"#),
        Example::gives(r#"[{"n":1},{},{"n":2}]"#, r#"{"of": "it.n"}"#, r#"[1,1,3]"#),
        Example::gives(r#"[]"#, r#"{}"#, r#"[]"#),
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
struct RunningTotal {
    of: By,
}

impl Operation for RunningTotal {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let elements = value.elements(run)?;
        let mut totals = ArenaVec::with_capacity_in(elements.len(), run.arena);
        let mut total = Decimal::ZERO;
        for element in elements {
            let number = match self.of.of(*element, run)? {
                Some(Value::Null) => Decimal::ZERO,
                Some(number) => number.decimal()?,
                None => return Ok(Value::Failed),
            };
            total = match total.add(number) {
                Ok(more) => more,
                Err(error) => {
                    return failure(ErrorCode::FormulaFailed, format!("the total has {error}"));
                }
            };
            totals.push(Value::Decimal(total));
        }
        Ok(Value::List(totals.into_bump_slice()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(RunningTotal {
        of: By::compile(arguments, "of")?,
    })
}
