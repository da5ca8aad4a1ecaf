//! `date_parse`: a text as a date.

use tributary_model::error_code::ErrorCode;

use crate::date::{InstantError, Pattern, local_date};
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure, failure_with_hint};
use crate::worker::run::Run;
use jiff::tz::TimeZone;

const SIGNATURE: Signature = Signature {
    name: "date_parse",
    summary: "Makes a date of a text that has one of the formats. rfc3339 takes an instant with offset (2026-03-05T23:30:00-08:00) and gives the date on which it falls in the zone; times in other formats are checked and dropped.",
    input: Kind::Text,
    output: Output::Is(Kind::Date),
    arguments: &[
        Argument::required(
            "formats",
            ArgumentKind::Texts,
            "patterns of yyyy MM M dd d HH mm ss and other signs, or rfc3339; tried in order",
        ),
        Argument::optional(
            "zone",
            ArgumentKind::Text,
            "IANA time zone for rfc3339; default: the source’s",
        ),
    ],
    fails_with: &[ErrorCode::DateInvalid, ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(
            r#""07.03.2026""#,
            r#"{"formats": ["dd.MM.yyyy"]}"#,
            r#""2026-03-07""#,
        ),
        Example::gives(
            r#""3/7/2026""#,
            r#"{"formats": ["yyyy-MM-dd", "M/d/yyyy"]}"#,
            r#""2026-03-07""#,
        ),
        Example::gives(
            r#""2026-03-05T23:30:00-08:00""#,
            r#"{"formats": ["rfc3339"], "zone": "Europe/Berlin"}"#,
            r#""2026-03-06""#,
        ),
        Example::fails(
            r#""30.02.2026""#,
            r#"{"formats": ["dd.MM.yyyy"]}"#,
            ErrorCode::DateInvalid,
        ),
        Example::fails(
            r#""2026-03-07""#,
            r#"{"formats": ["dd.MM.yyyy"]}"#,
            ErrorCode::DateInvalid,
        ),
        Example::fails(
            r#""2026-03-05T23:30:00""#,
            r#"{"formats": ["rfc3339"], "zone": "UTC"}"#,
            ErrorCode::DateInvalid,
        ),
        Example::gives(r#"null"#, r#"{"formats": ["dd.MM.yyyy"]}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

/// One way to read a date.
#[derive(Debug)]
pub(crate) enum Format {
    Pattern(Pattern),
    Instant(TimeZone),
}

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct DateParse {
    formats: Box<[Format]>,
    names: Box<str>,
}

impl Operation for DateParse {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        apply(value, &self.formats, &self.names)
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let names = arguments.texts("formats")?;
    let mut formats = Vec::with_capacity(names.len());
    for name in &names {
        if name == "rfc3339" {
            formats.push(Format::Instant(arguments.zone("zone")?));
            continue;
        }
        match Pattern::compile(name) {
            Ok(pattern) => formats.push(Format::Pattern(pattern)),
            Err(message) => return arguments.invalid("formats", &message),
        }
    }
    if formats.is_empty() {
        return arguments.invalid("formats", "at least one format is needed");
    }
    ready(DateParse {
        formats: formats.into(),
        names: names.join(", ").into(),
    })
}

fn apply<'a>(value: Value<'a>, formats: &[Format], names: &str) -> Made<Value<'a>> {
    if let Value::Date(date) = value {
        return Ok(Value::Date(date));
    }
    let text = value.text()?.trim();
    for format in formats {
        match format {
            Format::Pattern(pattern) => {
                if let Some(date) = pattern.parse(text) {
                    return Ok(Value::Date(date));
                }
            }
            Format::Instant(zone) => match local_date(text, zone) {
                Ok(date) => return Ok(Value::Date(date)),
                Err(InstantError::NoOffset) => {
                    return failure_with_hint(
                        ErrorCode::DateInvalid,
                        "a time without an offset from UTC is not one instant",
                        "let the source send the offset, or read it as a local date with a pattern",
                    );
                }
                Err(InstantError::Form) => {}
            },
        }
    }
    let shown = tributary_model::issue::shorten(text, 40);
    failure(
        ErrorCode::DateInvalid,
        format!("{shown:?} is not a date of the form {names}, or not on the calendar"),
    )
}
