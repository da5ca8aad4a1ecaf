//! `now` and `today`: when the run started. All records of a run see the same time, and a repeated
//! run can be given the time of the first one.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tributary_model::error_code::ErrorCode;

use super::conventions::{ZONE, given_zone};
use crate::date::DateTime;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SHARED: Signature = Signature {
    input: Kind::Null,
    fails_with: &[ErrorCode::ValueMissing, ErrorCode::DateInvalid],
    takes_null: true,
    ..Signature::EMPTY
};

const NOW_SIGNATURE: Signature = Signature {
    name: "now",
    summary: "Gives the instant at which the run started, whatever the value; in a formula: now().",
    output: Output::Is(Kind::DateTime),
    arguments: &[Argument::optional(
        "zone",
        ArgumentKind::Text,
        "IANA time zone whose clocks are meant; default: UTC",
    )],
    examples: &[
        Example::gives(r#"null"#, r#"{}"#, r#""2026-03-05T12:00:00Z""#),
        Example::gives(
            r#"null"#,
            r#"{"zone": "Europe/Berlin"}"#,
            r#""2026-03-05T13:00:00+01:00""#,
        ),
        Example::gives(r#""x""#, r#"{}"#, r#""2026-03-05T12:00:00Z""#),
        Example::gives(
            r#"null"#,
            r#"{"zone": "Asia/Kolkata"}"#,
            r#""2026-03-05T17:30:00+05:30""#,
        ),
        Example::gives(
            r#"null"#,
            r#"{"zone": "Pacific/Kiritimati"}"#,
            r#""2026-03-06T02:00:00+14:00""#,
        ),
    ],
    ..SHARED
};

const TODAY_SIGNATURE: Signature = Signature {
    name: "today",
    summary: "Gives the day on which the run started in a time zone, whatever the value; in a formula: today().",
    output: Output::Is(Kind::Date),
    arguments: &[ZONE],
    examples: &[
        Example::gives(r#"null"#, r#"{"zone": "UTC"}"#, r#""2026-03-05""#),
        Example::gives(r#"null"#, r#"{"zone": "Europe/Berlin"}"#, r#""2026-03-05""#),
        Example::gives(
            r#"null"#,
            r#"{"zone": "Pacific/Kiritimati"}"#,
            r#""2026-03-06""#,
        ),
        Example::gives(r#""x""#, r#"{"zone": "UTC"}"#, r#""2026-03-05""#),
        Example::gives(
            r#"null"#,
            r#"{"zone": "Pacific/Midway"}"#,
            r#""2026-03-05""#,
        ),
    ],
    ..SHARED
};

pub(super) const NOW: Function = Function {
    signature: &NOW_SIGNATURE,
    compile: |arguments| {
        ready(Now {
            zone: given_zone(arguments)?.unwrap_or(TimeZone::UTC),
        })
    },
};

pub(super) const TODAY: Function = Function {
    signature: &TODAY_SIGNATURE,
    compile: compile_today,
};

#[derive(Debug)]
struct Now {
    zone: TimeZone,
}

impl Operation for Now {
    fn apply<'a>(&'a self, _value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let instant = start(run)?;
        Ok(run.date_time(DateTime::in_zone(instant, &self.zone)))
    }
}

#[derive(Debug)]
struct Today {
    zone: TimeZone,
}

impl Operation for Today {
    fn apply<'a>(&'a self, _value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let instant = DateTime::in_zone(start(run)?, &self.zone);
        match instant.date() {
            Some(date) => Ok(Value::Date(date)),
            None => failure(
                ErrorCode::DateInvalid,
                format!("{instant} is not within the years 1 to 9999"),
            ),
        }
    }
}

fn start(run: &Run<'_>) -> Made<Timestamp> {
    run.now().map_or_else(
        || failure(ErrorCode::ValueMissing, "the start of the run is not known"),
        Ok,
    )
}

fn compile_today(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Today {
        zone: arguments.zone("zone")?,
    })
}
