//! `is_unique`: whether no element stands twice.

use std::collections::HashSet;

use tributary_model::error_code::ErrorCode;

use super::each::By;
use super::key::Key;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "is_unique",
    summary: "Tells whether all elements differ, or what a formula gives for them. Nulls do not count.",
    input: Kind::List,
    output: Output::Is(Kind::Bool),
    arguments: &[Argument::optional(
        "by",
        ArgumentKind::ForEach(Kind::Any),
        "a formula over it, the element; default: the element",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::FormulaFailed],
    examples: &[
        Example::gives(r#"[1, 2, null, null]"#, r#"{}"#, r#"true"#),
        Example::gives(r#"[1, 1.0]"#, r#"{}"#, r#"false"#),
        Example::gives(
            r#"[{"line":1},{"line":1}]"#,
            r#"{"by": "it.line"}"#,
            r#"false"#,
        ),
        Example::gives(r#"[]"#, r#"{}"#, r#"true"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#""x""#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct IsUnique {
    by: By,
}

impl Operation for IsUnique {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let mut seen = HashSet::new();
        for element in value.elements(run)? {
            match self.by.of(*element, run)? {
                Some(Value::Null) => {}
                Some(key) => {
                    if !seen.insert(Key::of(key)?) {
                        return Ok(Value::Bool(false));
                    }
                }
                None => return Ok(Value::Failed),
            }
        }
        Ok(Value::Bool(true))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(IsUnique {
        by: By::compile(arguments, "by")?,
    })
}
