//! `difference`: the elements that another list does not have.

use tributary_model::error_code::ErrorCode;

use super::membership::keep;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "difference",
    summary: "Keeps the elements that are not in another list; a null list is empty.",
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
            r#"[1, 2, 3]"#,
            r#"{"with": {"formula": "[2.0, 4]"}}"#,
            r#"[1,3]"#,
        ),
        Example::gives(r#"["a"]"#, r#"{"with": {"from": "$.none"}}"#, r#"["a"]"#),
        Example::gives(r#"[]"#, r#"{"with": {"formula": "[1]"}}"#, r#"[]"#),
        Example::gives(r#"null"#, r#"{"with": {"formula": "[1]"}}"#, r#"null"#),
        Example::fails(
            r#"7"#,
            r#"{"with": {"formula": "[1]"}}"#,
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
struct Difference {
    with: Expression,
}

impl Operation for Difference {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        keep(value, &self.with, false, run)
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (with, _) = arguments.computed("with", Kind::List)?;
    ready(Difference { with })
}
