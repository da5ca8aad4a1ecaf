//! `zip`: elements of two lists at the same place together.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use super::object::write_object;
use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "zip",
    summary: "Puts the elements of two lists at the same place together: as a list of two, or as an object with names. Where one list is shorter, its part is null; a null list is empty.",
    input: Kind::List,
    output: Output::Is(Kind::List),
    arguments: &[
        Argument::required("with", ArgumentKind::Computed(Kind::List), "the other list"),
        Argument::optional("names", ArgumentKind::Texts, "two names, for objects"),
    ],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(
            r#"[1, 2]"#,
            r#"{"with": {"formula": "['a', 'b']"}}"#,
            r#"[[1,"a"],[2,"b"]]"#,
        ),
        Example::gives(
            r#"[1, 2]"#,
            r#"{"with": {"formula": "['a']"}, "names": ["n", "s"]}"#,
            r#"[{"n":1,"s":"a"},{"n":2,"s":null}]"#,
        ),
        Example::gives(
            r#"[]"#,
            r#"{"with": {"formula": "['a']"}}"#,
            r#"[[null,"a"]]"#,
        ),
        Example::gives(r#"null"#, r#"{"with": {"formula": "['a']"}}"#, r#"null"#),
        Example::fails(
            r#"[1]"#,
            r#"{"with": {"from": "$.key"}}"#,
            ErrorCode::ValueInvalid,
        ),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Zip {
    with: Expression,
    names: Option<[Box<str>; 2]>,
}

impl Operation for Zip {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let left = value.elements(run)?;
        let right = match evaluate(&self.with, run)? {
            Value::Failed => return Ok(Value::Failed),
            Value::Null => &[],
            list => list.elements(run)?,
        };
        let pairs = (0..left.len().max(right.len())).map(|place| {
            let part = |list: &[Value<'a>]| list.get(place).copied().unwrap_or(Value::Null);
            let pair = [part(left), part(right)];
            match &self.names {
                Some(names) => {
                    let members = names.iter().map(|name| &**name).zip(pair);
                    write_object(members, run)
                }
                None => Value::List(ArenaVec::from_iter_in(pair, run.arena).into_bump_slice()),
            }
        });
        Ok(Value::List(
            ArenaVec::from_iter_in(pairs, run.arena).into_bump_slice(),
        ))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (with, _) = arguments.computed("with", Kind::List)?;
    let names = match arguments.texts("names") {
        None => None,
        Some(names) => match <[String; 2]>::try_from(names) {
            Ok(names) if names.first() != names.last() => Some(names.map(Into::into)),
            _ => return arguments.invalid("names", "two different names are needed"),
        },
    };
    ready(Zip { with, names })
}
