//! Numbers and money: reading and writing, arithmetic, rounding, currencies, taxes.

mod abs;
mod allocate;
mod arithmetic;
mod clamp;
mod currency;
mod currency_scale;
mod divide;
mod extremes;
mod format_number;
mod from_minor_units;
mod is_number;
mod messy;
mod negate;
mod parse_number;
mod percent_of;
mod power;
mod range;
mod round;
mod round_currency;
mod round_to;
mod shares;
mod sign;
mod taxes;
mod to_decimal;
mod to_int;
mod to_minor_units;
mod whole;

pub(crate) use to_decimal::number;

use tributary_model::error_code::ErrorCode;

use super::Function;
use super::signature::{Argument, ArgumentKind};
use crate::decimal::{Decimal, DecimalError};
use crate::value::{Made, Value, failure_with_hint};

/// The functions of this topic, in the order of the documentation.
pub(super) const FUNCTIONS: &[Function] = &[
    to_int::FUNCTION,
    to_decimal::FUNCTION,
    parse_number::FUNCTION,
    is_number::FUNCTION,
    format_number::FUNCTION,
    arithmetic::ADD,
    arithmetic::SUBTRACT,
    arithmetic::MULTIPLY,
    divide::FUNCTION,
    arithmetic::QUOTIENT,
    arithmetic::MODULO,
    power::FUNCTION,
    abs::FUNCTION,
    negate::FUNCTION,
    sign::FUNCTION,
    round::FUNCTION,
    whole::CEIL,
    whole::FLOOR,
    round_to::FUNCTION,
    range::FUNCTION,
    clamp::FUNCTION,
    extremes::MIN_OF,
    extremes::MAX_OF,
    percent_of::FUNCTION,
    taxes::TAX_AMOUNT,
    taxes::GROSS_FROM_NET,
    taxes::NET_FROM_GROSS,
    taxes::DISCOUNT,
    currency_scale::FUNCTION,
    round_currency::FUNCTION,
    to_minor_units::FUNCTION,
    from_minor_units::FUNCTION,
    allocate::FUNCTION,
];

/// How a function rounds.
const MODE: Argument = Argument::optional(
    "mode",
    ArgumentKind::Rounding,
    "half_up (default), half_even, half_down, up, down, ceiling, floor",
);

/// The result of exact arithmetic as a value.
fn made<'a>(result: Result<Decimal, DecimalError>) -> Made<Value<'a>> {
    match result {
        Ok(number) => Ok(Value::Decimal(number)),
        Err(DecimalError::DivisionByZero) => failure_with_hint(
            ErrorCode::FormulaFailed,
            "division by zero",
            "say in the mapping what a zero divisor means: if(n == 0, …, …)",
        ),
        Err(error) => failure_with_hint(
            ErrorCode::FormulaFailed,
            format!("the result has {error}"),
            "round the numbers before, or look for a wrong one",
        ),
    }
}
