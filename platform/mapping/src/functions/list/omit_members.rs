//! `omit_members`: an object without some members.

use std::collections::HashSet;

use tributary_model::error_code::ErrorCode;

use super::object::{members_of, write_object};
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "omit_members",
    summary: "Leaves the named members of an object out.",
    input: Kind::Json,
    output: Output::Is(Kind::Json),
    arguments: &[Argument::required(
        "names",
        ArgumentKind::Texts,
        "the members to leave out",
    )],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(
            r#"{"a":1,"b":2,"c":3}"#,
            r#"{"names": ["c", "a"]}"#,
            r#"{"b":2}"#,
        ),
        Example::gives(r#"{"a":1}"#, r#"{"names": ["x"]}"#, r#"{"a":1}"#),
        Example::gives(r#"{"a":1}"#, r#"{"names": ["a"]}"#, r#"{}"#),
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
struct OmitMembers {
    names: HashSet<String>,
}

impl Operation for OmitMembers {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let members = members_of(value, run)?;
        let kept = members
            .into_iter()
            .filter(|(name, _)| !self.names.contains(*name));
        Ok(write_object(kept, run))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(OmitMembers {
        names: arguments.texts("names")?.into_iter().collect(),
    })
}
