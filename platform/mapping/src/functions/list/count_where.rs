//! `count_where`: for how many elements a condition holds.

use tributary_model::error_code::ErrorCode;

use super::each::holds;
use crate::decimal::Decimal;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "count_where",
    summary: "Tells for how many elements a condition holds.",
    input: Kind::List,
    output: Output::Is(Kind::Number),
    arguments: &[Argument::required(
        "where",
        ArgumentKind::ForEach(Kind::Bool),
        "a condition over it, the element",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::FormulaFailed],
    examples: &[
        Example::gives(r#"[1, 5, 7]"#, r#"{"where": "it > 2"}"#, r#"2"#),
        Example::gives(
            r#"[{"s":"open"},{}]"#,
            r#"{"where": "it.s == null"}"#,
            r#"1"#,
        ),
        Example::gives(r#"[]"#, r#"{"where": "it > 2"}"#, r#"0"#),
        Example::gives(r#"null"#, r#"{"where": "it > 2"}"#, r#"null"#),
        Example::fails(
            r#"[null]"#,
            r#"{"where": "it > 2"}"#,
            ErrorCode::FormulaFailed,
        ),
        Example::fails(r#"3"#, r#"{"where": "it > 2"}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct CountWhere {
    wanted: Expression,
}

impl Operation for CountWhere {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let mut count = 0;
        for element in value.elements(run)? {
            match holds(&self.wanted, *element, run)? {
                Some(true) => count += 1,
                Some(false) => {}
                None => return Ok(Value::Failed),
            }
        }
        Ok(Value::Decimal(Decimal::from(count)))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (wanted, _) = arguments.for_each("where", Kind::Bool)?;
    ready(CountWhere { wanted })
}
