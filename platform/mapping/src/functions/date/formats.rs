//! The ways to read a date that the author of a mapping lists.

use jiff::tz::TimeZone;
use tributary_model::error_code::ErrorCode;

use super::conventions::conventions;
use crate::date::{Conventions, Date, InstantError, Layout, Pattern, local_date};
use crate::functions::Arguments;
use crate::functions::trimmed;
use crate::value::{Made, failure, failure_with_hint};

/// One way to read a date.
#[derive(Debug)]
enum Format {
    /// digits only: the fast way
    Pattern(Pattern),
    Layout(Layout),
    Instant(TimeZone),
}

/// Ways to read a date, in the order in which they are tried.
#[derive(Debug)]
pub(super) struct Formats {
    formats: Box<[Format]>,
    names: Box<str>,
}

impl Formats {
    /// Compiles the arguments `formats`, `zone`, `language` and `century_pivot`.
    pub(super) fn compile(arguments: &mut Arguments<'_, '_>) -> Option<Self> {
        let names = arguments.texts("formats")?;
        let conventions = conventions(arguments)?;
        let mut formats = Vec::with_capacity(names.len());
        for name in &names {
            if name == "rfc3339" {
                formats.push(Format::Instant(arguments.zone("zone")?));
                continue;
            }
            match format(name, conventions) {
                Ok(format) => formats.push(format),
                Err(message) => return arguments.invalid("formats", &message),
            }
        }
        if formats.is_empty() {
            return arguments.invalid("formats", "at least one format is needed");
        }
        Some(Self {
            formats: formats.into(),
            names: names.join(", ").into(),
        })
    }

    /// The date that a text says, if the first format is a fixed pattern and fits.
    pub(super) fn first(&self, text: &str) -> Option<Date> {
        match self.formats.first() {
            Some(Format::Pattern(pattern)) => pattern.parse(trimmed(text)),
            _ => None,
        }
    }

    /// The date that a text says.
    pub(super) fn read(&self, text: &str) -> Made<Date> {
        let text = trimmed(text);
        for format in &self.formats {
            match format {
                Format::Pattern(pattern) => {
                    if let Some(date) = pattern.parse(text) {
                        return Ok(date);
                    }
                }
                Format::Layout(layout) => {
                    if let Some(moment) = layout.parse(text) {
                        return Ok(moment.date);
                    }
                }
                Format::Instant(zone) => match local_date(text, zone) {
                    Ok(date) => return Ok(date),
                    Err(InstantError::NoOffset) => return no_offset(),
                    Err(InstantError::Form) => {}
                },
            }
        }
        let shown = tributary_model::issue::shorten(text, 40);
        failure(
            ErrorCode::DateInvalid,
            format!(
                "{shown:?} is not a date of the form {}, or not on the calendar",
                self.names
            ),
        )
    }
}

fn format(name: &str, conventions: Conventions) -> Result<Format, String> {
    if let Ok(pattern) = Pattern::compile(name) {
        return Ok(Format::Pattern(pattern));
    }
    let layout = Layout::compile(name, conventions)?;
    layout.check_reading(name)?;
    if layout.has_offset() {
        return Err(format!(
            "{name:?} has an offset, so the day depends on the zone: use datetime_parse and to_date"
        ));
    }
    Ok(Format::Layout(layout))
}

fn no_offset<T>() -> Made<T> {
    failure_with_hint(
        ErrorCode::DateInvalid,
        "a time without an offset from UTC is not one instant",
        "let the source send the offset, or read it as a local date with a pattern",
    )
}
