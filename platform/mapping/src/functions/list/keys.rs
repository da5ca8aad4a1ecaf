//! `keys`: the names of an object's members.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use super::object::members_of;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "keys",
    summary: "Lists the names of an object’s members, in its order.",
    input: Kind::Json,
    output: Output::Is(Kind::List),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#"{"a":1,"b":null}"#, r#"{}"#, r#"["a","b"]"#),
        Example::gives(r#"{"\u0061\n":1}"#, r#"{}"#, r#"["a\n"]"#),
        Example::gives(r#"{}"#, r#"{}"#, r#"[]"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"["a"]"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Keys;

impl Operation for Keys {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let names = members_of(value, run)?
            .into_iter()
            .map(|(name, _)| Value::Text(name));
        Ok(Value::List(
            ArenaVec::from_iter_in(names, run.arena).into_bump_slice(),
        ))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Keys)
}
