//! Conditions, defaults, allowed values.

mod between;
mod choose;
mod coalesce;
mod compare;
mod default;
mod enum_of;
mod equals;
mod fail_if;
mod in_list;
mod is_empty;
mod is_null;
mod is_present;
mod matches_any;
mod not;
mod null_if;
mod require;
mod to_bool;
mod truth;
mod type_of;
mod xor;

pub(crate) use enum_of::apply as check_enum;

use super::Function;

/// The functions of this topic, in the order of the documentation.
pub(super) const FUNCTIONS: &[Function] = &[
    to_bool::FUNCTION,
    enum_of::FUNCTION,
    default::FUNCTION,
    coalesce::FUNCTION,
    null_if::FUNCTION,
    choose::FUNCTION,
    equals::FUNCTION,
    compare::FUNCTION,
    in_list::FUNCTION,
    between::FUNCTION,
    matches_any::FUNCTION,
    is_empty::FUNCTION,
    is_null::FUNCTION,
    is_present::FUNCTION,
    type_of::FUNCTION,
    not::FUNCTION,
    xor::FUNCTION,
    require::FUNCTION,
    fail_if::FUNCTION,
];
