//! `to_date`: the day of an instant in a time zone.

use jiff::tz::TimeZone;
use tributary_model::error_code::ErrorCode;

use super::conventions::ZONE;
use crate::date::DateTime;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "to_date",
    summary: "Gives the day on which an instant falls in a time zone.",
    input: Kind::DateTime,
    output: Output::Is(Kind::Date),
    arguments: &[ZONE],
    fails_with: &[ErrorCode::DateInvalid],
    examples: &[
        Example::gives(
            r#""2026-03-05T23:30:00-08:00""#,
            r#"{"zone": "Europe/Berlin"}"#,
            r#""2026-03-06""#,
        ),
        Example::gives(
            r#""2026-03-05T23:30:00-08:00""#,
            r#"{"zone": "America/Los_Angeles"}"#,
            r#""2026-03-05""#,
        ),
        Example::gives(
            r#""2026-03-05T23:30:00Z""#,
            r#"{"zone": "UTC"}"#,
            r#""2026-03-05""#,
        ),
        Example::gives(r#"null"#, r#"{"zone": "UTC"}"#, r#"null"#),
        Example::fails(r#"5"#, r#"{"zone": "UTC"}"#, ErrorCode::DateInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct ToDate {
    zone: TimeZone,
}

impl Operation for ToDate {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        let instant = DateTime::in_zone(value.date_time()?.instant(), &self.zone);
        match instant.date() {
            Some(date) => Ok(Value::Date(date)),
            None => failure(
                ErrorCode::DateInvalid,
                format!("{instant} is not within the years 1 to 9999"),
            ),
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(ToDate {
        zone: arguments.zone("zone")?,
    })
}
