//! `date_format`: a date as text.

use jiff::civil::Time;
use tributary_model::error_code::ErrorCode;

use super::conventions::{LANGUAGE, conventions};
use crate::date::{Layout, Moment, Pattern};
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "date_format",
    summary: "Writes a date in a form of its own. Short names are written without a dot.",
    input: Kind::Date,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::required(
            "format",
            ArgumentKind::Text,
            "pattern of yyyy yy MM M MMM MMMM dd d EEE EEEE and other signs, letters in quotes",
        ),
        LANGUAGE,
    ],
    fails_with: &[ErrorCode::DateInvalid],
    examples: &[
        Example::gives(
            r#""2026-03-07""#,
            r#"{"format": "dd.MM.yyyy"}"#,
            r#""07.03.2026""#,
        ),
        Example::gives(
            r#""2026-03-07""#,
            r#"{"format": "EEEE, d. MMMM yyyy", "language": "de"}"#,
            r#""Samstag, 7. März 2026""#,
        ),
        Example::gives(
            r#""2026-03-07""#,
            r#"{"format": "d-MMM-yy", "language": "en"}"#,
            r#""7-Mar-26""#,
        ),
        Example::gives(r#""2026-03-07""#, r#"{"format": "yyyyMM"}"#, r#""202603""#),
        Example::gives(r#"null"#, r#"{"format": "dd.MM.yyyy"}"#, r#"null"#),
        Example::fails(
            r#""07.03.2026""#,
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
enum DateFormat {
    Pattern(Pattern),
    Layout(Layout),
}

impl Operation for DateFormat {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let date = value.date()?;
        let mut text = run.text_buffer(24);
        match self {
            Self::Pattern(pattern) => pattern.write(date, |piece| text.push_str(piece)),
            Self::Layout(layout) => {
                let moment = Moment {
                    date,
                    time: Time::midnight(),
                    offset: None,
                };
                layout.write(moment, |piece| text.push_str(piece));
            }
        }
        Ok(Value::Text(text.into_bump_str()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let format = arguments.text("format")?;
    let conventions = conventions(arguments)?;
    match Pattern::compile(format) {
        Ok(pattern) if !pattern.has_clock() => return ready(DateFormat::Pattern(pattern)),
        _ => {}
    }
    match Layout::compile(format, conventions) {
        Ok(layout) if layout.has_clock() => {
            arguments.invalid("format", "a date has no time; use datetime_format")
        }
        Ok(layout) => ready(DateFormat::Layout(layout)),
        Err(message) => arguments.invalid("format", &message),
    }
}
