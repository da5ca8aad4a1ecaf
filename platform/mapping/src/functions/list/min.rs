//! `min`: the least of the elements.

use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "min",
    summary: "Takes the least of numbers, texts, dates or instants, which must be of one type; nulls do not count, the least of nothing is null.",
    input: Kind::List,
    output: Output::Is(Kind::Any),
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::FormulaFailed],
    examples: &[
        Example::gives(r#"[3, 1.5, null]"#, r#"{}"#, r#"1.5"#),
        Example::gives(r#"["b", "a"]"#, r#"{}"#, r#""a""#),
        Example::gives(r#"[]"#, r#"{}"#, r#"null"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"[1, "a"]"#, r#"{}"#, ErrorCode::FormulaFailed),
        Example::fails(r#"7"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Min;

impl Operation for Min {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let mut least = Value::Null;
        for element in value.elements(run)? {
            if element.is_null() {
                continue;
            }
            // a value of a type without an order is refused even if it is alone
            let other = if least.is_null() { *element } else { least };
            if element.order(other)?.is_lt() || least.is_null() {
                least = *element;
            }
        }
        Ok(least)
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Min)
}
