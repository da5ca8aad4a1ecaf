//! Codes: tables of the tenant and tables that everybody shares.

mod currency;
pub(super) mod currency_table;
mod lookup;

use super::Function;

/// The functions of this topic, in the order of the documentation.
pub(super) const FUNCTIONS: &[Function] = &[lookup::FUNCTION, currency::FUNCTION];
