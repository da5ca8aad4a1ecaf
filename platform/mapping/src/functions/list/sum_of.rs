//! `sum_of`: the exact sum of what a formula gives for each element.

use tributary_model::error_code::ErrorCode;

use super::each::made;
use crate::decimal::Decimal;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "sum_of",
    summary: "Adds up what a formula gives for each element, exactly; nulls do not count, the sum of nothing is 0.",
    input: Kind::List,
    output: Output::Is(Kind::Number),
    arguments: &[Argument::required(
        "of",
        ArgumentKind::ForEach(Kind::Number),
        "a formula over it, the element",
    )],
    fails_with: &[
        ErrorCode::ValueInvalid,
        ErrorCode::NumberInvalid,
        ErrorCode::FormulaFailed,
    ],
    examples: &[
        Example::gives(
            r#"[{"q":2,"p":1.10},{"q":3,"p":0.05}]"#,
            r#"{"of": "it.q * it.p"}"#,
            r#"2.35"#,
        ),
        Example::gives(r#"[{"n":1},{}]"#, r#"{"of": "it.n"}"#, r#"1"#),
        Example::gives(r#"[]"#, r#"{"of": "it"}"#, r#"0"#),
        Example::gives(r#"null"#, r#"{"of": "it"}"#, r#"null"#),
        Example::fails(r#"["1"]"#, r#"{"of": "it"}"#, ErrorCode::NumberInvalid),
        Example::fails(r#"[null]"#, r#"{"of": "it * 2"}"#, ErrorCode::FormulaFailed),
        Example::fails(r#"7"#, r#"{"of": "it"}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct SumOf {
    of: Expression,
}

impl Operation for SumOf {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let mut sum = Decimal::ZERO;
        for element in value.elements(run)? {
            let number = match made(&self.of, *element, run)? {
                Some(Value::Null) => continue,
                Some(number) => number.decimal()?,
                None => return Ok(Value::Failed),
            };
            sum = match sum.add(number) {
                Ok(more) => more,
                Err(error) => {
                    return failure(ErrorCode::FormulaFailed, format!("the sum has {error}"));
                }
            };
        }
        Ok(Value::Decimal(sum))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (of, _) = arguments.for_each("of", Kind::Number)?;
    ready(SumOf { of })
}
