//! `compare`: whether the value stands in an order to another.

use tributary_model::error_code::ErrorCode;

use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "compare",
    summary: "Compares numbers, texts (by code points), dates or instants with a value of the same type.",
    input: Kind::Any,
    output: Output::Is(Kind::Bool),
    arguments: &[
        Argument::required(
            "operator",
            ArgumentKind::Text,
            "less, less_or_equal, equal, not_equal, greater_or_equal or greater",
        ),
        Argument::required(
            "value",
            ArgumentKind::Computed(Kind::Any),
            "what to compare with",
        ),
    ],
    fails_with: &[ErrorCode::FormulaFailed],
    examples: &[
        Example::gives(r#"5"#, r#"{"operator": "less", "value": 7}"#, r#"true"#),
        Example::gives(
            r#"5"#,
            r#"{"operator": "greater_or_equal", "value": 5.0}"#,
            r#"true"#,
        ),
        Example::gives(
            r#""b""#,
            r#"{"operator": "greater", "value": "a"}"#,
            r#"true"#,
        ),
        Example::gives(
            r#"1"#,
            r#"{"operator": "equal", "value": {"from": "$.key"}}"#,
            r#"true"#,
        ),
        Example::gives(
            r#""1""#,
            r#"{"operator": "not_equal", "value": 1}"#,
            r#"true"#,
        ),
        Example::gives(r#"null"#, r#"{"operator": "less", "value": 7}"#, r#"null"#),
        Example::fails(
            r#""5""#,
            r#"{"operator": "less", "value": 7}"#,
            ErrorCode::FormulaFailed,
        ),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Compare {
    operator: &'static str,
    value: Expression,
}

impl Operation for Compare {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let other = match evaluate(&self.value, run)? {
            Value::Failed => return Ok(Value::Failed),
            other => other,
        };
        Ok(Value::Bool(match self.operator {
            "equal" => value.same(other)?,
            "not_equal" => !value.same(other)?,
            "less" => value.order(other)?.is_lt(),
            "less_or_equal" => value.order(other)?.is_le(),
            "greater" => value.order(other)?.is_gt(),
            _ => value.order(other)?.is_ge(),
        }))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let operator = arguments.word(
        "operator",
        &[
            "less",
            "less_or_equal",
            "equal",
            "not_equal",
            "greater_or_equal",
            "greater",
        ],
    )?;
    let (value, _) = arguments.computed("value", Kind::Any)?;
    ready(Compare { operator, value })
}
