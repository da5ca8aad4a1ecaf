//! `mask`: a text with its middle hidden.

use tributary_model::error_code::ErrorCode;

use crate::functions::bounds;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "mask",
    summary: "Replaces every character by a sign, except the first and last ones that are to stay. A text with no more characters than those is hidden whole.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::optional(
            "keep_start",
            ArgumentKind::Integer,
            "characters that stay at the start; default 0",
        ),
        Argument::optional(
            "keep_end",
            ArgumentKind::Integer,
            "characters that stay at the end; default 0",
        ),
        Argument::optional(
            "with",
            ArgumentKind::Text,
            "the sign, one character; default *",
        ),
    ],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(
            r#""DE89370400440532013000""#,
            r#"{"keep_start": 2, "keep_end": 4}"#,
            r#""DE****************3000""#,
        ),
        Example::gives(r#""secret""#, r#"{}"#, r#""******""#),
        Example::gives(r#""1234""#, r#"{"keep_end": 4}"#, r#""****""#),
        Example::gives(
            r#""Müller""#,
            r#"{"keep_start": 1, "with": "•"}"#,
            r#""M•••••""#,
        ),
        Example::gives(r#""""#, r#"{}"#, r#""""#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"1234"#, r#"{"keep_end": 2}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Mask {
    keep_start: usize,
    keep_end: usize,
    with: char,
}

impl Operation for Mask {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let count = text.chars().count();
        let (start, end) = if count > self.keep_start.saturating_add(self.keep_end) {
            (self.keep_start, count - self.keep_end)
        } else {
            (0, count)
        };
        let mut masked = run.text_buffer(text.len());
        for (place, sign) in text.chars().enumerate() {
            let hidden = place >= start && place < end;
            masked.push(if hidden { self.with } else { sign });
        }
        bounds::check_growth(text.len(), masked.len())?;
        Ok(Value::Text(masked.into_bump_str()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let mut signs = arguments.text("with").unwrap_or("*").chars();
    let (Some(with), None) = (signs.next(), signs.next()) else {
        return arguments.invalid("with", "exactly one character is needed");
    };
    ready(Mask {
        keep_start: arguments.integer("keep_start").unwrap_or(0) as usize,
        keep_end: arguments.integer("keep_end").unwrap_or(0) as usize,
        with,
    })
}
