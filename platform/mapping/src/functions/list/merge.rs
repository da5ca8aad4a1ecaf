//! `merge`: objects in one.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use super::bounds::check_elements;
use super::object::{last_wins, members_of, write_object};
use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "merge",
    summary: "Puts the members of further objects into the first; of a name that they share the later value counts. Not deep; null objects count as empty.",
    input: Kind::Json,
    output: Output::Is(Kind::Json),
    arguments: &[Argument::required(
        "with",
        ArgumentKind::ComputedList(Kind::Json),
        "the objects to add, in order",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(
            r#"{"a":1,"b":2}"#,
            r#"{"with": [{"formula": "to_object(entries(src['in']))"}]}"#,
            r#"{"a":1,"b":2}"#,
        ),
        Example::gives(
            r#"{"x":{"b":9},"b":2}"#,
            r#"{"with": [{"from": "$.in.x"}]}"#,
            r#"{"x":{"b":9},"b":9}"#,
        ),
        Example::gives(
            r#"{"a":1}"#,
            r#"{"with": [{"from": "$.none"}]}"#,
            r#"{"a":1}"#,
        ),
        Example::gives(r#"null"#, r#"{"with": []}"#, r#"{}"#),
        Example::fails(
            r#"{"a":1}"#,
            r#"{"with": [{"from": "$.key"}]}"#,
            ErrorCode::ValueInvalid,
        ),
        Example::fails(r#"[1]"#, r#"{"with": []}"#, ErrorCode::ValueInvalid),
    ],
    takes_null: true,
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Merge {
    with: Vec<Expression>,
}

impl Operation for Merge {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let mut members = ArenaVec::new_in(run.arena);
        if !value.is_null() {
            members.extend(members_of(value, run)?);
        }
        for object in &self.with {
            match evaluate(object, run)? {
                Value::Failed => return Ok(Value::Failed),
                Value::Null => {}
                object => members.extend(members_of(object, run)?),
            }
            check_elements(members.len())?;
        }
        let members = last_wins(members.into_iter(), run);
        Ok(write_object(members.into_iter(), run))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let with = arguments.computed_list("with", Kind::Json)?;
    ready(Merge {
        with: with.into_iter().map(|(object, _)| object).collect(),
    })
}
