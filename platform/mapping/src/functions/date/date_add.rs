//! `date_add`: a date moved by years, months, weeks, days.

use tributary_model::error_code::ErrorCode;

use super::on_calendar;
use crate::date::Date;
use crate::functions::computed::Computed;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "date_add",
    summary: "Moves a date forward, or backward with negative numbers: first by years and months together, where a day that the month does not have becomes its last day (31 January and a month is 28 February), then by weeks and days.",
    input: Kind::Date,
    output: Output::Is(Kind::Date),
    arguments: &CALENDAR_ARGUMENTS,
    fails_with: &[
        ErrorCode::DateInvalid,
        ErrorCode::NumberInvalid,
        ErrorCode::NumberRange,
        ErrorCode::ValueMissing,
    ],
    examples: &[
        Example::gives(r#""2026-03-07""#, r#"{"days": 30}"#, r#""2026-04-06""#),
        Example::gives(r#""2026-01-31""#, r#"{"months": 1}"#, r#""2026-02-28""#),
        Example::gives(r#""2024-02-29""#, r#"{"years": 1}"#, r#""2025-02-28""#),
        Example::gives(
            r#""2026-01-31""#,
            r#"{"months": 1, "days": 1}"#,
            r#""2026-03-01""#,
        ),
        Example::gives(r#""2026-03-07""#, r#"{"weeks": -1}"#, r#""2026-02-28""#),
        Example::gives(
            r#""2026-03-07""#,
            r#"{"days": {"from": "$.key"}}"#,
            r#""2026-03-08""#,
        ),
        Example::gives(r#"null"#, r#"{"days": 30}"#, r#"null"#),
        Example::fails(
            r#""2026-03-07""#,
            r#"{"days": 0.5}"#,
            ErrorCode::NumberInvalid,
        ),
        Example::fails(
            r#""2026-03-07""#,
            r#"{"years": 8000}"#,
            ErrorCode::DateInvalid,
        ),
    ],
    ..Signature::EMPTY
};

const CALENDAR_ARGUMENTS: [Argument; 4] = [
    Argument::optional(
        "years",
        ArgumentKind::Computed(Kind::Number),
        "whole number",
    ),
    Argument::optional(
        "months",
        ArgumentKind::Computed(Kind::Number),
        "whole number",
    ),
    Argument::optional(
        "weeks",
        ArgumentKind::Computed(Kind::Number),
        "whole number",
    ),
    Argument::optional("days", ArgumentKind::Computed(Kind::Number), "whole number"),
];

/// Largest number of units; four million days are more than the calendar has.
const LIMIT: i64 = 10_000_000;

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

/// A distance on the calendar.
#[derive(Debug)]
pub(super) struct Distance {
    years: Option<Computed>,
    months: Option<Computed>,
    weeks: Option<Computed>,
    days: Option<Computed>,
}

impl Distance {
    pub(super) fn compile(arguments: &mut Arguments<'_, '_>) -> Option<Self> {
        Some(Self {
            years: Computed::optional(arguments, "years", Kind::Number)?,
            months: Computed::optional(arguments, "months", Kind::Number)?,
            weeks: Computed::optional(arguments, "weeks", Kind::Number)?,
            days: Computed::optional(arguments, "days", Kind::Number)?,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.years.is_none() && self.months.is_none() && self.weeks.is_none() && self.days.is_none()
    }

    /// Months and days of this record; `None` if something it needs has failed before.
    pub(super) fn of<'a>(&'a self, run: &Run<'a>) -> Made<Option<(i64, i64)>> {
        let mut numbers = [0_i64; 4];
        let parts = [&self.years, &self.months, &self.weeks, &self.days];
        for (part, number) in parts.into_iter().zip(&mut numbers) {
            if let Some(part) = part {
                match part.whole(LIMIT, run)? {
                    Some(whole) => *number = whole,
                    None => return Ok(None),
                }
            }
        }
        let [years, months, weeks, days] = numbers;
        Ok(Some((years * 12 + months, weeks * 7 + days)))
    }
}

/// The date moved by months, then by days; `None` beyond the calendar.
pub(super) fn moved(date: Date, (months, days): (i64, i64)) -> Option<Date> {
    date.add_months(months)?.add_days(days)
}

#[derive(Debug)]
struct DateAdd {
    distance: Distance,
}

impl Operation for DateAdd {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let date = value.date()?;
        match self.distance.of(run)? {
            Some(distance) => on_calendar(moved(date, distance), date),
            None => Ok(Value::Failed),
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let distance = Distance::compile(arguments)?;
    if distance.is_empty() {
        return arguments.invalid("days", "years, months, weeks or days are needed");
    }
    ready(DateAdd { distance })
}
