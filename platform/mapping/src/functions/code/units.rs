//! The units of measure, for the functions that need one.

use std::sync::LazyLock;

use super::code_table::{CodeTable, Row};
use crate::worker::run::Run;

/// Columns of the table.
pub(super) const CODE: usize = 0;
pub(super) const ABBREVIATION: usize = 1;
pub(super) const SYMBOL: usize = 2;
pub(super) const NAME: usize = 3;
pub(super) const DIMENSION: usize = 4;
/// how many of the dimension's unit one is
pub(super) const FACTOR: usize = 5;

static UNITS: LazyLock<CodeTable> =
    LazyLock::new(|| CodeTable::read(TEXT, &[CODE], &[ABBREVIATION, NAME, 6]));

const TEXT: &str = include_str!("data/units.csv");

/// As what a text is understood.
#[derive(Debug, Clone, Copy)]
pub(super) enum Meaning {
    Any,
    Abbreviation,
    Code,
}

/// The unit that a text names.
pub(super) fn find<'a>(text: &'a str, from: Meaning, run: &Run<'a>) -> Option<Row<'static>> {
    match from {
        Meaning::Abbreviation => UNITS.by_name(text, run.arena),
        Meaning::Code => UNITS.by_code(text, run.arena),
        Meaning::Any => UNITS
            .by_name(text, run.arena)
            .or_else(|| UNITS.by_code(text, run.arena)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decimal::Decimal;

    #[test]
    fn the_table_is_whole() {
        super::super::code_table::tests::check(TEXT, 7, &[CODE], &[ABBREVIATION, NAME, 6]);
        for row in UNITS.rows() {
            let factor = row.cell(FACTOR).map(Decimal::parse);
            assert!(
                factor.is_none_or(|factor| factor.is_ok_and(|f| f > Decimal::ZERO)),
                "{row:?}"
            );
            assert_eq!(
                row.cell(FACTOR).is_some(),
                row.cell(DIMENSION).is_some(),
                "{row:?}"
            );
        }
    }
}
