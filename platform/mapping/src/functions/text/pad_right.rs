//! `pad_right`: text filled up at its end.

use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "pad_right",
    summary: "Fills a text up at its end to a length, with a character. A longer text stays.",
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
        Example::gives(r#""42""#, r#"{"length": 5, "with": " "}"#, r#""42   ""#),
        Example::gives(
            r#""123456""#,
            r#"{"length": 5, "with": "0"}"#,
            r#""123456""#,
        ),
        Example::gives(r#""ä""#, r#"{"length": 3, "with": "·"}"#, r#""ä··""#),
        Example::gives(r#""""#, r#"{"length": 2, "with": "x"}"#, r#""xx""#),
        Example::gives(r#"null"#, r#"{"length": 5, "with": "0"}"#, r#"null"#),
        Example::fails(
            r#"42"#,
            r#"{"length": 5, "with": "0"}"#,
            ErrorCode::ValueInvalid,
        ),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct PadRight {
    length: u32,
    sign: char,
}

impl Operation for PadRight {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let missing = (self.length as usize).saturating_sub(text.chars().count());
        if missing == 0 {
            return Ok(Value::Text(text));
        }
        let mut padded = run.text_buffer(text.len() + missing * self.sign.len_utf8());
        padded.push_str(text);
        padded.extend(std::iter::repeat_n(self.sign, missing));
        Ok(Value::Text(padded.into_bump_str()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (length, sign) = super::pad_left::filling(arguments)?;
    ready(PadRight { length, sign })
}
