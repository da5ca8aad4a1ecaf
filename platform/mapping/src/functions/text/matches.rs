//! `matches`: checks a text against a regular expression.

use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "matches",
    summary: "Passes a text on if the regular expression finds something in it; anchor it with ^ and $. Linear time, no look-around.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::required(
        "pattern",
        ArgumentKind::Text,
        "regular expression",
    )],
    fails_with: &[ErrorCode::PatternMismatch, ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""EUR""#, r#"{"pattern": "^[A-Z]{3}$"}"#, r#""EUR""#),
        Example::fails(
            r#""EURO""#,
            r#"{"pattern": "^[A-Z]{3}$"}"#,
            ErrorCode::PatternMismatch,
        ),
        Example::gives(r#""x7""#, r#"{"pattern": "[0-9]"}"#, r#""x7""#),
        Example::gives(r#""""#, r#"{"pattern": "^$"}"#, r#""""#),
        Example::gives(r#"null"#, r#"{"pattern": "x"}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Matches {
    regex: regex::Regex,
}

impl Operation for Matches {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        apply(value, &self.regex)
    }

    fn text<'a>(&'a self, text: &'a str, _run: &Run<'a>) -> Option<&'a str> {
        self.regex.is_match(text).then_some(text)
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let regex = super::pattern::compiled(arguments)?;
    ready(Matches { regex })
}

fn apply<'a>(value: Value<'a>, regex: &regex::Regex) -> Made<Value<'a>> {
    let text = value.text()?;
    if regex.is_match(text) {
        return Ok(Value::Text(text));
    }
    failure(
        ErrorCode::PatternMismatch,
        format!("the value does not match {}", regex.as_str()),
    )
}
