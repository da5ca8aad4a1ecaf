//! Dates and times.

mod date_format;
mod date_parse;

use super::Function;

/// The functions of this topic, in the order of the documentation.
pub(super) const FUNCTIONS: &[Function] = &[date_parse::FUNCTION, date_format::FUNCTION];
