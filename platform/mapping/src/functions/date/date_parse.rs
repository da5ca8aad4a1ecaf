//! `date_parse`: a text as a date.

use tributary_model::error_code::ErrorCode;

use super::conventions::{CENTURY_PIVOT, LANGUAGE};
use super::formats::Formats;
use crate::Date;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "date_parse",
    summary: "Makes a date of a text that has one of the formats. rfc3339 takes an instant with offset (2026-03-05T23:30:00-08:00) and gives the date on which it falls in the zone; times in other formats are checked and dropped. Names are read long or short, in any case; a weekday must be the right one.",
    input: Kind::Text,
    output: Output::Is(Kind::Date),
    arguments: &[
        Argument::required(
            "formats",
            ArgumentKind::Texts,
            "patterns of yyyy yy MM M MMM MMMM dd d EEE EEEE HH H hh h a mm ss S and other signs, letters in quotes, or rfc3339; tried in order",
        ),
        Argument::optional(
            "zone",
            ArgumentKind::Text,
            "IANA time zone for rfc3339; default: the source’s",
        ),
        LANGUAGE,
        CENTURY_PIVOT,
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
        Example::gives(
            r#""7. März 2026""#,
            r#"{"formats": ["d. MMMM yyyy"], "language": "de"}"#,
            r#""2026-03-07""#,
        ),
        Example::gives(
            r#""03/07/49""#,
            r#"{"formats": ["MM/dd/yy"], "century_pivot": 50}"#,
            r#""2049-03-07""#,
        ),
        Example::fails(
            r#""Sun, 07 Mar 2026""#,
            r#"{"formats": ["EEE, dd MMM yyyy"], "language": "en"}"#,
            ErrorCode::DateInvalid,
        ),
        Example::gives(r#"null"#, r#"{"formats": ["dd.MM.yyyy"]}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct DateParse {
    formats: Formats,
}

impl Operation for DateParse {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        if let Value::Date(date) = value {
            return Ok(Value::Date(date));
        }
        self.formats.read(value.text()?).map(Value::Date)
    }

    fn day(&self, text: &str) -> Option<Date> {
        self.formats.first(text)
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(DateParse {
        formats: Formats::compile(arguments)?,
    })
}
