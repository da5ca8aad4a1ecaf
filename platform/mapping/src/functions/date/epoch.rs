//! `to_epoch` and `from_epoch`: instants as numbers since 1970-01-01T00:00:00Z.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tributary_model::error_code::ErrorCode;

use super::conventions::{choice, given_zone};
use crate::date::DateTime;
use crate::decimal::{Decimal, Rounding};
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure, failure_with_hint};
use crate::worker::run::Run;

const UNIT: Argument = Argument::optional(
    "unit",
    ArgumentKind::Text,
    "seconds (default), milliseconds, microseconds, nanoseconds",
);

/// Nanoseconds of the units.
const UNITS: [(&str, i64); 4] = [
    ("seconds", SECOND),
    ("milliseconds", 1_000_000),
    ("microseconds", 1000),
    ("nanoseconds", 1),
];
const SECOND: i64 = 1_000_000_000;

const TO_SIGNATURE: Signature = Signature {
    name: "to_epoch",
    summary: "Gives an instant as the whole units since 1970-01-01T00:00:00Z (Unix time); what is left is cut off towards the past.",
    input: Kind::DateTime,
    output: Output::Is(Kind::Number),
    arguments: &[UNIT],
    fails_with: &[ErrorCode::DateInvalid],
    examples: &[
        Example::gives(r#""2026-03-05T13:00:00+01:00""#, r#"{}"#, r#"1772712000"#),
        Example::gives(
            r#""2026-03-05T12:00:00.25Z""#,
            r#"{"unit": "milliseconds"}"#,
            r#"1772712000250"#,
        ),
        Example::gives(r#""1970-01-01T00:00:00.5Z""#, r#"{}"#, r#"0"#),
        Example::gives(r#""1969-12-31T23:59:59.5Z""#, r#"{}"#, r#"-1"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#""now""#, r#"{}"#, ErrorCode::DateInvalid),
    ],
    ..Signature::EMPTY
};

const FROM_SIGNATURE: Signature = Signature {
    name: "from_epoch",
    summary: "Makes a date and time of a number of units since 1970-01-01T00:00:00Z (Unix time). Parts of a nanosecond are cut off.",
    input: Kind::Number,
    output: Output::Is(Kind::DateTime),
    arguments: &[
        UNIT,
        Argument::optional(
            "zone",
            ArgumentKind::Text,
            "IANA time zone whose clocks are meant; default: UTC",
        ),
    ],
    fails_with: &[ErrorCode::NumberInvalid, ErrorCode::DateInvalid],
    examples: &[
        Example::gives(r#"1772712000"#, r#"{}"#, r#""2026-03-05T12:00:00Z""#),
        Example::gives(
            r#"1772712000250"#,
            r#"{"unit": "milliseconds", "zone": "Europe/Berlin"}"#,
            r#""2026-03-05T13:00:00.25+01:00""#,
        ),
        Example::gives(r#"1772712000.5"#, r#"{}"#, r#""2026-03-05T12:00:00.5Z""#),
        Example::gives(r#"-1"#, r#"{}"#, r#""1969-12-31T23:59:59Z""#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"1772712000250"#, r#"{}"#, ErrorCode::DateInvalid),
        Example::fails(r#""1772712000""#, r#"{}"#, ErrorCode::NumberInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const TO_EPOCH: Function = Function {
    signature: &TO_SIGNATURE,
    compile: |arguments| {
        ready(ToEpoch {
            unit: choice(arguments, "unit", &UNITS, Some(SECOND))?,
        })
    },
};

pub(super) const FROM_EPOCH: Function = Function {
    signature: &FROM_SIGNATURE,
    compile: compile_from,
};

#[derive(Debug)]
struct ToEpoch {
    /// nanoseconds
    unit: i64,
}

impl Operation for ToEpoch {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        let instant = value.date_time()?.instant();
        let units = instant.as_nanosecond().div_euclid(i128::from(self.unit));
        match Decimal::new(units, 0) {
            Some(number) => Ok(Value::Decimal(number)),
            None => failure(ErrorCode::DateInvalid, format!("{instant} is too far away")),
        }
    }
}

#[derive(Debug)]
struct FromEpoch {
    /// nanoseconds
    unit: i64,
    zone: TimeZone,
}

impl Operation for FromEpoch {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let number = value.decimal()?;
        let instant = number
            .multiply(Decimal::from(self.unit))
            .ok()
            .map(|nanoseconds| nanoseconds.normalize().round(0, Rounding::Floor))
            .and_then(|whole| Timestamp::from_nanosecond(whole.mantissa()).ok())
            .map(|instant| DateTime::in_zone(instant, &self.zone))
            .filter(|instant| instant.date().is_some());
        match instant {
            Some(instant) => Ok(run.date_time(instant)),
            None => failure_with_hint(
                ErrorCode::DateInvalid,
                format!("{number} leads beyond the year 9999 or before the year 1"),
                "are the units milliseconds?",
            ),
        }
    }
}

fn compile_from(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(FromEpoch {
        unit: choice(arguments, "unit", &UNITS, Some(SECOND))?,
        zone: given_zone(arguments)?.unwrap_or(TimeZone::UTC),
    })
}
