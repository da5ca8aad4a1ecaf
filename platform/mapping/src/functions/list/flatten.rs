//! `flatten`: the elements of lists inside a list.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use super::bounds::check_elements;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "flatten",
    summary: "Puts the elements of inner lists in their place, to a depth. Nulls and objects stay.",
    input: Kind::List,
    output: Output::Is(Kind::List),
    arguments: &[Argument::optional(
        "depth",
        ArgumentKind::Integer,
        "how many levels are opened; default 1",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(r#"[[1, 2], [], 3, null]"#, r#"{}"#, r#"[1,2,3,null]"#),
        Example::gives(r#"[[1, [2, [3]]]]"#, r#"{}"#, r#"[1,[2, [3]]]"#),
        Example::gives(r#"[[1, [2, [3]]]]"#, r#"{"depth": 9}"#, r#"[1,2,3]"#),
        Example::gives(r#"[[1]]"#, r#"{"depth": 0}"#, r#"[[1]]"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"{"a":[1]}"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Flatten {
    depth: u32,
}

impl Operation for Flatten {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let mut flat = ArenaVec::new_in(run.arena);
        open(value.elements(run)?, self.depth, &mut flat, run)?;
        Ok(Value::List(flat.into_bump_slice()))
    }
}

/// Recursion ends where the nesting of the JSON text does, which the reader bounds.
fn open<'a>(
    elements: &'a [Value<'a>],
    depth: u32,
    flat: &mut ArenaVec<'a, Value<'a>>,
    run: &Run<'a>,
) -> Made<()> {
    for element in elements {
        let inner = match element {
            Value::List(_) => true,
            Value::Json(text) => text.starts_with('['),
            _ => false,
        };
        if inner && depth > 0 {
            open(element.elements(run)?, depth - 1, flat, run)?;
        } else {
            flat.push(*element);
        }
    }
    check_elements(flat.len())
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Flatten {
        depth: arguments.integer("depth").unwrap_or(1),
    })
}
