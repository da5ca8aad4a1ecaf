//! `is_weekend` and `is_business_day`: tests of a day.

use tributary_model::error_code::ErrorCode;

use super::business::{Calendar, HOLIDAYS, WEEKEND, weekend};
use crate::date::Weekend;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const WEEKEND_SIGNATURE: Signature = Signature {
    name: "is_weekend",
    summary: "Tells whether a date lies on the weekend.",
    input: Kind::Date,
    output: Output::Is(Kind::Bool),
    arguments: &[WEEKEND],
    fails_with: &[ErrorCode::DateInvalid],
    examples: &[
        Example::gives(r#""2026-03-07""#, r#"{}"#, r#"true"#),
        Example::gives(r#""2026-03-09""#, r#"{}"#, r#"false"#),
        Example::gives(
            r#""2026-03-06""#,
            r#"{"weekend": ["friday", "saturday"]}"#,
            r#"true"#,
        ),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#""Saturday""#, r#"{}"#, ErrorCode::DateInvalid),
    ],
    ..Signature::EMPTY
};

const BUSINESS_SIGNATURE: Signature = Signature {
    name: "is_business_day",
    summary: "Tells whether a date lies neither on the weekend nor on a holiday.",
    input: Kind::Date,
    output: Output::Is(Kind::Bool),
    arguments: &[WEEKEND, HOLIDAYS],
    fails_with: &[ErrorCode::DateInvalid, ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""2026-03-06""#, r#"{}"#, r#"true"#),
        Example::gives(r#""2026-03-07""#, r#"{}"#, r#"false"#),
        Example::gives(
            r#""2026-12-25""#,
            r#"{"holidays": ["2026-12-25"]}"#,
            r#"false"#,
        ),
        Example::gives(
            r#""2026-12-25""#,
            r#"{"holidays": [{"from": "$.holiday"}]}"#,
            r#"true"#,
        ),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(
            r#""2026-12-25""#,
            r#"{"holidays": [{"from": "$.key"}]}"#,
            ErrorCode::DateInvalid,
        ),
    ],
    ..Signature::EMPTY
};

pub(super) const IS_WEEKEND: Function = Function {
    signature: &WEEKEND_SIGNATURE,
    compile: |arguments| {
        ready(IsWeekend {
            weekend: weekend(arguments)?,
        })
    },
};

pub(super) const IS_BUSINESS_DAY: Function = Function {
    signature: &BUSINESS_SIGNATURE,
    compile: compile_business,
};

#[derive(Debug)]
struct IsWeekend {
    weekend: Weekend,
}

impl Operation for IsWeekend {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        Ok(Value::Bool(self.weekend.has(value.date()?)))
    }
}

#[derive(Debug)]
struct IsBusinessDay {
    calendar: Calendar,
}

impl Operation for IsBusinessDay {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let date = value.date()?;
        let found = self
            .calendar
            .with(run, |calendar| calendar.is_business_day(date))?;
        Ok(found.map_or(Value::Failed, Value::Bool))
    }
}

fn compile_business(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(IsBusinessDay {
        calendar: Calendar::compile(arguments)?,
    })
}
