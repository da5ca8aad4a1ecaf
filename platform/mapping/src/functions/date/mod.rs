//! Dates and times: reading, writing, computing, calendars of business and fiscal years.

mod add_business_days;
mod age_in_years;
mod at_time;
mod bounds;
mod business;
mod business_days;
mod clock_parts;
mod conventions;
mod date_add;
mod date_diff;
mod date_format;
mod date_parse;
mod date_parse_any;
mod datetime_add;
mod datetime_diff;
mod datetime_format;
mod datetime_from_excel_serial;
mod datetime_parse;
mod epoch;
mod excel;
mod fiscal;
mod formats;
mod is_date;
mod now;
mod parts;
mod to_business_day;
mod to_date;
mod to_zone;

use tributary_model::error_code::ErrorCode;

use super::Function;
use crate::date::Date;
use crate::value::{Made, Value, failure};

/// The functions of this topic, in the order of the documentation.
pub(super) const FUNCTIONS: &[Function] = &[
    date_parse::FUNCTION,
    date_parse_any::FUNCTION,
    is_date::FUNCTION,
    date_format::FUNCTION,
    datetime_parse::FUNCTION,
    datetime_format::FUNCTION,
    to_zone::FUNCTION,
    to_date::FUNCTION,
    at_time::FUNCTION,
    now::NOW,
    now::TODAY,
    date_add::FUNCTION,
    datetime_add::FUNCTION,
    date_diff::FUNCTION,
    datetime_diff::FUNCTION,
    age_in_years::FUNCTION,
    bounds::START_OF,
    bounds::END_OF,
    parts::YEAR,
    parts::QUARTER,
    parts::MONTH,
    parts::DAY,
    parts::DAY_OF_WEEK,
    parts::DAY_OF_YEAR,
    parts::ISO_WEEK,
    parts::ISO_WEEK_YEAR,
    parts::DAYS_IN_MONTH,
    clock_parts::HOUR,
    clock_parts::MINUTE,
    clock_parts::SECOND,
    fiscal::FISCAL_YEAR,
    fiscal::FISCAL_QUARTER,
    fiscal::FISCAL_PERIOD,
    business_days::IS_WEEKEND,
    business_days::IS_BUSINESS_DAY,
    add_business_days::FUNCTION,
    to_business_day::FUNCTION,
    epoch::TO_EPOCH,
    epoch::FROM_EPOCH,
    excel::FROM_EXCEL_SERIAL,
    excel::TO_EXCEL_SERIAL,
    datetime_from_excel_serial::FUNCTION,
];

/// A computed date as a value; it may have left the calendar.
fn on_calendar<'a>(date: Option<Date>, from: Date) -> Made<Value<'a>> {
    match date {
        Some(date) => Ok(Value::Date(date)),
        None => failure(
            ErrorCode::DateInvalid,
            format!("what is computed from {from} is not within the years 1 to 9999"),
        ),
    }
}
