//! `reverse`: the elements in the other order.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "reverse",
    summary: "Turns the order of the elements round.",
    input: Kind::List,
    output: Output::Is(Kind::List),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#"[1, 2, 3]"#, r#"{}"#, r#"[3,2,1]"#),
        Example::gives(r#"[{"a":1}, null]"#, r#"{}"#, r#"[null,{"a":1}]"#),
        Example::gives(r#"[]"#, r#"{}"#, r#"[]"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#""abc""#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Reverse;

impl Operation for Reverse {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let elements = value.elements(run)?;
        let turned = ArenaVec::from_iter_in(elements.iter().rev().copied(), run.arena);
        Ok(Value::List(turned.into_bump_slice()))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Reverse)
}
