//! `date_diff`: how far another date is away.

use tributary_model::error_code::ErrorCode;

use super::business::{Calendar, HOLIDAYS, WEEKEND};
use super::conventions::choice;
use crate::date::Date;
use crate::decimal::Decimal;
use crate::functions::computed::Computed;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "date_diff",
    summary: "Tells how many whole units lie from the value to another date; negative if that comes first. A month is full on the same day of the month, so from 31 January to 28 February there is none. business_days counts the business days after the earlier date, so that add_business_days goes the same way.",
    input: Kind::Date,
    output: Output::Is(Kind::Number),
    arguments: &[
        Argument::required("to", ArgumentKind::Computed(Kind::Date), "the other date"),
        Argument::optional(
            "unit",
            ArgumentKind::Text,
            "days (default), weeks, months, quarters, years, business_days",
        ),
        WEEKEND,
        HOLIDAYS,
    ],
    fails_with: &[
        ErrorCode::DateInvalid,
        ErrorCode::ValueMissing,
        ErrorCode::ValueInvalid,
    ],
    examples: &[
        Example::gives(r#""2026-03-07""#, r#"{"to": "2026-04-06"}"#, r#"30"#),
        Example::gives(r#""2026-03-07""#, r#"{"to": "2026-03-01"}"#, r#"-6"#),
        Example::gives(
            r#""2026-01-31""#,
            r#"{"to": "2026-03-30", "unit": "months"}"#,
            r#"1"#,
        ),
        Example::gives(
            r#""2024-02-29""#,
            r#"{"to": "2026-02-28", "unit": "years"}"#,
            r#"1"#,
        ),
        Example::gives(
            r#""2026-04-02""#,
            r#"{"to": "2026-04-07", "unit": "business_days", "holidays": ["2026-04-03", "2026-04-06"]}"#,
            r#"1"#,
        ),
        Example::gives(r#"null"#, r#"{"to": "2026-04-06"}"#, r#"null"#),
        Example::fails(
            r#""2026-03-07""#,
            r#"{"to": {"from": "$.due"}}"#,
            ErrorCode::ValueMissing,
        ),
        Example::fails(
            r#""2026-03-07""#,
            r#"{"to": {"from": "$.key"}}"#,
            ErrorCode::DateInvalid,
        ),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug, Clone, Copy)]
enum Unit {
    /// of so many days
    Days(i64),
    /// of so many months
    Months(i64),
    BusinessDays,
}

const UNITS: [(&str, Unit); 6] = [
    ("days", Unit::Days(1)),
    ("weeks", Unit::Days(7)),
    ("months", Unit::Months(1)),
    ("quarters", Unit::Months(3)),
    ("years", Unit::Months(12)),
    ("business_days", Unit::BusinessDays),
];

#[derive(Debug)]
struct DateDiff {
    to: Computed,
    unit: Unit,
    calendar: Calendar,
}

impl Operation for DateDiff {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let from = value.date()?;
        let Some(to) = self.to.date(run)? else {
            return Ok(Value::Failed);
        };
        let days = |date: Date| i64::from(date.day_number());
        let count = match self.unit {
            Unit::Days(length) => (days(to) - days(from)) / length,
            Unit::Months(length) => from.months_until(to) / length,
            Unit::BusinessDays => {
                let between = self.calendar.with(run, |c| c.days_between(from, to))?;
                let Some(count) = between else {
                    return Ok(Value::Failed);
                };
                count
            }
        };
        Ok(Value::Decimal(Decimal::from(count)))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let to = Computed::required(arguments, "to", Kind::Date)?;
    let unit = choice(arguments, "unit", &UNITS, Some(Unit::Days(1)))?;
    for name in ["weekend", "holidays"] {
        if arguments.has(name) && !matches!(unit, Unit::BusinessDays) {
            return arguments.invalid(name, "has no effect without the unit business_days");
        }
    }
    ready(DateDiff {
        to,
        unit,
        calendar: Calendar::compile(arguments)?,
    })
}
