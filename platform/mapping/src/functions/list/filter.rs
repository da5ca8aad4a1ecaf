//! `filter`: the elements for which a condition holds.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use crate::formula::evaluate::condition;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "filter",
    summary: "Keeps the elements for which a condition holds.",
    input: Kind::List,
    output: Output::Is(Kind::List),
    arguments: &[Argument::required(
        "keep",
        ArgumentKind::ForEach(Kind::Bool),
        "a condition over it, the element",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::FormulaFailed],
    examples: &[
        Example::gives(r#"[1, 5, 3]"#, r#"{"keep": "it > 2"}"#, r#"[5,3]"#),
        Example::gives(
            r#"[{"kind":"A","n":1},{"kind":"B"}]"#,
            r#"{"keep": "it.kind == 'A'"}"#,
            r#"[{"kind":"A","n":1}]"#,
        ),
        Example::gives(r#"[]"#, r#"{"keep": "it > 2"}"#, r#"[]"#),
        Example::gives(r#"null"#, r#"{"keep": "it > 2"}"#, r#"null"#),
        Example::fails(r#""x""#, r#"{"keep": "it > 2"}"#, ErrorCode::ValueInvalid),
        Example::fails(
            r#"["x"]"#,
            r#"{"keep": "it > 2"}"#,
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
struct Filter {
    keep: Expression,
}

impl Operation for Filter {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let elements = value.elements(run)?;
        let mut kept = ArenaVec::new_in(run.arena);
        for element in elements {
            match run.with_item(*element, || condition(&self.keep, run))? {
                Some(true) => kept.push(*element),
                Some(false) => {}
                None => return Ok(Value::Failed),
            }
        }
        Ok(Value::List(kept.into_bump_slice()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (keep, _) = arguments.for_each("keep", Kind::Bool)?;
    ready(Filter { keep })
}
