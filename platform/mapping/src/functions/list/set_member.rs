//! `set_member`: an object with a member set.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use super::object::{last_wins, members_of, write_object};
use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "set_member",
    summary: "Sets a member of an object: in its place if it is there, otherwise at the end. Null counts as an empty object.",
    input: Kind::Json,
    output: Output::Is(Kind::Json),
    arguments: &[
        Argument::required("name", ArgumentKind::Computed(Kind::Text), "the member"),
        Argument::required("value", ArgumentKind::Computed(Kind::Any), "its value"),
    ],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(
            r#"{"a":1,"b":2}"#,
            r#"{"name": "a", "value": "x"}"#,
            r#"{"a":"x","b":2}"#,
        ),
        Example::gives(
            r#"{"a":1}"#,
            r#"{"name": "b", "value": {"formula": "src['in'].a + 1"}}"#,
            r#"{"a":1,"b":2}"#,
        ),
        Example::gives(
            r#"null"#,
            r#"{"name": "a", "value": null}"#,
            r#"{"a":null}"#,
        ),
        Example::gives(
            r#"{}"#,
            r#"{"name": "a\"", "value": 0.10}"#,
            r#"{"a\"":0.1}"#,
        ),
        Example::fails(
            r#"[1]"#,
            r#"{"name": "a", "value": 1}"#,
            ErrorCode::ValueInvalid,
        ),
        Example::fails(
            r#"{}"#,
            r#"{"name": {"from": "$.none"}, "value": 1}"#,
            ErrorCode::ValueInvalid,
        ),
    ],
    takes_null: true,
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct SetMember {
    name: Expression,
    value: Expression,
}

impl Operation for SetMember {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let (name, set) = match (evaluate(&self.name, run)?, evaluate(&self.value, run)?) {
            (Value::Failed, _) | (_, Value::Failed) => return Ok(Value::Failed),
            (name, set) => (name.text()?, set),
        };
        let mut members = match value {
            Value::Null => ArenaVec::new_in(run.arena),
            value => members_of(value, run)?,
        };
        members.push((name, set));
        let members = last_wins(members.into_iter(), run);
        Ok(write_object(members.into_iter(), run))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (name, _) = arguments.computed("name", Kind::Text)?;
    let (value, _) = arguments.computed("value", Kind::Any)?;
    ready(SetMember { name, value })
}
