//! `group_by`: elements with the same key together.

use std::collections::HashMap;

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use super::each::made;
use super::key::Key;
use super::object::write_object;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "group_by",
    summary: "Groups the elements by what a formula gives: a list of {\"key\": …, \"items\": […]} in the order in which the keys come first. Null is a key of its own.",
    input: Kind::List,
    output: Output::Is(Kind::List),
    arguments: &[Argument::required(
        "by",
        ArgumentKind::ForEach(Kind::Any),
        "a formula over it, the element",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::FormulaFailed],
    examples: &[
        Example::gives(
            r#"[{"k":"a","n":1},{"k":"b"},{"k":"a","n":2}]"#,
            r#"{"by": "it.k"}"#,
            r#"[{"key":"a","items":[{"k":"a","n":1},{"k":"a","n":2}]},{"key":"b","items":[{"k":"b"}]}]"#,
        ),
        Example::gives(
            r#"[1, 2, 3]"#,
            r#"{"by": "it > 1"}"#,
            r#"[{"key":false,"items":[1]},{"key":true,"items":[2,3]}]"#,
        ),
        Example::gives(
            r#"[{}]"#,
            r#"{"by": "it.k"}"#,
            r#"[{"key":null,"items":[{}]}]"#,
        ),
        Example::gives(r#"[]"#, r#"{"by": "it"}"#, r#"[]"#),
        Example::gives(r#"null"#, r#"{"by": "it"}"#, r#"null"#),
        Example::fails(r#"["x"]"#, r#"{"by": "it > 1"}"#, ErrorCode::FormulaFailed),
        Example::fails(r#"7"#, r#"{"by": "it"}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct GroupBy {
    by: Expression,
}

impl Operation for GroupBy {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let mut places: HashMap<Key<'a>, usize> = HashMap::new();
        let mut groups: Vec<(Value<'a>, ArenaVec<'a, Value<'a>>)> = Vec::new();
        for element in value.elements(run)? {
            let Some(key) = made(&self.by, *element, run)? else {
                return Ok(Value::Failed);
            };
            let place = *places.entry(Key::of(key)?).or_insert(groups.len());
            match groups.get_mut(place) {
                Some((_, items)) => items.push(*element),
                None => {
                    let items = ArenaVec::from_iter_in([*element], run.arena);
                    groups.push((key, items));
                }
            }
        }
        let objects = groups.into_iter().map(|(key, items)| {
            let items = Value::List(items.into_bump_slice());
            write_object([("key", key), ("items", items)].into_iter(), run)
        });
        Ok(Value::List(
            ArenaVec::from_iter_in(objects, run.arena).into_bump_slice(),
        ))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (by, _) = arguments.for_each("by", Kind::Any)?;
    ready(GroupBy { by })
}
