//! `pick_members`: some members of an object.

use std::collections::HashSet;

use tributary_model::error_code::ErrorCode;

use super::object::{members_of, write_object};
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "pick_members",
    summary: "Keeps the named members of an object, in the order of the names; those that it does not have are left out.",
    input: Kind::Json,
    output: Output::Is(Kind::Json),
    arguments: &[Argument::required(
        "names",
        ArgumentKind::Texts,
        "the members to keep",
    )],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(
            r#"{"a":1,"b":2,"c":3}"#,
            r#"{"names": ["c", "a"]}"#,
            r#"{"c":3,"a":1}"#,
        ),
        Example::gives(r#"{"a":1}"#, r#"{"names": ["x"]}"#, r#"{}"#),
        Example::gives(r#"{"a":1,"a":2}"#, r#"{"names": ["a"]}"#, r#"{"a":2}"#),
        Example::gives(r#"null"#, r#"{"names": ["a"]}"#, r#"null"#),
        Example::fails(r#"["a"]"#, r#"{"names": ["a"]}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct PickMembers {
    names: Box<[String]>,
}

impl Operation for PickMembers {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let members = members_of(value, run)?;
        let kept = self.names.iter().filter_map(|name| {
            let found = members.iter().find(|(member, _)| *member == name.as_str());
            found.map(|(_, value)| (name.as_str(), *value))
        });
        Ok(write_object(kept, run))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let names = arguments.texts("names")?;
    let mut seen = HashSet::new();
    if names.iter().all(|name| seen.insert(name)) {
        return ready(PickMembers {
            names: names.into(),
        });
    }
    arguments.invalid("names", "a name stands twice")
}
