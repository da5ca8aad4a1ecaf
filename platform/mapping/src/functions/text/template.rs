//! `template`: the value inside a fixed text.

use tributary_model::error_code::ErrorCode;

use crate::functions::bounds;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "template",
    summary: "Puts the value into a text, in place of {value}.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::required(
        "text",
        ArgumentKind::Text,
        "a text with {value} in it",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(
            r#""4711""#,
            r#"{"text": "ORDER-{value}"}"#,
            r#""ORDER-4711""#,
        ),
        Example::gives(r#""7""#, r#"{"text": "{value}/{value}"}"#, r#""7/7""#),
        Example::gives(r#""""#, r#"{"text": "<{value}>"}"#, r#""<>""#),
        Example::gives(r#"null"#, r#"{"text": "ORDER-{value}"}"#, r#"null"#),
        Example::fails(
            r#"4711"#,
            r#"{"text": "ORDER-{value}"}"#,
            ErrorCode::ValueInvalid,
        ),
    ],
    ..Signature::EMPTY
};

/// Stands for the value.
const PLACE: &str = "{value}";

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Template {
    pieces: Box<[Box<str>]>,
}

impl Operation for Template {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        apply(value, &self.pieces, run)
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let text = arguments.text("text")?;
    if !text.contains(PLACE) {
        return arguments.invalid("text", "needs {value} where the value goes");
    }
    ready(Template {
        pieces: text.split(PLACE).map(Into::into).collect(),
    })
}

fn apply<'a>(value: Value<'a>, pieces: &[Box<str>], run: &Run<'a>) -> Made<Value<'a>> {
    let text = value.text()?;
    let mut joined = run.text_buffer(text.len() + 16);
    for (place, piece) in pieces.iter().enumerate() {
        if place > 0 {
            joined.push_str(text);
        }
        joined.push_str(piece);
        bounds::check_growth(text.len(), joined.len())?;
    }
    Ok(Value::Text(joined.into_bump_str()))
}
