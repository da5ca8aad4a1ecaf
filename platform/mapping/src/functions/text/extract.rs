//! `extract`: the part of a text that a pattern finds.

use regex::Regex;
use tributary_model::error_code::ErrorCode;

use super::pattern;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "extract",
    summary: "Takes the first part of a text that a regular expression finds, or a group of it; null if it finds nothing.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::required(
            "pattern",
            ArgumentKind::Text,
            "regular expression; linear time, no look-around",
        ),
        Argument::optional(
            "group",
            ArgumentKind::Scalar,
            "number or name of the group to take; default: the first one, or all that was found if there is none",
        ),
    ],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(
            r#""Invoice RE-4711 of May""#,
            r#"{"pattern": "RE-(\\d+)"}"#,
            r#""4711""#,
        ),
        Example::gives(
            r#""Invoice RE-4711 of May""#,
            r#"{"pattern": "RE-(\\d+)", "group": 0}"#,
            r#""RE-4711""#,
        ),
        Example::gives(
            r#""2026-03""#,
            r#"{"pattern": "(?<y>\\d{4})-(?<m>\\d\\d)", "group": "m"}"#,
            r#""03""#,
        ),
        Example::gives(r#""abc""#, r#"{"pattern": "[0-9]+"}"#, r#"null"#),
        Example::gives(r#""b""#, r#"{"pattern": "(a)|b"}"#, r#"null"#),
        Example::gives(r#"null"#, r#"{"pattern": "x"}"#, r#"null"#),
        Example::fails(r#"4711"#, r#"{"pattern": "4"}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Extract {
    regex: Regex,
    group: usize,
}

impl Operation for Extract {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let part = match self.group {
            0 => self.regex.find(text),
            group => self.regex.captures(text).and_then(|found| found.get(group)),
        };
        Ok(part.map_or(Value::Null, |part| Value::Text(part.as_str())))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let regex = pattern::compiled(arguments)?;
    let group = pattern::group(arguments, &regex)?;
    ready(Extract { regex, group })
}
