//! `truncate`: text cut to a length.

use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "truncate",
    summary: "Cuts a text to a number of characters.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::required("length", ArgumentKind::Integer, "most characters"),
        Argument::optional(
            "warn",
            ArgumentKind::Flag,
            "true: leave the warning text_too_long where something was cut",
        ),
    ],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""Hamburg""#, r#"{"length": 3}"#, r#""Ham""#),
        Example::gives(r#""Ham""#, r#"{"length": 3}"#, r#""Ham""#),
        Example::gives(r#""äöü""#, r#"{"length": 2}"#, r#""äö""#),
        Example::gives(r#""x""#, r#"{"length": 0}"#, r#""""#),
        Example::gives(r#"null"#, r#"{"length": 3}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Truncate {
    length: u32,
    warn: bool,
}

impl Operation for Truncate {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        apply(value, self.length, self.warn, run)
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let length = arguments.integer("length")?;
    ready(Truncate {
        length,
        warn: arguments.flag("warn"),
    })
}

fn apply<'a>(value: Value<'a>, length: u32, warn: bool, run: &Run<'a>) -> Made<Value<'a>> {
    let text = value.text()?;
    if text.len() <= length as usize {
        return Ok(Value::Text(text));
    }
    let Some((cut, _)) = text.char_indices().nth(length as usize) else {
        return Ok(Value::Text(text));
    };
    if warn {
        let characters = text.chars().count();
        run.warn(
            ErrorCode::TextTooLong,
            format!("cut from {characters} to {length} characters"),
        );
    }
    Ok(Value::Text(text.get(..cut).unwrap_or_default()))
}
