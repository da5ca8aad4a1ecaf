//! `datetime_format`: an instant as text.

use jiff::tz::TimeZone;
use tributary_model::error_code::ErrorCode;

use super::conventions::{LANGUAGE, conventions, given_zone};
use crate::date::{DateTime, Layout, Moment};
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "datetime_format",
    summary: "Writes a date and time in a form of its own, as clocks at its own offset show it, or with zone those of a time zone. A fraction is cut to the digits of the pattern.",
    input: Kind::DateTime,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::required(
            "format",
            ArgumentKind::Text,
            "rfc3339, or a pattern as for datetime_parse",
        ),
        Argument::optional(
            "zone",
            ArgumentKind::Text,
            "IANA time zone whose clocks are meant; default: the value’s own offset",
        ),
        LANGUAGE,
    ],
    fails_with: &[ErrorCode::DateInvalid],
    examples: &[
        Example::gives(
            r#""2026-03-05T23:30:00-08:00""#,
            r#"{"format": "dd.MM.yyyy HH:mm"}"#,
            r#""05.03.2026 23:30""#,
        ),
        Example::gives(
            r#""2026-03-05T23:30:00-08:00""#,
            r#"{"format": "dd.MM.yyyy HH:mm", "zone": "Europe/Berlin"}"#,
            r#""06.03.2026 08:30""#,
        ),
        Example::gives(
            r#""2026-03-05T14:05:09.128Z""#,
            r#"{"format": "EEE, d MMM yyyy h:mm:ss.SS a xx", "language": "en"}"#,
            r#""Thu, 5 Mar 2026 2:05:09.12 PM +0000""#,
        ),
        Example::gives(
            r#""2026-03-05T14:05:09Z""#,
            r#"{"format": "rfc3339", "zone": "Asia/Tokyo"}"#,
            r#""2026-03-05T23:05:09+09:00""#,
        ),
        Example::gives(r#"null"#, r#"{"format": "HH:mm"}"#, r#"null"#),
        Example::fails(
            r#""soon""#,
            r#"{"format": "HH:mm"}"#,
            ErrorCode::DateInvalid,
        ),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct DatetimeFormat {
    /// none: RFC 3339
    layout: Option<Layout>,
    zone: Option<TimeZone>,
}

impl Operation for DatetimeFormat {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let mut instant = value.date_time()?;
        if let Some(zone) = &self.zone {
            instant = DateTime::in_zone(instant.instant(), zone);
        }
        let Some(layout) = &self.layout else {
            return Ok(Value::Text(run.display(instant)));
        };
        let Some(date) = instant.date() else {
            return failure(
                ErrorCode::DateInvalid,
                format!("{instant} is not within the years 1 to 9999"),
            );
        };
        let moment = Moment {
            date,
            time: instant.civil().time(),
            offset: Some(instant.offset()),
        };
        let mut text = run.text_buffer(40);
        layout.write(moment, |piece| text.push_str(piece));
        Ok(Value::Text(text.into_bump_str()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let format = arguments.text("format")?;
    let conventions = conventions(arguments)?;
    let zone = given_zone(arguments)?;
    if format == "rfc3339" {
        return ready(DatetimeFormat { layout: None, zone });
    }
    match Layout::compile(format, conventions) {
        Ok(layout) => ready(DatetimeFormat {
            layout: Some(layout),
            zone,
        }),
        Err(message) => arguments.invalid("format", &message),
    }
}
