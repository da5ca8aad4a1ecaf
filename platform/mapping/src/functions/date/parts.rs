//! The numbers of a date: `year`, `quarter`, `month`, `day`, its place in the week and in the year.

use tributary_model::error_code::ErrorCode;

use crate::date::Date;
use crate::decimal::Decimal;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SHARED: Signature = Signature {
    input: Kind::Date,
    output: Output::Is(Kind::Number),
    fails_with: &[ErrorCode::DateInvalid],
    ..Signature::EMPTY
};

const YEAR_SIGNATURE: Signature = Signature {
    name: "year",
    summary: "Gives the year of a date.",
    examples: &[
        Example::gives(r#""2026-03-07""#, r#"{}"#, r#"2026"#),
        Example::gives(r#""0001-01-01""#, r#"{}"#, r#"1"#),
        Example::gives(r#""2024-12-31""#, r#"{}"#, r#"2024"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"2026"#, r#"{}"#, ErrorCode::DateInvalid),
    ],
    ..SHARED
};

const QUARTER_SIGNATURE: Signature = Signature {
    name: "quarter",
    summary: "Gives the quarter of the year in which a date lies, 1 to 4.",
    examples: &[
        Example::gives(r#""2026-03-31""#, r#"{}"#, r#"1"#),
        Example::gives(r#""2026-04-01""#, r#"{}"#, r#"2"#),
        Example::gives(r#""2026-12-31""#, r#"{}"#, r#"4"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#""Q1""#, r#"{}"#, ErrorCode::DateInvalid),
    ],
    ..SHARED
};

const MONTH_SIGNATURE: Signature = Signature {
    name: "month",
    summary: "Gives the month of a date, 1 to 12.",
    examples: &[
        Example::gives(r#""2026-03-07""#, r#"{}"#, r#"3"#),
        Example::gives(r#""2026-12-31""#, r#"{}"#, r#"12"#),
        Example::gives(r#""2026-01-01""#, r#"{}"#, r#"1"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#""March""#, r#"{}"#, ErrorCode::DateInvalid),
    ],
    ..SHARED
};

const DAY_SIGNATURE: Signature = Signature {
    name: "day",
    summary: "Gives the day of the month of a date, 1 to 31.",
    examples: &[
        Example::gives(r#""2026-03-07""#, r#"{}"#, r#"7"#),
        Example::gives(r#""2026-12-31""#, r#"{}"#, r#"31"#),
        Example::gives(r#""2024-02-29""#, r#"{}"#, r#"29"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"7"#, r#"{}"#, ErrorCode::DateInvalid),
    ],
    ..SHARED
};

const DAY_OF_WEEK_SIGNATURE: Signature = Signature {
    name: "day_of_week",
    summary: "Gives the day of the week by ISO 8601: 1 for Monday to 7 for Sunday. For its name: date_format with EEEE.",
    examples: &[
        Example::gives(r#""2026-03-07""#, r#"{}"#, r#"6"#),
        Example::gives(r#""2026-03-09""#, r#"{}"#, r#"1"#),
        Example::gives(r#""2026-03-08""#, r#"{}"#, r#"7"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#""Saturday""#, r#"{}"#, ErrorCode::DateInvalid),
    ],
    ..SHARED
};

const DAY_OF_YEAR_SIGNATURE: Signature = Signature {
    name: "day_of_year",
    summary: "Gives the number of a day in its year, 1 to 366.",
    examples: &[
        Example::gives(r#""2026-03-07""#, r#"{}"#, r#"66"#),
        Example::gives(r#""2026-01-01""#, r#"{}"#, r#"1"#),
        Example::gives(r#""2024-12-31""#, r#"{}"#, r#"366"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"66"#, r#"{}"#, ErrorCode::DateInvalid),
    ],
    ..SHARED
};

const ISO_WEEK_SIGNATURE: Signature = Signature {
    name: "iso_week",
    summary: "Gives the week by ISO 8601, 1 to 53: weeks start on Monday, week 1 has the year’s first Thursday. At the turn of the year it may belong to another year: see iso_week_year.",
    examples: &[
        Example::gives(r#""2026-03-07""#, r#"{}"#, r#"10"#),
        Example::gives(r#""2027-01-01""#, r#"{}"#, r#"53"#),
        Example::gives(r#""2024-12-31""#, r#"{}"#, r#"1"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#""2026-W10""#, r#"{}"#, ErrorCode::DateInvalid),
    ],
    ..SHARED
};

const ISO_WEEK_YEAR_SIGNATURE: Signature = Signature {
    name: "iso_week_year",
    summary: "Gives the year to which the ISO 8601 week of a date belongs.",
    examples: &[
        Example::gives(r#""2026-03-07""#, r#"{}"#, r#"2026"#),
        Example::gives(r#""2027-01-01""#, r#"{}"#, r#"2026"#),
        Example::gives(r#""2024-12-31""#, r#"{}"#, r#"2025"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#""2026-W10""#, r#"{}"#, ErrorCode::DateInvalid),
    ],
    ..SHARED
};

const DAYS_IN_MONTH_SIGNATURE: Signature = Signature {
    name: "days_in_month",
    summary: "Gives the number of days that the month of a date has.",
    examples: &[
        Example::gives(r#""2026-02-07""#, r#"{}"#, r#"28"#),
        Example::gives(r#""2024-02-07""#, r#"{}"#, r#"29"#),
        Example::gives(r#""2026-12-31""#, r#"{}"#, r#"31"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"2"#, r#"{}"#, ErrorCode::DateInvalid),
    ],
    ..SHARED
};

pub(super) const YEAR: Function = Function {
    signature: &YEAR_SIGNATURE,
    compile: |_| ready(Part(|date| i64::from(date.parts().0))),
};

pub(super) const QUARTER: Function = Function {
    signature: &QUARTER_SIGNATURE,
    compile: |_| ready(Part(|date| i64::from(date.quarter()))),
};

pub(super) const MONTH: Function = Function {
    signature: &MONTH_SIGNATURE,
    compile: |_| ready(Part(|date| i64::from(date.parts().1))),
};

pub(super) const DAY: Function = Function {
    signature: &DAY_SIGNATURE,
    compile: |_| ready(Part(|date| i64::from(date.parts().2))),
};

pub(super) const DAY_OF_WEEK: Function = Function {
    signature: &DAY_OF_WEEK_SIGNATURE,
    compile: |_| ready(Part(|date| i64::from(date.weekday()))),
};

pub(super) const DAY_OF_YEAR: Function = Function {
    signature: &DAY_OF_YEAR_SIGNATURE,
    compile: |_| ready(Part(|date| i64::from(date.day_of_year()))),
};

pub(super) const ISO_WEEK: Function = Function {
    signature: &ISO_WEEK_SIGNATURE,
    compile: |_| ready(Part(|date| i64::from(date.iso_week().1))),
};

pub(super) const ISO_WEEK_YEAR: Function = Function {
    signature: &ISO_WEEK_YEAR_SIGNATURE,
    compile: |_| ready(Part(|date| i64::from(date.iso_week().0))),
};

pub(super) const DAYS_IN_MONTH: Function = Function {
    signature: &DAYS_IN_MONTH_SIGNATURE,
    compile: |_| ready(Part(|date| i64::from(date.days_in_month()))),
};

/// A number of a date.
#[derive(Debug)]
struct Part(fn(Date) -> i64);

impl Operation for Part {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        let number = (self.0)(value.date()?);
        Ok(Value::Decimal(Decimal::from(number)))
    }
}
