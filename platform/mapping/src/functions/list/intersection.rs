//! `intersection`: the elements that another list has too.

use tributary_model::error_code::ErrorCode;

use super::membership::keep;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "intersection",
    summary: "Keeps the elements that are in another list too; a null list is empty.",
    input: Kind::List,
    output: Output::Is(Kind::List),
    arguments: &[Argument::required(
        "with",
        ArgumentKind::Computed(Kind::List),
        "the other list",
    )],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(
            r#"[1, 2, 3, 2]"#,
            r#"{"with": {"formula": "[2.0, 3, 4]"}}"#,
            r#"[2,3,2]"#,
        ),
        Example::gives(r#"["a"]"#, r#"{"with": {"from": "$.none"}}"#, r#"[]"#),
        Example::gives(r#"[]"#, r#"{"with": {"from": "$.in"}}"#, r#"[]"#),
        Example::gives(r#"null"#, r#"{"with": {"formula": "[1]"}}"#, r#"null"#),
        Example::fails(
            r#"[1]"#,
            r#"{"with": {"from": "$.key"}}"#,
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
struct Intersection {
    with: Expression,
}

impl Operation for Intersection {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        keep(value, &self.with, true, run)
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (with, _) = arguments.computed("with", Kind::List)?;
    ready(Intersection { with })
}
