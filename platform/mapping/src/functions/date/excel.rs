//! `from_excel_serial` and `to_excel_serial`: dates as spreadsheets count them.

use tributary_model::error_code::ErrorCode;

use super::conventions::choice;
use crate::date::DateSystem;
use crate::decimal::{Decimal, Rounding};
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure, failure_with_hint};
use crate::worker::run::Run;

pub(super) const SYSTEM: Argument = Argument::optional(
    "system",
    ArgumentKind::Text,
    "1900 (default) or 1904, the workbook’s date system",
);

const FROM_SIGNATURE: Signature = Signature {
    name: "from_excel_serial",
    summary: "Makes a date of a serial number of a spreadsheet; a time of day (the fraction) is dropped. In the 1900 system 1 is 1900-01-01 and 60 an error: it stands for 29 February 1900, which Excel has and the calendar has not.",
    input: Kind::Number,
    output: Output::Is(Kind::Date),
    arguments: &[SYSTEM],
    fails_with: &[ErrorCode::NumberInvalid, ErrorCode::DateInvalid],
    examples: &[
        Example::gives(r#"46086"#, r#"{}"#, r#""2026-03-05""#),
        Example::gives(r#"46086.75"#, r#"{}"#, r#""2026-03-05""#),
        Example::gives(r#"44624"#, r#"{"system": "1904"}"#, r#""2026-03-05""#),
        Example::gives(r#"59"#, r#"{}"#, r#""1900-02-28""#),
        Example::fails(r#"60"#, r#"{}"#, ErrorCode::DateInvalid),
        Example::fails(r#""46086""#, r#"{}"#, ErrorCode::NumberInvalid),
        Example::fails(r#"20260305"#, r#"{}"#, ErrorCode::DateInvalid),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

const TO_SIGNATURE: Signature = Signature {
    name: "to_excel_serial",
    summary: "Gives the serial number of a date in a spreadsheet.",
    input: Kind::Date,
    output: Output::Is(Kind::Number),
    arguments: &[SYSTEM],
    fails_with: &[ErrorCode::DateInvalid],
    examples: &[
        Example::gives(r#""2026-03-05""#, r#"{}"#, r#"46086"#),
        Example::gives(r#""2026-03-05""#, r#"{"system": "1904"}"#, r#"44624"#),
        Example::gives(r#""1900-03-01""#, r#"{}"#, r#"61"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#""1899-12-31""#, r#"{}"#, ErrorCode::DateInvalid),
    ],
    ..Signature::EMPTY
};

const SYSTEMS: [(&str, DateSystem); 2] = [
    ("1900", DateSystem::From1900),
    ("1904", DateSystem::From1904),
];

pub(super) const FROM_EXCEL_SERIAL: Function = Function {
    signature: &FROM_SIGNATURE,
    compile: |arguments| {
        ready(FromExcelSerial {
            system: system(arguments)?,
        })
    },
};

pub(super) const TO_EXCEL_SERIAL: Function = Function {
    signature: &TO_SIGNATURE,
    compile: compile_to,
};

#[derive(Debug)]
struct FromExcelSerial {
    system: DateSystem,
}

impl Operation for FromExcelSerial {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        let serial = value.decimal()?;
        let day = serial.round(0, Rounding::Floor).to_i64();
        match day.and_then(|day| self.system.date(day)) {
            Some(date) => Ok(Value::Date(date)),
            None => no_serial(serial),
        }
    }
}

#[derive(Debug)]
struct ToExcelSerial {
    system: DateSystem,
}

impl Operation for ToExcelSerial {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        let date = value.date()?;
        match self.system.serial(date) {
            Some(serial) => Ok(Value::Decimal(Decimal::from(serial))),
            None => failure(
                ErrorCode::DateInvalid,
                format!("{date} is before the first day of the date system"),
            ),
        }
    }
}

fn compile_to(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(ToExcelSerial {
        system: system(arguments)?,
    })
}

/// The argument `system`.
pub(super) fn system(arguments: &mut Arguments<'_, '_>) -> Option<DateSystem> {
    choice(arguments, "system", &SYSTEMS, Some(DateSystem::From1900))
}

/// The failure for a number that stands for no day.
pub(super) fn no_serial<T>(serial: Decimal) -> Made<T> {
    failure_with_hint(
        ErrorCode::DateInvalid,
        format!("{serial} is not the serial number of a day"),
        "a number such as 20260305 is a date in digits: use to_string and date_parse with yyyyMMdd",
    )
}
