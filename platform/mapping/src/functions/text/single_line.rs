//! `single_line`: a text on one line.

use tributary_model::error_code::ErrorCode;

use crate::functions::bounds;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "single_line",
    summary: "Joins the lines of a text: line breaks and the white space around them become one space, or another text; empty lines go.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::optional(
        "with",
        ArgumentKind::Text,
        "what to put between the lines; default: a space",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(
            r#""Main Street 5\r\n  Hamburg\n""#,
            r#"{}"#,
            r#""Main Street 5 Hamburg""#,
        ),
        Example::gives(r#""a\n\nb""#, r#"{"with": ", "}"#, r#""a, b""#),
        Example::gives(r#""a\u2028b""#, r#"{}"#, r#""a b""#),
        Example::gives(r#"" a  b ""#, r#"{}"#, r#"" a  b ""#),
        Example::gives(r#""\n""#, r#"{}"#, r#""""#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"7"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct SingleLine {
    with: Box<str>,
}

impl Operation for SingleLine {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        if !text.contains(BREAKS) {
            return Ok(Value::Text(text));
        }
        let mut joined = run.text_buffer(text.len());
        for line in text.split(BREAKS).map(str::trim) {
            if line.is_empty() {
                continue;
            }
            if !joined.is_empty() {
                joined.push_str(&self.with);
            }
            joined.push_str(line);
            bounds::check_growth(text.len(), joined.len())?;
        }
        Ok(Value::Text(joined.into_bump_str()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(SingleLine {
        with: arguments.text("with").unwrap_or(" ").into(),
    })
}

/// What ends a line (Unicode Standard, section 5.8).
const BREAKS: [char; 7] = [
    '\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}',
];
