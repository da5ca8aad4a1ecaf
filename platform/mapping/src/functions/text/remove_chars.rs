//! `remove_chars`: text without some characters.

use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "remove_chars",
    summary: "Removes every one of the given characters.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::required(
        "chars",
        ArgumentKind::Text,
        "the characters to remove",
    )],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""DE 123.456-7""#, r#"{"chars": " .-"}"#, r#""DE1234567""#),
        Example::gives(r#""abc""#, r#"{"chars": "x"}"#, r#""abc""#),
        Example::gives(r#""äbä""#, r#"{"chars": "ä"}"#, r#""b""#),
        Example::gives(r#""xx""#, r#"{"chars": "x"}"#, r#""""#),
        Example::gives(r#"null"#, r#"{"chars": "x"}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct RemoveChars {
    chars: Box<str>,
}

impl Operation for RemoveChars {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        apply(value, &self.chars, run)
    }

    fn text<'a>(&'a self, text: &'a str, run: &Run<'a>) -> Option<&'a str> {
        self.apply(Value::Text(text), run).ok()?.text().ok()
    }

    fn keeps_plain(&self) -> bool {
        true
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(RemoveChars {
        chars: arguments.text("chars")?.into(),
    })
}

fn apply<'a>(value: Value<'a>, chars: &str, run: &Run<'a>) -> Made<Value<'a>> {
    let text = value.text()?;
    if !text.chars().any(|sign| chars.contains(sign)) {
        return Ok(Value::Text(text));
    }
    let mut kept = run.text_buffer(text.len());
    kept.extend(text.chars().filter(|sign| !chars.contains(*sign)));
    Ok(Value::Text(kept.into_bump_str()))
}
