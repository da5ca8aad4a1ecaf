//! `datetime_from_excel_serial`: a date with its time of day as spreadsheets count them.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use tributary_model::error_code::ErrorCode;

use super::conventions::{ON_AMBIGUOUS, ZONE, on_ambiguous};
use super::excel::{SYSTEM, no_serial, system};
use crate::date::{DateSystem, DateTime, OnAmbiguous};
use crate::decimal::{Decimal, Rounding};
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "datetime_from_excel_serial",
    summary: "Makes a date and time of a serial number of a spreadsheet, whose fraction is the time of day on clocks in the zone; rounded to the millisecond, because spreadsheets keep it as a binary fraction.",
    input: Kind::Number,
    output: Output::Is(Kind::DateTime),
    arguments: &[SYSTEM, ZONE, ON_AMBIGUOUS],
    fails_with: &[ErrorCode::NumberInvalid, ErrorCode::DateInvalid],
    examples: &[
        Example::gives(
            r#"46086.75"#,
            r#"{"zone": "UTC"}"#,
            r#""2026-03-05T18:00:00Z""#,
        ),
        Example::gives(
            r#"46086.5208333333"#,
            r#"{"zone": "Europe/Berlin"}"#,
            r#""2026-03-05T12:30:00+01:00""#,
        ),
        Example::gives(
            r#"46086.99999999999"#,
            r#"{"zone": "UTC"}"#,
            r#""2026-03-06T00:00:00Z""#,
        ),
        Example::gives(
            r#"44624"#,
            r#"{"system": "1904", "zone": "UTC"}"#,
            r#""2026-03-05T00:00:00Z""#,
        ),
        Example::gives(r#"null"#, r#"{"zone": "UTC"}"#, r#"null"#),
        Example::fails(r#"60.5"#, r#"{"zone": "UTC"}"#, ErrorCode::DateInvalid),
        Example::fails(r#""46086""#, r#"{"zone": "UTC"}"#, ErrorCode::NumberInvalid),
        Example::fails(
            r#"46110.104166666664"#,
            r#"{"zone": "Europe/Berlin", "on_ambiguous": "reject"}"#,
            ErrorCode::DateInvalid,
        ),
    ],
    ..Signature::EMPTY
};

const MILLISECONDS_OF_DAY: i64 = 86_400_000;

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct DatetimeFromExcelSerial {
    system: DateSystem,
    zone: TimeZone,
    on_ambiguous: OnAmbiguous,
}

impl Operation for DatetimeFromExcelSerial {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let serial = value.decimal()?;
        match self.instant(serial) {
            Some(instant) => Ok(run.date_time(instant)),
            None => no_serial(serial),
        }
    }
}

impl DatetimeFromExcelSerial {
    fn instant(&self, serial: Decimal) -> Option<DateTime> {
        // more digits than a binary fraction has cannot be meant
        let milliseconds = serial
            .round(18, Rounding::HalfEven)
            .multiply(Decimal::from(MILLISECONDS_OF_DAY))
            .ok()?
            .round(0, Rounding::HalfUp)
            .to_i64()?;
        let date = self
            .system
            .date(milliseconds.div_euclid(MILLISECONDS_OF_DAY))?;
        let of_day = milliseconds.rem_euclid(MILLISECONDS_OF_DAY);
        let part = |length: i64, limit: i64| i8::try_from(of_day / length % limit).ok();
        let time = Time::new(
            part(3_600_000, 24)?,
            part(60_000, 60)?,
            part(1000, 60)?,
            i32::try_from(of_day % 1000 * 1_000_000).ok()?,
        );
        let local = date.civil()?.to_datetime(time.ok()?);
        self.on_ambiguous.instant(local, &self.zone)
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(DatetimeFromExcelSerial {
        system: system(arguments)?,
        zone: arguments.zone("zone")?,
        on_ambiguous: on_ambiguous(arguments)?,
    })
}
