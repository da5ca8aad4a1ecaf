//! Numbers: reading, rounding, checking.

mod abs;
mod range;
mod round;
mod to_decimal;
mod to_int;

pub(crate) use to_decimal::number;

use super::Function;

/// The functions of this topic, in the order of the documentation.
pub(super) const FUNCTIONS: &[Function] = &[
    to_int::FUNCTION,
    to_decimal::FUNCTION,
    round::FUNCTION,
    abs::FUNCTION,
    range::FUNCTION,
];
