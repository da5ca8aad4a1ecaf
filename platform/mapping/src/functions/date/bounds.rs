//! `start_of` and `end_of`: first and last day of the week, month, quarter or year of a date.

use tributary_model::error_code::ErrorCode;

use super::conventions::choice;
use super::fiscal::start_month;
use super::on_calendar;
use crate::date::Date;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const ARGUMENTS: [Argument; 2] = [
    Argument::required(
        "unit",
        ArgumentKind::Text,
        "week (Monday to Sunday, as in ISO 8601), month, quarter, half_year, year, fiscal_year",
    ),
    Argument::optional(
        "start_month",
        ArgumentKind::Integer,
        "first month of the fiscal year, 1 to 12; needed for fiscal_year",
    ),
];

const SHARED: Signature = Signature {
    input: Kind::Date,
    output: Output::Is(Kind::Date),
    arguments: &ARGUMENTS,
    fails_with: &[ErrorCode::DateInvalid],
    ..Signature::EMPTY
};

const START_SIGNATURE: Signature = Signature {
    name: "start_of",
    summary: "Gives the first day of the week, month, quarter or year in which a date lies.",
    examples: &[
        Example::gives(r#""2026-03-07""#, r#"{"unit": "week"}"#, r#""2026-03-02""#),
        Example::gives(r#""2026-03-07""#, r#"{"unit": "month"}"#, r#""2026-03-01""#),
        Example::gives(
            r#""2026-05-07""#,
            r#"{"unit": "quarter"}"#,
            r#""2026-04-01""#,
        ),
        Example::gives(
            r#""2026-03-07""#,
            r#"{"unit": "fiscal_year", "start_month": 4}"#,
            r#""2025-04-01""#,
        ),
        Example::gives(r#""2026-01-01""#, r#"{"unit": "week"}"#, r#""2025-12-29""#),
        Example::gives(r#"null"#, r#"{"unit": "year"}"#, r#"null"#),
        Example::fails(r#""March""#, r#"{"unit": "year"}"#, ErrorCode::DateInvalid),
    ],
    ..SHARED
};

const END_SIGNATURE: Signature = Signature {
    name: "end_of",
    summary: "Gives the last day of the week, month, quarter or year in which a date lies.",
    examples: &[
        Example::gives(r#""2026-03-07""#, r#"{"unit": "week"}"#, r#""2026-03-08""#),
        Example::gives(r#""2024-02-07""#, r#"{"unit": "month"}"#, r#""2024-02-29""#),
        Example::gives(
            r#""2026-05-07""#,
            r#"{"unit": "half_year"}"#,
            r#""2026-06-30""#,
        ),
        Example::gives(r#""2026-12-31""#, r#"{"unit": "year"}"#, r#""2026-12-31""#),
        Example::gives(
            r#""2026-03-07""#,
            r#"{"unit": "fiscal_year", "start_month": 10}"#,
            r#""2026-09-30""#,
        ),
        Example::gives(r#"null"#, r#"{"unit": "year"}"#, r#"null"#),
        Example::fails(
            r#""9999-12-31""#,
            r#"{"unit": "week"}"#,
            ErrorCode::DateInvalid,
        ),
    ],
    ..SHARED
};

pub(super) const START_OF: Function = Function {
    signature: &START_SIGNATURE,
    compile: |arguments| compile(arguments, false),
};

pub(super) const END_OF: Function = Function {
    signature: &END_SIGNATURE,
    compile: |arguments| compile(arguments, true),
};

#[derive(Debug, Clone, Copy)]
enum Unit {
    Week,
    /// so many months, counted from a month of the year
    Months {
        length: u8,
        from: u8,
    },
}

/// The fiscal year is a year that starts elsewhere.
const UNITS: [(&str, Unit); 6] = [
    ("week", Unit::Week),
    ("month", Unit::Months { length: 1, from: 1 }),
    ("quarter", Unit::Months { length: 3, from: 1 }),
    ("half_year", Unit::Months { length: 6, from: 1 }),
    (
        "year",
        Unit::Months {
            length: 12,
            from: 1,
        },
    ),
    (
        "fiscal_year",
        Unit::Months {
            length: 12,
            from: 0,
        },
    ),
];

#[derive(Debug)]
struct Bound {
    unit: Unit,
    end: bool,
}

impl Operation for Bound {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        let date = value.date()?;
        on_calendar(self.of(date), date)
    }
}

impl Bound {
    fn of(&self, date: Date) -> Option<Date> {
        match self.unit {
            Unit::Week => {
                let start = i64::from(date.day_number()) + 1 - i64::from(date.weekday());
                Date::from_day_number(if self.end { start + 6 } else { start })
            }
            Unit::Months { length, from } => {
                let (year, month, _) = date.parts();
                let passed = (month + 12 - from) % length;
                let first = Date::new(year, month, 1)?.add_months(-i64::from(passed))?;
                if !self.end {
                    return Some(first);
                }
                let last = first.add_months(i64::from(length) - 1)?;
                let (year, month, _) = last.parts();
                Date::new(year, month, last.days_in_month())
            }
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>, end: bool) -> Compiled {
    let mut unit = choice(arguments, "unit", &UNITS, None)?;
    let fiscal = matches!(unit, Unit::Months { from: 0, .. });
    if fiscal {
        if !arguments.has("start_month") {
            return arguments.invalid("start_month", "is needed for fiscal_year");
        }
        let from = start_month(arguments)?;
        unit = Unit::Months { length: 12, from };
    } else if arguments.has("start_month") {
        return arguments.invalid("start_month", "has no effect without fiscal_year");
    }
    ready(Bound { unit, end })
}
