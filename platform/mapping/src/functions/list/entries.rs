//! `entries`: an object as a list of names and values.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use super::object::{members_of, write_object};
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "entries",
    summary: "Makes a list of {\"name\": …, \"value\": …} of an object, in its order.",
    input: Kind::Json,
    output: Output::Is(Kind::List),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(
            r#"{"a":1,"b":{"c":[]}}"#,
            r#"{}"#,
            r#"[{"name":"a","value":1},{"name":"b","value":{"c":[]}}]"#,
        ),
        Example::gives(
            r#"{"a":1,"b":2,"a":3}"#,
            r#"{}"#,
            r#"[{"name":"a","value":3},{"name":"b","value":2}]"#,
        ),
        Example::gives(r#"{}"#, r#"{}"#, r#"[]"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"[1]"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Entries;

impl Operation for Entries {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let entries = members_of(value, run)?.into_iter().map(|(name, value)| {
            write_object(
                [("name", Value::Text(name)), ("value", value)].into_iter(),
                run,
            )
        });
        Ok(Value::List(
            ArenaVec::from_iter_in(entries, run.arena).into_bump_slice(),
        ))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Entries)
}
