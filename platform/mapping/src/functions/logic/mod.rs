//! Conditions, defaults, allowed values.

mod between;
mod default;
mod enum_of;
mod equals;
mod in_list;
mod is_empty;
mod to_bool;

pub(crate) use enum_of::apply as check_enum;

use super::Function;

/// The functions of this topic, in the order of the documentation.
pub(super) const FUNCTIONS: &[Function] = &[
    to_bool::FUNCTION,
    enum_of::FUNCTION,
    default::FUNCTION,
    equals::FUNCTION,
    in_list::FUNCTION,
    between::FUNCTION,
    is_empty::FUNCTION,
];
