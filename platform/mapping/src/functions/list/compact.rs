//! `compact`: a list without its nulls.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "compact",
    summary: "Leaves the nulls out, and with empty also empty texts, lists and objects.",
    input: Kind::List,
    output: Output::Is(Kind::List),
    arguments: &[Argument::optional(
        "empty",
        ArgumentKind::Flag,
        "true: empty texts, lists and objects go too",
    )],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#"[1, null, ""]"#, r#"{}"#, r#"[1,""]"#),
        Example::gives(
            r#"[1, null, "", [], {}, 0, false]"#,
            r#"{"empty": true}"#,
            r#"[1,0,false]"#,
        ),
        Example::gives(r#"[null]"#, r#"{}"#, r#"[]"#),
        Example::gives(r#"[ ]"#, r#"{"empty": true}"#, r#"[]"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#""x""#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Compact {
    empty: bool,
}

impl Operation for Compact {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let elements = value.elements(run)?.iter().copied();
        let kept = elements.filter(|element| match element {
            Value::Null => false,
            Value::Text("") | Value::List([]) => !self.empty,
            // between the brackets of an empty object or array there is only white space
            Value::Json(text) if self.empty => !text
                .get(1..text.len().saturating_sub(1))
                .unwrap_or_default()
                .trim()
                .is_empty(),
            _ => true,
        });
        Ok(Value::List(
            ArenaVec::from_iter_in(kept, run.arena).into_bump_slice(),
        ))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Compact {
        empty: arguments.flag("empty"),
    })
}
