//! `index_where`: the place of the first element for which a condition holds.

use tributary_model::error_code::ErrorCode;

use super::each::holds;
use crate::decimal::Decimal;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "index_where",
    summary: "Tells the place, from 0, of the first element for which a condition holds; null if there is none.",
    input: Kind::List,
    output: Output::Is(Kind::Number),
    arguments: &[Argument::required(
        "where",
        ArgumentKind::ForEach(Kind::Bool),
        "a condition over it, the element",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::FormulaFailed],
    examples: &[
        Example::gives(r#"["a", "b", "b"]"#, r#"{"where": "it == 'b'"}"#, r#"1"#),
        Example::gives(r#"[{"n":1}]"#, r#"{"where": "it.n == 1"}"#, r#"0"#),
        Example::gives(r#"[]"#, r#"{"where": "it == 'b'"}"#, r#"null"#),
        Example::gives(r#"null"#, r#"{"where": "it == 'b'"}"#, r#"null"#),
        Example::fails(
            r#"["x"]"#,
            r#"{"where": "it > 2"}"#,
            ErrorCode::FormulaFailed,
        ),
        Example::fails(
            r#""b""#,
            r#"{"where": "it == 'b'"}"#,
            ErrorCode::ValueInvalid,
        ),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct IndexWhere {
    wanted: Expression,
}

impl Operation for IndexWhere {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        for (place, element) in value.elements(run)?.iter().enumerate() {
            match holds(&self.wanted, *element, run)? {
                Some(true) => return Ok(Value::Decimal(Decimal::from(place as i64))),
                Some(false) => {}
                None => return Ok(Value::Failed),
            }
        }
        Ok(Value::Null)
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (wanted, _) = arguments.for_each("where", Kind::Bool)?;
    ready(IndexWhere { wanted })
}
