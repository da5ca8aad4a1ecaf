//! `append`: lists one after the other.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use super::bounds::check_elements;
use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "append",
    summary: "Puts the elements of further lists after those of the first; null lists count as empty.",
    input: Kind::List,
    output: Output::Is(Kind::List),
    arguments: &[Argument::required(
        "lists",
        ArgumentKind::ComputedList(Kind::List),
        "the lists to add, in order",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(
            r#"[1]"#,
            r#"{"lists": [{"formula": "[2, 3]"}]}"#,
            r#"[1,2,3]"#,
        ),
        Example::gives(
            r#"[1]"#,
            r#"{"lists": [{"from": "$.none"}, {"from": "$.in"}]}"#,
            r#"[1,1]"#,
        ),
        Example::gives(r#"[]"#, r#"{"lists": []}"#, r#"[]"#),
        Example::gives(r#"null"#, r#"{"lists": [{"formula": "[2]"}]}"#, r#"[2]"#),
        Example::fails(
            r#"[1]"#,
            r#"{"lists": [{"from": "$.key"}]}"#,
            ErrorCode::ValueInvalid,
        ),
        Example::fails(r#""a""#, r#"{"lists": []}"#, ErrorCode::ValueInvalid),
    ],
    takes_null: true,
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Append {
    lists: Vec<Expression>,
}

impl Operation for Append {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let mut joined = ArenaVec::new_in(run.arena);
        if !value.is_null() {
            joined.extend_from_slice(value.elements(run)?);
        }
        for list in &self.lists {
            match evaluate(list, run)? {
                Value::Failed => return Ok(Value::Failed),
                Value::Null => {}
                list => joined.extend_from_slice(list.elements(run)?),
            }
            check_elements(joined.len())?;
        }
        Ok(Value::List(joined.into_bump_slice()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let lists = arguments.computed_list("lists", Kind::List)?;
    ready(Append {
        lists: lists.into_iter().map(|(list, _)| list).collect(),
    })
}
