//! `sort`: the elements in order.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use super::each::By;
use super::order::SortKey;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "sort",
    summary: "Sorts by the elements or by a formula over them. Types in this order: booleans, numbers, texts (by code points), dates, instants; nulls always at the end. What is equal keeps its order.",
    input: Kind::List,
    output: Output::Is(Kind::List),
    arguments: &[
        Argument::optional(
            "by",
            ArgumentKind::ForEach(Kind::Any),
            "a formula over it, the element; default: the element",
        ),
        Argument::optional(
            "direction",
            ArgumentKind::Text,
            "ascending (default) or descending",
        ),
    ],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::FormulaFailed],
    examples: &[
        Example::gives(r#"[3, 1, null, 2]"#, r#"{}"#, r#"[1,2,3,null]"#),
        Example::gives(
            r#"[{"n":2,"s":"a"},{"n":1,"s":"b"},{"n":2,"s":"c"}]"#,
            r#"{"by": "it.n", "direction": "descending"}"#,
            r#"[{"n":2,"s":"a"},{"n":2,"s":"c"},{"n":1,"s":"b"}]"#,
        ),
        Example::gives(
            r#"["b", 10, "a", 9, true]"#,
            r#"{}"#,
            r#"[true,9,10,"a","b"]"#,
        ),
        Example::gives(r#"["Z", "a", "Ä"]"#, r#"{}"#, r#"["Z","a","Ä"]"#),
        Example::gives(
            r#"[null, 1]"#,
            r#"{"direction": "descending"}"#,
            r#"[1,null]"#,
        ),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"[{"n":1},{"n":2}]"#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(r#""ba""#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Sort {
    by: By,
    descending: bool,
}

impl Operation for Sort {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let elements = value.elements(run)?;
        let mut keyed = Vec::with_capacity(elements.len());
        for element in elements {
            match self.by.of(*element, run)? {
                Some(key) => keyed.push((SortKey::of(key)?, *element)),
                None => return Ok(Value::Failed),
            }
        }
        keyed.sort_by(|(left, _), (right, _)| left.compare(right, self.descending));
        let sorted = keyed.into_iter().map(|(_, element)| element);
        Ok(Value::List(
            ArenaVec::from_iter_in(sorted, run.arena).into_bump_slice(),
        ))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let by = By::compile(arguments, "by")?;
    let direction = arguments.word("direction", &["ascending", "descending"])?;
    ready(Sort {
        by,
        descending: direction == "descending",
    })
}
