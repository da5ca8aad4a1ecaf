//! `at_time`: an instant of a day.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use tributary_model::error_code::ErrorCode;

use super::conventions::{ON_AMBIGUOUS, ZONE, on_ambiguous};
use crate::date::OnAmbiguous;
use crate::functions::computed::Computed;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "at_time",
    summary: "Makes a date and time of a date: the instant at which clocks in the zone show the time on that day.",
    input: Kind::Date,
    output: Output::Is(Kind::DateTime),
    arguments: &[
        Argument::required(
            "time",
            ArgumentKind::Computed(Kind::Text),
            "HH:mm or HH:mm:ss",
        ),
        ZONE,
        ON_AMBIGUOUS,
    ],
    fails_with: &[
        ErrorCode::DateInvalid,
        ErrorCode::ValueInvalid,
        ErrorCode::ValueMissing,
    ],
    examples: &[
        Example::gives(
            r#""2026-03-05""#,
            r#"{"time": "00:00", "zone": "Europe/Berlin"}"#,
            r#""2026-03-05T00:00:00+01:00""#,
        ),
        Example::gives(
            r#""2026-07-05""#,
            r#"{"time": "17:45:30", "zone": "America/New_York"}"#,
            r#""2026-07-05T17:45:30-04:00""#,
        ),
        Example::gives(
            r#""2026-03-29""#,
            r#"{"time": "02:30", "zone": "Europe/Berlin"}"#,
            r#""2026-03-29T03:30:00+02:00""#,
        ),
        Example::gives(
            r#""2026-10-25""#,
            r#"{"time": "02:30", "zone": "Europe/Berlin", "on_ambiguous": "later"}"#,
            r#""2026-10-25T02:30:00+01:00""#,
        ),
        Example::gives(r#"null"#, r#"{"time": "00:00", "zone": "UTC"}"#, r#"null"#),
        Example::fails(
            r#""2026-03-05""#,
            r#"{"time": "24:00", "zone": "UTC"}"#,
            ErrorCode::DateInvalid,
        ),
        Example::fails(
            r#""2026-03-05""#,
            r#"{"time": {"from": "$.time"}, "zone": "UTC"}"#,
            ErrorCode::ValueMissing,
        ),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct AtTime {
    time: Computed,
    zone: TimeZone,
    on_ambiguous: OnAmbiguous,
}

impl Operation for AtTime {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let date = value.date()?;
        let Some(text) = self.time.text(run)? else {
            return Ok(Value::Failed);
        };
        let Some(time) = time_of_day(text.trim()) else {
            let shown = tributary_model::issue::shorten(text, 40);
            return failure(
                ErrorCode::DateInvalid,
                format!("{shown:?} is not a time of the form HH:mm or HH:mm:ss"),
            );
        };
        let local = date.civil().map(|date| date.to_datetime(time));
        match local.and_then(|local| self.on_ambiguous.instant(local, &self.zone)) {
            Some(instant) => Ok(run.date_time(instant)),
            None => failure(
                ErrorCode::DateInvalid,
                format!("{date} {time} occurs twice or not at all, because clocks were set"),
            ),
        }
    }
}

fn time_of_day(text: &str) -> Option<Time> {
    let mut numbers = [0_i8; 3];
    let mut places = numbers.iter_mut();
    let mut count = 0;
    for piece in text.split(':') {
        if piece.len() != 2 || !piece.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *places.next()? = piece.parse().ok()?;
        count += 1;
    }
    let [hour, minute, second] = numbers;
    Time::new(hour, minute, second, 0)
        .ok()
        .filter(|_| count >= 2)
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(AtTime {
        time: Computed::required(arguments, "time", Kind::Text)?,
        zone: arguments.zone("zone")?,
        on_ambiguous: on_ambiguous(arguments)?,
    })
}
