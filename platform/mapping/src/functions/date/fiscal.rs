//! `fiscal_year`, `fiscal_quarter`, `fiscal_period`: where a date lies in a year that starts in any
//! month.

use tributary_model::error_code::ErrorCode;

use super::conventions::choice;
use crate::date::Date;
use crate::decimal::Decimal;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const START_MONTH: Argument = Argument::required(
    "start_month",
    ArgumentKind::Integer,
    "first month of the fiscal year, 1 to 12",
);

const SHARED: Signature = Signature {
    input: Kind::Date,
    output: Output::Is(Kind::Number),
    arguments: &[START_MONTH],
    fails_with: &[ErrorCode::DateInvalid],
    ..Signature::EMPTY
};

const YEAR_SIGNATURE: Signature = Signature {
    name: "fiscal_year",
    summary: "Gives the fiscal year of a date, named after the calendar year in which it ends or starts.",
    arguments: &[
        START_MONTH,
        Argument::optional(
            "named_after",
            ArgumentKind::Text,
            "end (default; as in the United States and the United Kingdom) or start",
        ),
    ],
    examples: &[
        Example::gives(r#""2026-03-31""#, r#"{"start_month": 4}"#, r#"2026"#),
        Example::gives(r#""2026-04-01""#, r#"{"start_month": 4}"#, r#"2027"#),
        Example::gives(
            r#""2026-04-01""#,
            r#"{"start_month": 4, "named_after": "start"}"#,
            r#"2026"#,
        ),
        Example::gives(r#""2026-04-01""#, r#"{"start_month": 1}"#, r#"2026"#),
        Example::gives(r#"null"#, r#"{"start_month": 4}"#, r#"null"#),
        Example::fails(r#"2026"#, r#"{"start_month": 4}"#, ErrorCode::DateInvalid),
    ],
    ..SHARED
};

const QUARTER_SIGNATURE: Signature = Signature {
    name: "fiscal_quarter",
    summary: "Gives the quarter of the fiscal year in which a date lies, 1 to 4.",
    examples: &[
        Example::gives(r#""2026-04-01""#, r#"{"start_month": 4}"#, r#"1"#),
        Example::gives(r#""2026-03-31""#, r#"{"start_month": 4}"#, r#"4"#),
        Example::gives(r#""2026-03-31""#, r#"{"start_month": 1}"#, r#"1"#),
        Example::gives(r#"null"#, r#"{"start_month": 4}"#, r#"null"#),
        Example::fails(r#"true"#, r#"{"start_month": 4}"#, ErrorCode::DateInvalid),
    ],
    ..SHARED
};

const PERIOD_SIGNATURE: Signature = Signature {
    name: "fiscal_period",
    summary: "Gives the month of the fiscal year in which a date lies, 1 to 12: the posting period of accounting.",
    examples: &[
        Example::gives(r#""2026-04-01""#, r#"{"start_month": 4}"#, r#"1"#),
        Example::gives(r#""2026-03-31""#, r#"{"start_month": 4}"#, r#"12"#),
        Example::gives(r#""2026-03-31""#, r#"{"start_month": 1}"#, r#"3"#),
        Example::gives(r#"null"#, r#"{"start_month": 4}"#, r#"null"#),
        Example::fails(
            r#""April""#,
            r#"{"start_month": 4}"#,
            ErrorCode::DateInvalid,
        ),
    ],
    ..SHARED
};

pub(super) const FISCAL_YEAR: Function = Function {
    signature: &YEAR_SIGNATURE,
    compile: |arguments| {
        let parts = [("end", Part::YearOfEnd), ("start", Part::YearOfStart)];
        let part = choice(arguments, "named_after", &parts, Some(Part::YearOfEnd))?;
        compile(arguments, part)
    },
};

pub(super) const FISCAL_QUARTER: Function = Function {
    signature: &QUARTER_SIGNATURE,
    compile: |arguments| compile(arguments, Part::Quarter),
};

pub(super) const FISCAL_PERIOD: Function = Function {
    signature: &PERIOD_SIGNATURE,
    compile: |arguments| compile(arguments, Part::Period),
};

#[derive(Debug, Clone, Copy)]
enum Part {
    YearOfStart,
    YearOfEnd,
    Quarter,
    Period,
}

#[derive(Debug)]
struct Fiscal {
    start_month: u8,
    part: Part,
}

impl Operation for Fiscal {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        let number = self.of(value.date()?);
        Ok(Value::Decimal(Decimal::from(number)))
    }
}

impl Fiscal {
    fn of(&self, date: Date) -> i64 {
        let (year, month, _) = date.parts();
        let started = i64::from(year) - i64::from(month < self.start_month);
        let passed = i64::from((month + 12 - self.start_month) % 12);
        match self.part {
            Part::YearOfStart => started,
            Part::YearOfEnd => started + i64::from(self.start_month > 1),
            Part::Quarter => passed / 3 + 1,
            Part::Period => passed + 1,
        }
    }
}

/// The argument `start_month`, which is given.
pub(super) fn start_month(arguments: &mut Arguments<'_, '_>) -> Option<u8> {
    match arguments.integer("start_month").map(u8::try_from) {
        Some(Ok(month)) if (1..=12).contains(&month) => Some(month),
        _ => arguments.invalid("start_month", "1 to 12"),
    }
}

fn compile(arguments: &mut Arguments<'_, '_>, part: Part) -> Compiled {
    ready(Fiscal {
        start_month: start_month(arguments)?,
        part,
    })
}
