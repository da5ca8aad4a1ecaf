//! `datetime_add`: an instant moved on the calendar and on the clock.

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use tributary_model::error_code::ErrorCode;

use super::conventions::given_zone;
use super::date_add::{Distance, moved};
use crate::date::{Date, DateTime, OnAmbiguous};
use crate::functions::computed::Computed;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const NUMBER: ArgumentKind = ArgumentKind::Computed(Kind::Number);

const SIGNATURE: Signature = Signature {
    name: "datetime_add",
    summary: "Moves a date and time forward, or backward with negative numbers: first on the calendar as date_add does, at the same time of day, then by hours, minutes and seconds that pass. A time of day that clocks leave out is read as RFC 5545 says. Without zone, the offset of the value stays.",
    input: Kind::DateTime,
    output: Output::Is(Kind::DateTime),
    arguments: &[
        Argument::optional("years", NUMBER, "whole number"),
        Argument::optional("months", NUMBER, "whole number"),
        Argument::optional("weeks", NUMBER, "whole number"),
        Argument::optional("days", NUMBER, "whole number"),
        Argument::optional("hours", NUMBER, "whole number"),
        Argument::optional("minutes", NUMBER, "whole number"),
        Argument::optional("seconds", NUMBER, "whole number"),
        Argument::optional(
            "zone",
            ArgumentKind::Text,
            "IANA time zone whose calendar and clocks are meant; default: the value’s own offset",
        ),
    ],
    fails_with: &[
        ErrorCode::DateInvalid,
        ErrorCode::NumberInvalid,
        ErrorCode::NumberRange,
        ErrorCode::ValueMissing,
    ],
    examples: &[
        Example::gives(
            r#""2026-03-05T23:30:00Z""#,
            r#"{"minutes": 45}"#,
            r#""2026-03-06T00:15:00Z""#,
        ),
        Example::gives(
            r#""2026-03-28T12:00:00+01:00""#,
            r#"{"days": 1, "zone": "Europe/Berlin"}"#,
            r#""2026-03-29T12:00:00+02:00""#,
        ),
        Example::gives(
            r#""2026-03-28T12:00:00+01:00""#,
            r#"{"hours": 24, "zone": "Europe/Berlin"}"#,
            r#""2026-03-29T13:00:00+02:00""#,
        ),
        Example::gives(
            r#""2026-03-28T12:00:00+01:00""#,
            r#"{"days": 1}"#,
            r#""2026-03-29T12:00:00+01:00""#,
        ),
        Example::gives(
            r#""2026-01-31T08:00:00Z""#,
            r#"{"months": 1, "seconds": -1}"#,
            r#""2026-02-28T07:59:59Z""#,
        ),
        Example::gives(r#"null"#, r#"{"hours": 1}"#, r#"null"#),
        Example::fails(
            r#""2026-03-05T23:30:00Z""#,
            r#"{"hours": 1.5}"#,
            ErrorCode::NumberInvalid,
        ),
        Example::fails(
            r#""2026-03-05T23:30:00Z""#,
            r#"{"years": 9000}"#,
            ErrorCode::DateInvalid,
        ),
    ],
    ..Signature::EMPTY
};

/// Largest number of hours, minutes or seconds: more seconds than the calendar has.
const LIMIT: i64 = 1_000_000_000_000;

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct DatetimeAdd {
    distance: Distance,
    /// seconds in a unit, and how many units
    clock: [(i64, Option<Computed>); 3],
    zone: Option<TimeZone>,
}

impl Operation for DatetimeAdd {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let from = value.date_time()?;
        let (Some(distance), Some(seconds)) = (self.distance.of(run)?, self.seconds(run)?) else {
            return Ok(Value::Failed);
        };
        match self.moved(from, distance, seconds) {
            Some(instant) => Ok(run.date_time(instant)),
            None => failure(
                ErrorCode::DateInvalid,
                format!("what is computed from {from} is not within the years 1 to 9999"),
            ),
        }
    }
}

impl DatetimeAdd {
    fn seconds<'a>(&'a self, run: &Run<'a>) -> Made<Option<i64>> {
        let mut sum = 0_i64;
        for (unit, number) in &self.clock {
            if let Some(number) = number {
                match number.whole(LIMIT, run)? {
                    Some(whole) => sum += unit * whole,
                    None => return Ok(None),
                }
            }
        }
        Ok(Some(sum))
    }

    fn moved(&self, from: DateTime, distance: (i64, i64), seconds: i64) -> Option<DateTime> {
        let shown = |instant| match &self.zone {
            Some(zone) => DateTime::in_zone(instant, zone),
            None => DateTime::new(instant, from.offset()),
        };
        let mut at = shown(from.instant());
        // without a distance the instant stays, even if its local time occurs twice
        if distance != (0, 0) {
            let local = at.civil();
            let date = moved(Date::from_civil(local.date())?, distance)?;
            let local = date.civil()?.to_datetime(local.time());
            at = match &self.zone {
                Some(zone) => OnAmbiguous::Compatible.instant(local, zone)?,
                None => shown(from.offset().to_timestamp(local).ok()?),
            };
        }
        let later = at.instant().checked_add(SignedDuration::from_secs(seconds));
        let found = shown(later.ok()?);
        found.date().map(|_| found)
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let distance = Distance::compile(arguments)?;
    let clock = [
        (3600, Computed::optional(arguments, "hours", Kind::Number)?),
        (60, Computed::optional(arguments, "minutes", Kind::Number)?),
        (1, Computed::optional(arguments, "seconds", Kind::Number)?),
    ];
    if distance.is_empty() && clock.iter().all(|(_, number)| number.is_none()) {
        return arguments.invalid(
            "days",
            "years, months, weeks, days, hours, minutes or seconds are needed",
        );
    }
    ready(DatetimeAdd {
        distance,
        clock,
        zone: given_zone(arguments)?,
    })
}
