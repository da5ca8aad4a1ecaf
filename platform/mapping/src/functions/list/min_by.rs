//! `min_by`: the element for which a formula gives the least.

use std::cmp::Ordering;

use tributary_model::error_code::ErrorCode;

use super::extreme::extreme;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "min_by",
    summary: "Takes the element for which a formula gives the least value; of several the first. Nulls do not count; null if nothing is left.",
    input: Kind::List,
    output: Output::Is(Kind::Any),
    arguments: &[Argument::required(
        "by",
        ArgumentKind::ForEach(Kind::Any),
        "a formula over it, the element",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::FormulaFailed],
    examples: &[
        Example::gives(
            r#"[{"s":"a","p":3},{"s":"b","p":1}]"#,
            r#"{"by": "it.p"}"#,
            r#"{"s":"b","p":1}"#,
        ),
        Example::gives(r#"["bb", "aa"]"#, r#"{"by": "it"}"#, r#""aa""#),
        Example::gives(r#"[{"p":null}]"#, r#"{"by": "it.p"}"#, r#"null"#),
        Example::gives(r#"null"#, r#"{"by": "it.p"}"#, r#"null"#),
        Example::fails(
            r#"[{"p":1},{"p":"x"}]"#,
            r#"{"by": "it.p"}"#,
            ErrorCode::FormulaFailed,
        ),
        Example::fails(r#"7"#, r#"{"by": "it"}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct MinBy {
    by: Expression,
}

impl Operation for MinBy {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        extreme(value, &self.by, Ordering::Less, run)
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (by, _) = arguments.for_each("by", Kind::Any)?;
    ready(MinBy { by })
}
