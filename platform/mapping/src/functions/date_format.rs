//! `date_format`: a date as text.

use tributary_model::error_code::ErrorCode;

use super::signature::{Argument, ArgumentKind, Example, Output, Signature};
use super::{Arguments, Operation};
use crate::date::Pattern;
use crate::value::{Kind, Made, Value, failure_with_hint};
use crate::worker::run::Run;

pub(super) const SIGNATURE: Signature = Signature {
    name: "date_format",
    summary: "Writes a date in a form of its own.",
    input: Kind::Date,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::required(
        "format",
        ArgumentKind::Text,
        "pattern of yyyy MM M dd d and other signs",
    )],
    fails_with: &[ErrorCode::DateInvalid],
    examples: &[
        Example::gives(r#"null"#, r#"{"format": "dd.MM.yyyy"}"#, r#"null"#),
        Example::fails(
            r#""2026-03-07""#,
            r#"{"format": "dd.MM.yyyy"}"#,
            ErrorCode::DateInvalid,
        ),
    ],
};

pub(super) fn compile(arguments: &mut Arguments<'_, '_>) -> Option<Operation> {
    match Pattern::compile(arguments.text("format")?) {
        Ok(pattern) if pattern.has_clock() => arguments.invalid("format", "a date has no time"),
        Ok(pattern) => Some(Operation::DateFormat { pattern }),
        Err(message) => arguments.invalid("format", &message),
    }
}

pub(super) fn apply<'a>(value: Value<'a>, pattern: &Pattern, run: &Run<'a>) -> Made<Value<'a>> {
    let Value::Date(date) = value else {
        return failure_with_hint(
            ErrorCode::DateInvalid,
            format!("a {} where a date is needed", value.kind_word()),
            "add date_parse before this step",
        );
    };
    let mut text = run.text_buffer(16);
    pattern.write(date, |piece| text.push_str(piece));
    Ok(Value::Text(text.into_bump_str()))
}
