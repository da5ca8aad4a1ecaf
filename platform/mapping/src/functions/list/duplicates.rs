//! `duplicates`: what stands more than once.

use std::collections::HashMap;

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use super::each::By;
use super::key::Key;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "duplicates",
    summary: "Lists the elements that repeat an earlier one, or for which a formula repeats what it gave; each repeated value once. Nulls do not count.",
    input: Kind::List,
    output: Output::Is(Kind::List),
    arguments: &[Argument::optional(
        "by",
        ArgumentKind::ForEach(Kind::Any),
        "a formula over it, the element; default: the element",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::FormulaFailed],
    examples: &[
        Example::gives(r#"["a", "b", "a", "a"]"#, r#"{}"#, r#"["a"]"#),
        Example::gives(
            r#"[{"k":1,"n":1},{"k":1,"n":2}]"#,
            r#"{"by": "it.k"}"#,
            r#"[{"k":1,"n":2}]"#,
        ),
        Example::gives(r#"[null, null, 1]"#, r#"{}"#, r#"[]"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::gives(r#"[1, 1]"#, r#"{"by": "it.k"}"#, r#"[]"#),
        Example::fails(r#"7"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Duplicates {
    by: By,
}

impl Operation for Duplicates {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let mut times: HashMap<Key<'a>, u8> = HashMap::new();
        let mut repeated = ArenaVec::new_in(run.arena);
        for element in value.elements(run)? {
            let key = match self.by.of(*element, run)? {
                Some(Value::Null) => continue,
                Some(key) => Key::of(key)?,
                None => return Ok(Value::Failed),
            };
            let seen = times.entry(key).or_default();
            if *seen == 1 {
                repeated.push(*element);
            }
            *seen = (*seen + 1).min(2);
        }
        Ok(Value::List(repeated.into_bump_slice()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Duplicates {
        by: By::compile(arguments, "by")?,
    })
}
