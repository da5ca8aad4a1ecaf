//! The calendar of business days that arguments describe.

use tributary_model::error_code::ErrorCode;

use crate::date::{BusinessCalendar, Date, WEEKDAYS, Weekend};
use crate::functions::Arguments;
use crate::functions::computed::ComputedList;
use crate::functions::signature::{Argument, ArgumentKind};
use crate::value::{Kind, Made, Value, failure, failure_with_hint};
use crate::worker::run::Run;

pub(super) const WEEKEND: Argument = Argument::optional(
    "weekend",
    ArgumentKind::Texts,
    "free days of the week in English, in small letters; default: saturday, sunday",
);

pub(super) const HOLIDAYS: Argument = Argument::optional(
    "holidays",
    ArgumentKind::ComputedList(Kind::Date),
    "further free days: dates, texts yyyy-MM-dd, or lists of them; nulls do not count",
);

/// The arguments `weekend` and `holidays`.
#[derive(Debug)]
pub(super) struct Calendar {
    weekend: Weekend,
    holidays: ComputedList,
    /// the calendar, if it is the same for all records
    constant: Option<BusinessCalendar>,
}

impl Calendar {
    pub(super) fn compile(arguments: &mut Arguments<'_, '_>) -> Option<Self> {
        let weekend = weekend(arguments)?;
        let holidays = ComputedList::compile(arguments, "holidays")?;
        let constant = match holidays.constants() {
            None => None,
            Some(values) => {
                let mut dates = Vec::with_capacity(values.len());
                for value in values {
                    match holiday(value) {
                        Ok(date) => dates.extend(date),
                        Err(failure) => return arguments.invalid("holidays", &failure.message),
                    }
                }
                Some(BusinessCalendar::new(weekend, dates.into_iter()))
            }
        };
        Some(Self {
            weekend,
            holidays,
            constant,
        })
    }

    /// Does `work` with the calendar of this record; `None` if something it needs has failed before.
    pub(super) fn with<'a, T>(
        &'a self,
        run: &Run<'a>,
        work: impl FnOnce(&BusinessCalendar) -> T,
    ) -> Made<Option<T>> {
        if let Some(calendar) = &self.constant {
            return Ok(Some(work(calendar)));
        }
        let Some(values) = self.holidays.values(run)? else {
            return Ok(None);
        };
        let mut dates = Vec::with_capacity(values.len());
        for value in values {
            dates.extend(holiday(*value)?);
        }
        let calendar = BusinessCalendar::new(self.weekend, dates.into_iter());
        Ok(Some(work(&calendar)))
    }
}

/// The argument `weekend`.
pub(super) fn weekend(arguments: &mut Arguments<'_, '_>) -> Option<Weekend> {
    let Some(days) = arguments.texts("weekend") else {
        return Some(Weekend::SATURDAY_SUNDAY);
    };
    match Weekend::named(&days) {
        Some(weekend) => Some(weekend),
        None => {
            let known = WEEKDAYS.join(", ");
            arguments.invalid("weekend", &format!("at most six of {known} are needed"))
        }
    }
}

fn holiday(value: Value<'_>) -> Made<Option<Date>> {
    match value {
        Value::Null => Ok(None),
        Value::Date(date) => Ok(Some(date)),
        Value::Text(text) => match Date::parse_iso(text) {
            Some(date) => Ok(Some(date)),
            None => failure_with_hint(
                ErrorCode::DateInvalid,
                format!(
                    "the holiday {:?} is not a date of the form yyyy-MM-dd",
                    tributary_model::issue::shorten(text, 40)
                ),
                "add date_parse to it",
            ),
        },
        other => failure(
            ErrorCode::DateInvalid,
            format!("a {} among the holidays", other.kind_word()),
        ),
    }
}
