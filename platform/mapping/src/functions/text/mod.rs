//! Texts: cleansing, cutting, padding, patterns.

mod collapse_spaces;
mod lower;
mod matches;
mod pad_left;
mod remove_chars;
mod replace;
mod substring;
mod template;
mod to_string;
mod trim;
mod truncate;
mod upper;

use super::Function;

/// The functions of this topic, in the order of the documentation.
pub(super) const FUNCTIONS: &[Function] = &[
    trim::FUNCTION,
    collapse_spaces::FUNCTION,
    upper::FUNCTION,
    lower::FUNCTION,
    pad_left::FUNCTION,
    truncate::FUNCTION,
    substring::FUNCTION,
    replace::FUNCTION,
    remove_chars::FUNCTION,
    template::FUNCTION,
    matches::FUNCTION,
    to_string::FUNCTION,
];
