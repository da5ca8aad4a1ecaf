//! `add_business_days`: a date moved by business days.

use tributary_model::error_code::ErrorCode;

use super::business::{Calendar, HOLIDAYS, WEEKEND};
use super::on_calendar;
use crate::functions::computed::Computed;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "add_business_days",
    summary: "Gives the n-th business day after a date, or before it with a negative number, as WORKDAY does in Excel. 0 gives the date itself, whatever day it is; to_business_day moves it.",
    input: Kind::Date,
    output: Output::Is(Kind::Date),
    arguments: &[
        Argument::required("days", ArgumentKind::Computed(Kind::Number), "whole number"),
        WEEKEND,
        HOLIDAYS,
    ],
    fails_with: &[
        ErrorCode::DateInvalid,
        ErrorCode::NumberInvalid,
        ErrorCode::NumberRange,
        ErrorCode::ValueMissing,
        ErrorCode::ValueInvalid,
    ],
    examples: &[
        Example::gives(r#""2026-03-06""#, r#"{"days": 1}"#, r#""2026-03-09""#),
        Example::gives(
            r#""2026-04-02""#,
            r#"{"days": 2, "holidays": ["2026-04-03", "2026-04-06"]}"#,
            r#""2026-04-08""#,
        ),
        Example::gives(r#""2026-03-09""#, r#"{"days": -1}"#, r#""2026-03-06""#),
        Example::gives(
            r#""2026-03-05""#,
            r#"{"days": 1, "weekend": ["friday", "saturday"]}"#,
            r#""2026-03-08""#,
        ),
        Example::gives(r#""2026-03-07""#, r#"{"days": 0}"#, r#""2026-03-07""#),
        Example::gives(
            r#""2026-04-02""#,
            r#"{"days": 1, "holidays": [{"formula": "['2026-04-03', '2026-04-06']"}]}"#,
            r#""2026-04-07""#,
        ),
        Example::gives(r#"null"#, r#"{"days": 1}"#, r#"null"#),
        Example::fails(
            r#""2026-03-06""#,
            r#"{"days": 1, "holidays": [{"formula": "'Easter'"}, {"from": "$.key"}]}"#,
            ErrorCode::DateInvalid,
        ),
        Example::fails(
            r#""2026-03-06""#,
            r#"{"days": 9000000}"#,
            ErrorCode::DateInvalid,
        ),
    ],
    ..Signature::EMPTY
};

/// Largest number of days; more than the calendar has.
const LIMIT: i64 = 10_000_000;

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct AddBusinessDays {
    days: Computed,
    calendar: Calendar,
}

impl Operation for AddBusinessDays {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let date = value.date()?;
        let Some(days) = self.days.whole(LIMIT, run)? else {
            return Ok(Value::Failed);
        };
        let days = i32::try_from(days).unwrap_or(i32::MAX);
        match self
            .calendar
            .with(run, |calendar| calendar.add(date, days))?
        {
            Some(found) => on_calendar(found, date),
            None => Ok(Value::Failed),
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(AddBusinessDays {
        days: Computed::required(arguments, "days", Kind::Number)?,
        calendar: Calendar::compile(arguments)?,
    })
}
