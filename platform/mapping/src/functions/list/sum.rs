//! `sum`: the exact sum of numbers.

use tributary_model::error_code::ErrorCode;

use crate::decimal::Decimal;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "sum",
    summary: "Adds the numbers of a list up, exactly; nulls do not count, the sum of nothing is 0.",
    input: Kind::List,
    output: Output::Is(Kind::Number),
    fails_with: &[
        ErrorCode::ValueInvalid,
        ErrorCode::NumberInvalid,
        ErrorCode::FormulaFailed,
    ],
    examples: &[
        Example::gives(r#"[0.1, 0.2, null]"#, r#"{}"#, r#"0.3"#),
        Example::gives(r#"[]"#, r#"{}"#, r#"0"#),
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
struct Sum;

impl Operation for Sum {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let mut sum = Decimal::ZERO;
        for element in value.elements(run)? {
            if element.is_null() {
                continue;
            }
            match sum.add(element.decimal()?) {
                Ok(more) => sum = more,
                Err(error) => {
                    return failure(ErrorCode::FormulaFailed, format!("the sum has {error}"));
                }
            }
        }
        Ok(Value::Decimal(sum))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Sum)
}
