//! `date_format`: a date as text.

use tributary_model::error_code::ErrorCode;

use crate::date::Pattern;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure_with_hint};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
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
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct DateFormat {
    pattern: Pattern,
}

impl Operation for DateFormat {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        apply(value, &self.pattern, run)
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    match Pattern::compile(arguments.text("format")?) {
        Ok(pattern) if pattern.has_clock() => arguments.invalid("format", "a date has no time"),
        Ok(pattern) => ready(DateFormat { pattern }),
        Err(message) => arguments.invalid("format", &message),
    }
}

fn apply<'a>(value: Value<'a>, pattern: &Pattern, run: &Run<'a>) -> Made<Value<'a>> {
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
