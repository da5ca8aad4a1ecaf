//! Lists: the elements of a JSON array, or what a path with several results found.

mod filter;
mod map;
mod sum;

use super::Function;

/// The functions of this topic, in the order of the documentation.
pub(super) const FUNCTIONS: &[Function] = &[filter::FUNCTION, map::FUNCTION, sum::FUNCTION];
