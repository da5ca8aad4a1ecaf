//! `slice`: the elements between two places.

use tributary_model::error_code::ErrorCode;

use super::bounds::whole;
use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "slice",
    summary: "Keeps the elements from one place up to another, which is not kept itself. Places count from 0, negative ones from the end.",
    input: Kind::List,
    output: Output::Is(Kind::List),
    arguments: &[
        Argument::required(
            "from",
            ArgumentKind::Computed(Kind::Number),
            "the first place that is kept",
        ),
        Argument::optional(
            "to",
            ArgumentKind::Computed(Kind::Number),
            "the place before which it ends; default, and null: to the end",
        ),
    ],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::NumberInvalid],
    examples: &[
        Example::gives(r#"[1, 2, 3, 4]"#, r#"{"from": 1, "to": 3}"#, r#"[2,3]"#),
        Example::gives(r#"[1, 2, 3, 4]"#, r#"{"from": -2}"#, r#"[3,4]"#),
        Example::gives(r#"[1, 2, 3, 4]"#, r#"{"from": 0, "to": -1}"#, r#"[1,2,3]"#),
        Example::gives(r#"[1, 2]"#, r#"{"from": 5, "to": 9}"#, r#"[]"#),
        Example::gives(r#"[1, 2]"#, r#"{"from": 1, "to": 0}"#, r#"[]"#),
        Example::gives(r#"null"#, r#"{"from": 1}"#, r#"null"#),
        Example::fails(r#"[1]"#, r#"{"from": 0.1}"#, ErrorCode::NumberInvalid),
        Example::fails(r#"{}"#, r#"{"from": 1}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Slice {
    from: Expression,
    to: Expression,
}

impl Operation for Slice {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let elements = value.elements(run)?;
        let from = match evaluate(&self.from, run)? {
            Value::Failed => return Ok(Value::Failed),
            from => place(whole(from, "from")?, elements.len()),
        };
        let to = match evaluate(&self.to, run)? {
            Value::Failed => return Ok(Value::Failed),
            Value::Null => elements.len(),
            to => place(whole(to, "to")?, elements.len()),
        };
        Ok(Value::List(elements.get(from..to).unwrap_or_default()))
    }
}

/// A place that may count from the end, within the list.
fn place(index: i64, length: usize) -> usize {
    if index < 0 {
        let back = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
        return length.saturating_sub(back);
    }
    usize::try_from(index).unwrap_or(length).min(length)
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (from, _) = arguments.computed("from", Kind::Number)?;
    let (to, _) = arguments.computed("to", Kind::Number)?;
    ready(Slice { from, to })
}
