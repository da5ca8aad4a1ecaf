//! `values`: the values of an object's members.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use super::object::members_of;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "values",
    summary: "Lists the values of an object’s members, in its order.",
    input: Kind::Json,
    output: Output::Is(Kind::List),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#"{"a":1,"b":null}"#, r#"{}"#, r#"[1,null]"#),
        Example::gives(r#"{"a":{"b":2}}"#, r#"{}"#, r#"[{"b":2}]"#),
        Example::gives(r#"{}"#, r#"{}"#, r#"[]"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#""a""#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Values;

impl Operation for Values {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let values = members_of(value, run)?.into_iter().map(|(_, value)| value);
        Ok(Value::List(
            ArenaVec::from_iter_in(values, run.arena).into_bump_slice(),
        ))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Values)
}
