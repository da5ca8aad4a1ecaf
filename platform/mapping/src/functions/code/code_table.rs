//! Tables of codes that are compiled in as text: a line per row, cells between semicolons, names in a
//! cell between bars, lines that start with # about the source.
//!
//! Invariant: every row has all cells, and no code or name stands in two rows; a test reads all tables.

use std::collections::HashMap;

use bumpalo::Bump;

use super::fold::fold;

/// A table with an index over its codes and one over its names.
#[derive(Debug)]
pub(super) struct CodeTable {
    rows: Vec<Vec<&'static str>>,
    codes: HashMap<Box<str>, usize>,
    names: HashMap<Box<str>, usize>,
}

impl CodeTable {
    /// Reads a table; `codes` and `names` are the columns to find rows by.
    pub(super) fn read(text: &'static str, codes: &[usize], names: &[usize]) -> Self {
        let rows: Vec<Vec<&'static str>> = text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
            .map(|line| line.split(';').collect())
            .collect();
        let codes = index(&rows, codes);
        let names = index(&rows, names);
        Self { rows, codes, names }
    }

    /// The row with a code, whatever its case.
    pub(super) fn by_code<'a>(&self, code: &'a str, arena: &'a Bump) -> Option<Row<'_>> {
        self.row(self.codes.get(fold(code, arena)))
    }

    /// The row with a name, however it is written.
    pub(super) fn by_name<'a>(&self, name: &'a str, arena: &'a Bump) -> Option<Row<'_>> {
        self.row(self.names.get(fold(name, arena)))
    }

    /// The row with a code, or else with a name.
    pub(super) fn find<'a>(&self, text: &'a str, arena: &'a Bump) -> Option<Row<'_>> {
        let folded = fold(text, arena);
        self.row(self.codes.get(folded).or_else(|| self.names.get(folded)))
    }

    /// All rows, in the table's order.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|cells| Row(cells))
    }

    fn row(&self, place: Option<&usize>) -> Option<Row<'_>> {
        self.rows.get(*place?).map(|cells| Row(cells))
    }
}

/// A row of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'t>(&'t [&'static str]);

impl Row<'_> {
    /// The cell in a column; none if it is empty.
    pub(super) fn cell(self, column: usize) -> Option<&'static str> {
        self.0.get(column).copied().filter(|cell| !cell.is_empty())
    }
}

/// The first row with a code or name counts, which the test of the tables makes the only one.
fn index(rows: &[Vec<&'static str>], columns: &[usize]) -> HashMap<Box<str>, usize> {
    let arena = Bump::new();
    let mut places = HashMap::new();
    for (place, row) in rows.iter().enumerate() {
        for cell in columns.iter().filter_map(|column| row.get(*column)) {
            for name in cell.split('|').filter(|name| !name.is_empty()) {
                places.entry(fold(name, &arena).into()).or_insert(place);
            }
        }
    }
    places
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Whether every row has `cells` cells and no code or name stands in two rows.
    pub(in super::super) fn check(
        text: &'static str,
        cells: usize,
        codes: &[usize],
        names: &[usize],
    ) {
        let table = CodeTable::read(text, codes, names);
        let arena = Bump::new();
        for (place, row) in table.rows.iter().enumerate() {
            assert_eq!(row.len(), cells, "{row:?}");
            for (columns, known) in [(codes, &table.codes), (names, &table.names)] {
                for cell in columns.iter().map(|column| row[*column]) {
                    for name in cell.split('|').filter(|name| !name.is_empty()) {
                        let found = known[fold(name, &arena)];
                        assert_eq!(
                            found, place,
                            "{name:?} of {row:?} is in {:?}",
                            table.rows[found]
                        );
                    }
                }
            }
        }
    }
}
