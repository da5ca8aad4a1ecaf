//! `matches`: checks a text against a regular expression.

use tributary_model::error_code::ErrorCode;

use super::signature::{Argument, ArgumentKind, Example, Output, Signature};
use super::{Arguments, Operation};
use crate::value::{Kind, Made, Value, failure};

pub(super) const SIGNATURE: Signature = Signature {
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
};

/// Bytes that a compiled pattern may take.
const MAX_PROGRAM: usize = 1 << 20;

pub(super) fn compile(arguments: &mut Arguments<'_, '_>) -> Option<Operation> {
    let pattern = arguments.text("pattern")?;
    match regex::RegexBuilder::new(pattern)
        .size_limit(MAX_PROGRAM)
        .build()
    {
        Ok(regex) => Some(Operation::Matches {
            regex: Box::new(regex),
        }),
        Err(error) => arguments.invalid("pattern", &format!("not a regular expression: {error}")),
    }
}

pub(super) fn apply<'a>(value: Value<'a>, regex: &regex::Regex) -> Made<Value<'a>> {
    let text = value.text()?;
    if regex.is_match(text) {
        return Ok(Value::Text(text));
    }
    failure(
        ErrorCode::PatternMismatch,
        format!("the value does not match {}", regex.as_str()),
    )
}
