//! `to_business_day`: a due date moved off free days.

use tributary_model::error_code::ErrorCode;

use super::business::{Calendar, HOLIDAYS, WEEKEND};
use super::conventions::choice;
use super::on_calendar;
use crate::date::{BusinessCalendar, Date};
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "to_business_day",
    summary: "Moves a date that is no business day to one, by a convention of finance; a business day stays.",
    input: Kind::Date,
    output: Output::Is(Kind::Date),
    arguments: &[
        Argument::optional(
            "roll",
            ArgumentKind::Text,
            "following (default), preceding, modified_following (following, but not into the next month)",
        ),
        WEEKEND,
        HOLIDAYS,
    ],
    fails_with: &[ErrorCode::DateInvalid, ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""2026-03-07""#, r#"{}"#, r#""2026-03-09""#),
        Example::gives(
            r#""2026-03-07""#,
            r#"{"roll": "preceding"}"#,
            r#""2026-03-06""#,
        ),
        Example::gives(
            r#""2026-02-28""#,
            r#"{"roll": "modified_following"}"#,
            r#""2026-02-27""#,
        ),
        Example::gives(
            r#""2026-03-07""#,
            r#"{"holidays": ["2026-03-09"]}"#,
            r#""2026-03-10""#,
        ),
        Example::gives(r#""2026-03-06""#, r#"{}"#, r#""2026-03-06""#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(
            r#""9999-12-31""#,
            r#"{"weekend": ["friday"]}"#,
            ErrorCode::DateInvalid,
        ),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug, Clone, Copy)]
enum Roll {
    Following,
    Preceding,
    ModifiedFollowing,
}

const ROLLS: [(&str, Roll); 3] = [
    ("following", Roll::Following),
    ("preceding", Roll::Preceding),
    ("modified_following", Roll::ModifiedFollowing),
];

impl Roll {
    fn apply(self, date: Date, calendar: &BusinessCalendar) -> Option<Date> {
        if calendar.is_business_day(date) {
            return Some(date);
        }
        let month = |date: Date| date.parts().1;
        match self {
            Self::Following => calendar.add(date, 1),
            Self::Preceding => calendar.add(date, -1),
            Self::ModifiedFollowing => calendar
                .add(date, 1)
                .filter(|found| month(*found) == month(date))
                .or_else(|| calendar.add(date, -1)),
        }
    }
}

#[derive(Debug)]
struct ToBusinessDay {
    roll: Roll,
    calendar: Calendar,
}

impl Operation for ToBusinessDay {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let date = value.date()?;
        let rolled = |calendar: &BusinessCalendar| self.roll.apply(date, calendar);
        match self.calendar.with(run, rolled)? {
            Some(found) => on_calendar(found, date),
            None => Ok(Value::Failed),
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(ToBusinessDay {
        roll: choice(arguments, "roll", &ROLLS, Some(Roll::Following))?,
        calendar: Calendar::compile(arguments)?,
    })
}
