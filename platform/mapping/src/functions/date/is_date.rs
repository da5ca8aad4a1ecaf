//! `is_date`: whether a text is a date of one of the formats.

use super::conventions::{CENTURY_PIVOT, LANGUAGE};
use super::formats::Formats;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "is_date",
    summary: "Tells whether date_parse would make a date of the value.",
    input: Kind::Any,
    output: Output::Is(Kind::Bool),
    arguments: &[
        Argument::required("formats", ArgumentKind::Texts, "as for date_parse"),
        Argument::optional(
            "zone",
            ArgumentKind::Text,
            "IANA time zone for rfc3339; default: the source’s",
        ),
        LANGUAGE,
        CENTURY_PIVOT,
    ],
    fails_with: &[],
    examples: &[
        Example::gives(
            r#""07.03.2026""#,
            r#"{"formats": ["dd.MM.yyyy"]}"#,
            r#"true"#,
        ),
        Example::gives(
            r#""30.02.2026""#,
            r#"{"formats": ["dd.MM.yyyy"]}"#,
            r#"false"#,
        ),
        Example::gives(
            r#""2026-03-07""#,
            r#"{"formats": ["dd.MM.yyyy", "yyyy-MM-dd"]}"#,
            r#"true"#,
        ),
        Example::gives(r#"20260307"#, r#"{"formats": ["yyyyMMdd"]}"#, r#"false"#),
        Example::gives(r#"null"#, r#"{"formats": ["dd.MM.yyyy"]}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct IsDate {
    formats: Formats,
}

impl Operation for IsDate {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        let is_date = match value {
            Value::Date(_) => true,
            Value::Text(text) => self.formats.read(text).is_ok(),
            _ => false,
        };
        Ok(Value::Bool(is_date))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(IsDate {
        formats: Formats::compile(arguments)?,
    })
}
