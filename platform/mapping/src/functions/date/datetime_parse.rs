//! `datetime_parse`: a text as an instant.

use jiff::tz::TimeZone;
use tributary_model::error_code::ErrorCode;

use super::conventions::{
    CENTURY_PIVOT, LANGUAGE, ON_AMBIGUOUS, ZONE, conventions, given_zone, on_ambiguous,
};
use crate::date::{
    Conventions, DateTime, InstantError, Layout, Moment, OnAmbiguous, parse_rfc3339,
};
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure, failure_with_hint};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "datetime_parse",
    summary: "Makes a date and time of a text that has one of the formats. A text with an offset from UTC keeps it; one without is what clocks in the zone show.",
    input: Kind::Text,
    output: Output::Is(Kind::DateTime),
    arguments: &[
        Argument::required(
            "formats",
            ArgumentKind::Texts,
            "rfc3339, or patterns of yyyy yy MM M MMM MMMM dd d EEE EEEE HH H hh h a mm ss S (digits of a fraction) XXX (+01:00 or Z) XX (+0100 or Z) xxx xx (no Z) and other signs, letters in quotes; tried in order",
        ),
        ZONE,
        ON_AMBIGUOUS,
        LANGUAGE,
        CENTURY_PIVOT,
    ],
    fails_with: &[ErrorCode::DateInvalid, ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(
            r#""2026-03-05T23:30:00.5-08:00""#,
            r#"{"formats": ["rfc3339"]}"#,
            r#""2026-03-05T23:30:00.5-08:00""#,
        ),
        Example::gives(
            r#""05.03.2026 14:30""#,
            r#"{"formats": ["dd.MM.yyyy HH:mm"], "zone": "Europe/Berlin"}"#,
            r#""2026-03-05T14:30:00+01:00""#,
        ),
        Example::gives(
            r#""3/5/2026 2:30 PM""#,
            r#"{"formats": ["M/d/yyyy h:mm a"], "zone": "America/New_York"}"#,
            r#""2026-03-05T14:30:00-05:00""#,
        ),
        Example::gives(
            r#""Thu, 05 Mar 2026 14:30:00 +0000""#,
            r#"{"formats": ["EEE, dd MMM yyyy HH:mm:ss XX"], "language": "en"}"#,
            r#""2026-03-05T14:30:00Z""#,
        ),
        Example::gives(
            r#""2026-10-25 02:30""#,
            r#"{"formats": ["yyyy-MM-dd HH:mm"], "zone": "Europe/Berlin"}"#,
            r#""2026-10-25T02:30:00+02:00""#,
        ),
        Example::gives(
            r#""2026-03-29 02:30""#,
            r#"{"formats": ["yyyy-MM-dd HH:mm"], "zone": "Europe/Berlin"}"#,
            r#""2026-03-29T03:30:00+02:00""#,
        ),
        Example::fails(
            r#""2026-03-29 02:30""#,
            r#"{"formats": ["yyyy-MM-dd HH:mm"], "zone": "Europe/Berlin", "on_ambiguous": "reject"}"#,
            ErrorCode::DateInvalid,
        ),
        Example::fails(
            r#""2026-03-05T14:30:00""#,
            r#"{"formats": ["rfc3339"]}"#,
            ErrorCode::DateInvalid,
        ),
        Example::fails(
            r#"5"#,
            r#"{"formats": ["rfc3339"]}"#,
            ErrorCode::ValueInvalid,
        ),
        Example::gives(r#"null"#, r#"{"formats": ["rfc3339"]}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
enum Format {
    Rfc3339,
    Layout(Layout),
}

#[derive(Debug)]
struct DatetimeParse {
    formats: Box<[Format]>,
    names: Box<str>,
    zone: TimeZone,
    on_ambiguous: OnAmbiguous,
}

impl Operation for DatetimeParse {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        if let Value::DateTime(_) = value {
            return Ok(value);
        }
        let text = value.text()?.trim();
        let mut no_offset = false;
        for format in &self.formats {
            match format {
                Format::Rfc3339 => match parse_rfc3339(text) {
                    Ok(instant) => return Ok(run.date_time(instant)),
                    Err(error) => no_offset |= error == InstantError::NoOffset,
                },
                Format::Layout(layout) => {
                    if let Some(moment) = layout.parse(text) {
                        return self.instant(moment).map(|instant| run.date_time(instant));
                    }
                }
            }
        }
        let shown = tributary_model::issue::shorten(text, 60);
        if no_offset {
            return failure_with_hint(
                ErrorCode::DateInvalid,
                format!("{shown:?} has no offset from UTC, so it is not one instant"),
                "add the format yyyy-MM-ddTHH:mm:ss and say with zone whose clocks are meant",
            );
        }
        failure(
            ErrorCode::DateInvalid,
            format!(
                "{shown:?} is not a date and time of the form {}, or not on the calendar",
                self.names
            ),
        )
    }
}

impl DatetimeParse {
    fn instant(&self, moment: Moment) -> Made<DateTime> {
        let civil = moment
            .date
            .civil()
            .map(|date| date.to_datetime(moment.time));
        let found = match (civil, moment.offset) {
            (Some(civil), Some(offset)) => offset
                .to_timestamp(civil)
                .ok()
                .map(|instant| DateTime::new(instant, offset)),
            (Some(civil), None) => self.on_ambiguous.instant(civil, &self.zone),
            (None, _) => None,
        };
        match found {
            Some(instant) => Ok(instant),
            None => failure(
                ErrorCode::DateInvalid,
                format!(
                    "{} {} occurs twice or not at all, because clocks were set",
                    moment.date, moment.time
                ),
            ),
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let names = arguments.texts("formats")?;
    let conventions = conventions(arguments)?;
    let on_ambiguous = on_ambiguous(arguments)?;
    let mut formats = Vec::with_capacity(names.len());
    let mut needs_zone = false;
    for name in &names {
        if name == "rfc3339" {
            formats.push(Format::Rfc3339);
            continue;
        }
        match layout(name, conventions) {
            Ok(layout) => {
                needs_zone |= !layout.has_offset();
                formats.push(Format::Layout(layout));
            }
            Err(message) => return arguments.invalid("formats", &message),
        }
    }
    if formats.is_empty() {
        return arguments.invalid("formats", "at least one format is needed");
    }
    let zone = if needs_zone {
        arguments.zone("zone")?
    } else {
        given_zone(arguments)?.unwrap_or(TimeZone::UTC)
    };
    ready(DatetimeParse {
        formats: formats.into(),
        names: names.join(", ").into(),
        zone,
        on_ambiguous,
    })
}

fn layout(name: &str, conventions: Conventions) -> Result<Layout, String> {
    let layout = Layout::compile(name, conventions)?;
    layout.check_reading(name)?;
    if layout.has_time() {
        Ok(layout)
    } else {
        Err(format!(
            "{name:?} has no time; use date_parse, and at_time if a time is known"
        ))
    }
}
