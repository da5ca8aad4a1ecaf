//! `map`: a formula over every element.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "map",
    summary: "Makes a list of what a formula makes of each element.",
    input: Kind::List,
    output: Output::Is(Kind::List),
    arguments: &[Argument::required(
        "to",
        ArgumentKind::ForEach(Kind::Any),
        "a formula over it, the element",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::FormulaFailed],
    examples: &[
        Example::gives(r#"[1, 2.5]"#, r#"{"to": "it * 2"}"#, r#"[2,5]"#),
        Example::gives(
            r#"[{"sku":"a"},{"sku":"b"}]"#,
            r#"{"to": "upper(it.sku)"}"#,
            r#"["A","B"]"#,
        ),
        Example::gives(r#"[{"n":1},{}]"#, r#"{"to": "it.n"}"#, r#"[1,null]"#),
        Example::gives(r#"null"#, r#"{"to": "it"}"#, r#"null"#),
        Example::fails(r#"{}"#, r#"{"to": "it"}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Map {
    to: Expression,
}

impl Operation for Map {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let elements = value.elements(run)?;
        let mut made = ArenaVec::with_capacity_in(elements.len(), run.arena);
        for element in elements {
            match run.with_item(*element, || evaluate(&self.to, run))? {
                Value::Failed => return Ok(Value::Failed),
                value => made.push(value),
            }
        }
        Ok(Value::List(made.into_bump_slice()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (to, _) = arguments.for_each("to", Kind::Any)?;
    ready(Map { to })
}
