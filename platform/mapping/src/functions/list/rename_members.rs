//! `rename_members`: an object with other names.

use std::collections::HashMap;

use tributary_model::error_code::ErrorCode;

use super::object::{last_wins, members_of, write_object};
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Constant, Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "rename_members",
    summary: "Gives members of an object other names; all others stay. A new name that the object has already counts once, with the value that stands later.",
    input: Kind::Json,
    output: Output::Is(Kind::Json),
    arguments: &[Argument::required(
        "names",
        ArgumentKind::Table,
        "old name and new name",
    )],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(
            r#"{"Kd-Nr":1,"b":2}"#,
            r#"{"names": {"Kd-Nr": "customer"}}"#,
            r#"{"customer":1,"b":2}"#,
        ),
        Example::gives(
            r#"{"a":1,"b":2}"#,
            r#"{"names": {"a": "b", "b": "a"}}"#,
            r#"{"b":1,"a":2}"#,
        ),
        Example::gives(r#"{"a":1,"b":2}"#, r#"{"names": {"a": "b"}}"#, r#"{"b":2}"#),
        Example::gives(r#"{"a":1}"#, r#"{"names": {"x": "y"}}"#, r#"{"a":1}"#),
        Example::gives(r#"null"#, r#"{"names": {"x": "y"}}"#, r#"null"#),
        Example::fails(r#"7"#, r#"{"names": {"x": "y"}}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct RenameMembers {
    names: HashMap<String, Box<str>>,
}

impl Operation for RenameMembers {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let members = members_of(value, run)?;
        let renamed = members.into_iter().map(|(name, value)| {
            let new: Option<&'a str> = self.names.get(name).map(|name| &**name);
            (new.unwrap_or(name), value)
        });
        let members = last_wins(renamed, run);
        Ok(write_object(members.into_iter(), run))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let mut names = HashMap::new();
    for (old, new) in arguments.table("names")? {
        let Constant::Text(new) = new else {
            return arguments.invalid("names", &format!("the new name of {old:?} must be a text"));
        };
        if names.insert(old, new).is_some() {
            return arguments.invalid("names", "an old name stands twice");
        }
    }
    ready(RenameMembers { names })
}
