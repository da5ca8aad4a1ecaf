//! `datetime_diff`: the time that passes until another instant.

use tributary_model::error_code::ErrorCode;

use super::conventions::choice;
use crate::decimal::Decimal;
use crate::functions::computed::Computed;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "datetime_diff",
    summary: "Tells how many whole units of time pass from the value to another date and time; negative if that comes first. A day is 24 hours here; for days of the calendar use to_date and date_diff.",
    input: Kind::DateTime,
    output: Output::Is(Kind::Number),
    arguments: &[
        Argument::required(
            "to",
            ArgumentKind::Computed(Kind::DateTime),
            "the other date and time",
        ),
        Argument::optional(
            "unit",
            ArgumentKind::Text,
            "milliseconds, seconds (default), minutes, hours, days",
        ),
    ],
    fails_with: &[ErrorCode::DateInvalid, ErrorCode::ValueMissing],
    examples: &[
        Example::gives(
            r#""2026-03-05T12:00:00Z""#,
            r#"{"to": "2026-03-05T14:00:30+01:00"}"#,
            r#"3630"#,
        ),
        Example::gives(
            r#""2026-03-05T12:00:00Z""#,
            r#"{"to": "2026-03-05T10:31:00Z", "unit": "hours"}"#,
            r#"-1"#,
        ),
        Example::gives(
            r#""2026-03-28T12:00:00+01:00""#,
            r#"{"to": "2026-03-29T12:00:00+02:00", "unit": "days"}"#,
            r#"0"#,
        ),
        Example::gives(
            r#""2026-03-05T12:00:00Z""#,
            r#"{"to": "2026-03-05T12:00:00.25Z", "unit": "milliseconds"}"#,
            r#"250"#,
        ),
        Example::gives(r#"null"#, r#"{"to": "2026-03-05T12:00:00Z"}"#, r#"null"#),
        Example::fails(
            r#""2026-03-05T12:00:00Z""#,
            r#"{"to": {"from": "$.end"}}"#,
            ErrorCode::ValueMissing,
        ),
        Example::fails(
            r#""noon""#,
            r#"{"to": "2026-03-05T12:00:00Z"}"#,
            ErrorCode::DateInvalid,
        ),
    ],
    ..Signature::EMPTY
};

/// Nanoseconds of the units.
const UNITS: [(&str, i128); 5] = [
    ("milliseconds", 1_000_000),
    ("seconds", SECOND),
    ("minutes", 60 * SECOND),
    ("hours", 3600 * SECOND),
    ("days", 86_400 * SECOND),
];
const SECOND: i128 = 1_000_000_000;

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct DatetimeDiff {
    to: Computed,
    /// nanoseconds
    unit: i128,
}

impl Operation for DatetimeDiff {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let from = value.date_time()?.instant().as_nanosecond();
        let Some(to) = self.to.date_time(run)? else {
            return Ok(Value::Failed);
        };
        let units = (to.instant().as_nanosecond() - from) / self.unit;
        match Decimal::new(units, 0) {
            Some(count) => Ok(Value::Decimal(count)),
            None => failure(ErrorCode::DateInvalid, "the instants are too far apart"),
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(DatetimeDiff {
        to: Computed::required(arguments, "to", Kind::DateTime)?,
        unit: choice(arguments, "unit", &UNITS, Some(SECOND))?,
    })
}
