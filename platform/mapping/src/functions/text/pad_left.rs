//! `pad_left`: text filled up at its start.

use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "pad_left",
    summary: "Fills a text up at its start to a length, with a character. A longer text stays.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::required(
            "length",
            ArgumentKind::Integer,
            "characters wanted, at most 1000",
        ),
        Argument::required("with", ArgumentKind::Text, "one character"),
    ],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""42""#, r#"{"length": 5, "with": "0"}"#, r#""00042""#),
        Example::gives(
            r#""123456""#,
            r#"{"length": 5, "with": "0"}"#,
            r#""123456""#,
        ),
        Example::gives(r#""ä""#, r#"{"length": 3, "with": "·"}"#, r#""··ä""#),
        Example::gives(r#""""#, r#"{"length": 2, "with": "x"}"#, r#""xx""#),
        Example::gives(r#"null"#, r#"{"length": 5, "with": "0"}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct PadLeft {
    length: u32,
    sign: char,
}

impl Operation for PadLeft {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = padded(value.text()?, self.length, self.sign, run);
        Ok(Value::Text(text))
    }

    fn text<'a>(&'a self, text: &'a str, run: &Run<'a>) -> Option<&'a str> {
        Some(padded(text, self.length, self.sign, run))
    }

    fn keeps_plain(&self) -> bool {
        self.sign.is_alphanumeric() || self.sign == ' '
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (length, sign) = filling(arguments)?;
    ready(PadLeft { length, sign })
}

/// The length wanted and the character to fill up with.
pub(super) fn filling(arguments: &mut Arguments<'_, '_>) -> Option<(u32, char)> {
    let length = arguments.integer("length")?;
    if length > 1000 {
        return arguments.invalid("length", "at most 1000 characters");
    }
    let mut signs = arguments.text("with")?.chars();
    match (signs.next(), signs.next()) {
        (Some(sign), None) => Some((length, sign)),
        _ => arguments.invalid("with", "exactly one character is needed"),
    }
}

fn padded<'a>(text: &'a str, length: u32, sign: char, run: &Run<'a>) -> &'a str {
    let missing = (length as usize).saturating_sub(text.chars().count());
    if missing == 0 {
        return text;
    }
    let mut padded = run.text_buffer(text.len() + missing * sign.len_utf8());
    padded.extend(std::iter::repeat_n(sign, missing));
    padded.push_str(text);
    padded.into_bump_str()
}
