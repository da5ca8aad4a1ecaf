//! `to_zone`: the same instant as clocks elsewhere show it.

use jiff::tz::TimeZone;
use tributary_model::error_code::ErrorCode;

use super::conventions::ZONE;
use crate::date::DateTime;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "to_zone",
    summary: "Writes the same instant as clocks in a time zone show it.",
    input: Kind::DateTime,
    output: Output::Is(Kind::DateTime),
    arguments: &[ZONE],
    fails_with: &[ErrorCode::DateInvalid],
    examples: &[
        Example::gives(
            r#""2026-03-05T23:30:00-08:00""#,
            r#"{"zone": "Europe/Berlin"}"#,
            r#""2026-03-06T08:30:00+01:00""#,
        ),
        Example::gives(
            r#""2026-07-05T12:00:00Z""#,
            r#"{"zone": "Europe/Berlin"}"#,
            r#""2026-07-05T14:00:00+02:00""#,
        ),
        Example::gives(
            r#""2026-03-05T12:00:00+05:30""#,
            r#"{"zone": "UTC"}"#,
            r#""2026-03-05T06:30:00Z""#,
        ),
        Example::gives(r#"null"#, r#"{"zone": "UTC"}"#, r#"null"#),
        Example::fails(r#""noon""#, r#"{"zone": "UTC"}"#, ErrorCode::DateInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct ToZone {
    zone: TimeZone,
}

impl Operation for ToZone {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let instant = value.date_time()?.instant();
        Ok(run.date_time(DateTime::in_zone(instant, &self.zone)))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(ToZone {
        zone: arguments.zone("zone")?,
    })
}
