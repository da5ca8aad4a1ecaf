//! `left`: the start of a text.

use tributary_model::error_code::ErrorCode;

use crate::formula::expression::Expression;
use crate::functions::given;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "left",
    summary: "Takes the first characters.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::required(
        "length",
        ArgumentKind::Computed(Kind::Number),
        "how many characters",
    )],
    fails_with: &[
        ErrorCode::ValueInvalid,
        ErrorCode::ValueMissing,
        ErrorCode::NumberInvalid,
        ErrorCode::NumberRange,
    ],
    examples: &[
        Example::gives(r#""DE12345""#, r#"{"length": 2}"#, r#""DE""#),
        Example::gives(r#""äöü""#, r#"{"length": 1}"#, r#""ä""#),
        Example::gives(r#""ab""#, r#"{"length": 5}"#, r#""ab""#),
        Example::gives(r#""ab""#, r#"{"length": 0}"#, r#""""#),
        Example::gives(r#"null"#, r#"{"length": 2}"#, r#"null"#),
        Example::fails(r#""ab""#, r#"{"length": -1}"#, ErrorCode::NumberRange),
        Example::fails(r#""ab""#, r#"{"length": 1.5}"#, ErrorCode::NumberInvalid),
        Example::fails(
            r#""ab""#,
            r#"{"length": {"formula": "null"}}"#,
            ErrorCode::ValueMissing,
        ),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Left {
    length: Expression,
}

impl Operation for Left {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let length = match given::count(&self.length, "length", run)? {
            Ok(length) => length,
            Err(nothing) => return Ok(nothing),
        };
        let (start, _) = split_after(text, length);
        Ok(Value::Text(start))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (length, _) = arguments.computed("length", Kind::Number)?;
    ready(Left { length })
}

/// The text in two, the first part with `count` characters.
pub(super) fn split_after(text: &str, count: usize) -> (&str, &str) {
    let place = text.char_indices().nth(count);
    let place = place.map_or(text.len(), |(place, _)| place);
    text.split_at_checked(place).unwrap_or((text, ""))
}
