//! `distinct`: every element once.

use std::collections::HashSet;

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use super::each::By;
use super::key::Key;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "distinct",
    summary: "Keeps the first of the elements that are the same, or for which a formula gives the same. Numbers are compared by value, objects by their text.",
    input: Kind::List,
    output: Output::Is(Kind::List),
    arguments: &[Argument::optional(
        "by",
        ArgumentKind::ForEach(Kind::Any),
        "a formula over it, the element; default: the element",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::FormulaFailed],
    examples: &[
        Example::gives(r#"[1, 1.0, "1", null, null]"#, r#"{}"#, r#"[1,"1",null]"#),
        Example::gives(
            r#"[{"s":"a","n":1},{"s":"a","n":2}]"#,
            r#"{"by": "it.s"}"#,
            r#"[{"s":"a","n":1}]"#,
        ),
        Example::gives(r#"["a", "A"]"#, r#"{"by": "lower(it)"}"#, r#"["a"]"#),
        Example::gives(r#"[]"#, r#"{}"#, r#"[]"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#""aa""#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Distinct {
    by: By,
}

impl Operation for Distinct {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let mut seen = HashSet::new();
        let mut kept = ArenaVec::new_in(run.arena);
        for element in value.elements(run)? {
            let Some(key) = self.by.of(*element, run)? else {
                return Ok(Value::Failed);
            };
            if seen.insert(Key::of(key)?) {
                kept.push(*element);
            }
        }
        Ok(Value::List(kept.into_bump_slice()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Distinct {
        by: By::compile(arguments, "by")?,
    })
}
