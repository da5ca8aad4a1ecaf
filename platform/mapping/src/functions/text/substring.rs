//! `substring`: a part of a text, by position.

use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "substring",
    summary: "Takes a part of a text. What lies beyond its end is empty.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::required("start", ArgumentKind::Integer, "first character, from 0"),
        Argument::optional(
            "length",
            ArgumentKind::Integer,
            "most characters; default: to the end",
        ),
    ],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""DE12345""#, r#"{"start": 0, "length": 2}"#, r#""DE""#),
        Example::gives(r#""DE12345""#, r#"{"start": 2}"#, r#""12345""#),
        Example::gives(r#""äöü""#, r#"{"start": 1, "length": 1}"#, r#""ö""#),
        Example::gives(r#""ab""#, r#"{"start": 5}"#, r#""""#),
        Example::gives(r#"null"#, r#"{"start": 1}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Substring {
    start: u32,
    length: u32,
}

impl Operation for Substring {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        apply(value, self.start, self.length)
    }

    fn text<'a>(&'a self, text: &'a str, run: &Run<'a>) -> Option<&'a str> {
        self.apply(Value::Text(text), run).ok()?.text().ok()
    }

    fn keeps_plain(&self) -> bool {
        true
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let start = arguments.integer("start")?;
    let length = arguments.integer("length").unwrap_or(u32::MAX);
    ready(Substring { start, length })
}

fn apply(value: Value<'_>, start: u32, length: u32) -> Made<Value<'_>> {
    let text = value.text()?;
    let place = |text: &str, count: u32| {
        text.char_indices()
            .nth(count as usize)
            .map_or(text.len(), |(at, _)| at)
    };
    let rest = text.get(place(text, start)..).unwrap_or_default();
    Ok(Value::Text(
        rest.get(..place(rest, length)).unwrap_or_default(),
    ))
}
