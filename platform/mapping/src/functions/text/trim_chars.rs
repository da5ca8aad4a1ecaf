//! `trim_chars`: text without some characters at its ends.

use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "trim_chars",
    summary: "Cuts the given characters at both ends, or at one.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::required("chars", ArgumentKind::Text, "the characters to cut"),
        Argument::optional("at", ArgumentKind::Text, "both (default), start, end"),
    ],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(
            r#""000420""#,
            r#"{"chars": "0", "at": "start"}"#,
            r#""420""#,
        ),
        Example::gives(r#""'abc'""#, r#"{"chars": "'\""}"#, r#""abc""#),
        Example::gives(r#""1.500""#, r#"{"chars": "0", "at": "end"}"#, r#""1.5""#),
        Example::gives(r#""000""#, r#"{"chars": "0"}"#, r#""""#),
        Example::gives(r#""abc""#, r#"{"chars": "x"}"#, r#""abc""#),
        Example::gives(r#"null"#, r#"{"chars": "0"}"#, r#"null"#),
        Example::fails(r#"0"#, r#"{"chars": "0"}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct TrimChars {
    chars: Box<str>,
    at: Ends,
}

impl Operation for TrimChars {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let cut = |sign: char| self.chars.contains(sign);
        Ok(Value::Text(match self.at {
            Ends::Both => text.trim_matches(cut),
            Ends::Start => text.trim_start_matches(cut),
            Ends::End => text.trim_end_matches(cut),
        }))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let chars = arguments.text("chars")?.into();
    let at = match arguments.text("at") {
        None | Some("both") => Ends::Both,
        Some("start") => Ends::Start,
        Some("end") => Ends::End,
        Some(_) => return arguments.invalid("at", "needs both, start or end"),
    };
    ready(TrimChars { chars, at })
}

/// Where characters are cut.
#[derive(Debug)]
enum Ends {
    Both,
    Start,
    End,
}
