//! The countries of ISO 3166-1, for the functions that need one.

use std::sync::LazyLock;

use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;

use super::code_table::CodeTable;
use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::value::{Made, Value, failure_with_hint};
use crate::worker::run::Run;

/// Columns of the table.
pub(super) const ALPHA_2: usize = 0;
pub(super) const ALPHA_3: usize = 1;
pub(super) const NUMERIC: usize = 2;
pub(super) const NAME: usize = 3;

/// alpha-2, alpha-3, numeric, English name, other names.
pub(super) static COUNTRIES: LazyLock<CodeTable> =
    LazyLock::new(|| CodeTable::read(TEXT, &[ALPHA_2, ALPHA_3, NUMERIC], &[NAME, 4]));

const TEXT: &str = include_str!("data/countries.csv");

/// Whether the two capital letters are a country's.
pub(super) fn is_country(alpha_2: &str, run: &Run<'_>) -> bool {
    let row = COUNTRIES.by_code(run.arena.alloc_str(alpha_2), run.arena);
    row.and_then(|row| row.cell(ALPHA_2)) == Some(alpha_2)
}

/// The country that a computed argument names, in any way that the function `country` takes.
pub(super) enum Named {
    Country(&'static str),
    /// the argument is null
    Null,
    /// something it needs has failed before
    Failed,
}

/// The argument's country by its alpha-2 code.
pub(super) fn named<'a>(argument: &'a Expression, run: &Run<'a>) -> Made<Named> {
    let text = match evaluate(argument, run)? {
        Value::Failed => return Ok(Named::Failed),
        Value::Null => return Ok(Named::Null),
        value => value.text()?,
    };
    match COUNTRIES
        .find(text, run.arena)
        .and_then(|row| row.cell(ALPHA_2))
    {
        Some(code) => Ok(Named::Country(code)),
        None => failure_with_hint(
            ErrorCode::EnumMismatch,
            format!("the country {:?} is not known", shorten(text, 60)),
            "send a code or name that the function country takes",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        super::super::code_table::tests::check(TEXT, 5, &[0, 1, 2], &[3, 4]);
        assert_eq!(COUNTRIES.rows().count(), 250);
    }
}
