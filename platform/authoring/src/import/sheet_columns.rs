//! The header of a sheet: which column holds what, by the words that analysts use in English and
//! German.

/// What a column of a sheet holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Column {
    Target,
    Source,
    Rule,
    Type,
    Length,
    Required,
    Constant,
    Default,
    Comment,
}

/// Words of a header cell, folded: small letters, umlauts written out, only letters and digits.
const WORDS: [(Column, &[&str]); 9] = [
    (
        Column::Target,
        &[
            "target",
            "targetfield",
            "targetpath",
            "targetattribute",
            "targetelement",
            "targetname",
            "zielfeld",
            "ziel",
            "zielattribut",
            "zielpfad",
            "zielelement",
            "apifield",
            "apifeld",
            "outputfield",
            "to",
            "nach",
            "destination",
            "destinationfield",
        ],
    ),
    (
        Column::Source,
        &[
            "source",
            "sourcefield",
            "sourcecolumn",
            "sourcepath",
            "sourceattribute",
            "sourceelement",
            "quelle",
            "quellfeld",
            "quellspalte",
            "quellattribut",
            "quellpfad",
            "herkunft",
            "inputfield",
            "from",
            "von",
            "erpfield",
            "erpfeld",
            "sapfield",
            "sapfeld",
            "csvcolumn",
            "csvspalte",
        ],
    ),
    (
        Column::Rule,
        &[
            "rule",
            "rules",
            "mappingrule",
            "transformation",
            "transformationrule",
            "logic",
            "mapping",
            "regel",
            "regeln",
            "mappingregel",
            "umrechnung",
            "logik",
            "transformationsregel",
            "verarbeitung",
            "verarbeitungsregel",
            "conversion",
            "konvertierung",
        ],
    ),
    (
        Column::Type,
        &[
            "type",
            "datatype",
            "typ",
            "datentyp",
            "format",
            "fieldtype",
            "feldtyp",
            "targettype",
            "zieltyp",
        ],
    ),
    (
        Column::Length,
        &[
            "length",
            "laenge",
            "maxlength",
            "maxlaenge",
            "maximallaenge",
            "len",
            "feldlaenge",
        ],
    ),
    (
        Column::Required,
        &[
            "required",
            "mandatory",
            "mandatoryoptional",
            "pflicht",
            "pflichtfeld",
            "muss",
            "musskann",
            "mk",
            "mo",
            "om",
            "erforderlich",
            "verpflichtend",
            "req",
        ],
    ),
    (
        Column::Constant,
        &[
            "constant",
            "const",
            "fixedvalue",
            "fixvalue",
            "fixed",
            "festwert",
            "fixwert",
            "konstante",
            "konstant",
            "constantvalue",
            "hardcoded",
            "staticvalue",
        ],
    ),
    (
        Column::Default,
        &[
            "default",
            "defaultvalue",
            "vorgabe",
            "vorgabewert",
            "standardwert",
            "standard",
            "fallback",
            "ersatzwert",
        ],
    ),
    (
        Column::Comment,
        &[
            "comment",
            "comments",
            "note",
            "notes",
            "remark",
            "remarks",
            "description",
            "bemerkung",
            "bemerkungen",
            "kommentar",
            "kommentare",
            "beschreibung",
            "anmerkung",
            "hinweis",
            "notiz",
            "erlaeuterung",
            "explanation",
        ],
    ),
];

/// Rows above the header that are looked through (titles, versions).
const ABOVE: usize = 30;

/// The header of a sheet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Header {
    /// index of its row
    pub(super) row: usize,
    /// what is in which column, by index
    pub(super) columns: Vec<(usize, Column)>,
    /// header cells whose meaning is not known, or that stand twice
    pub(super) unknown: Vec<String>,
}

impl Header {
    /// The cell of a column in `row`, trimmed; empty if there is none.
    pub(super) fn cell<'a>(&self, row: &'a [String], wanted: Column) -> &'a str {
        let place = self.columns.iter().find(|(_, column)| *column == wanted);
        place
            .and_then(|(place, _)| row.get(*place))
            .map_or("", |text| text.trim())
    }
}

/// The first row with a target column and a column that says how it is filled.
pub(super) fn header(rows: &[Vec<String>]) -> Option<Header> {
    rows.iter()
        .take(ABOVE)
        .enumerate()
        .find_map(|(row, cells)| {
            let mut made = Header {
                row,
                columns: Vec::new(),
                unknown: Vec::new(),
            };
            for (place, cell) in cells.iter().enumerate() {
                let known = column(cell);
                let twice = |column: &Column| made.columns.iter().any(|(_, other)| other == column);
                match known {
                    Some(column) if !twice(&column) => made.columns.push((place, column)),
                    _ if cell.trim().is_empty() => {}
                    _ => made.unknown.push(cell.trim().to_owned()),
                }
            }
            let has = |wanted| made.columns.iter().any(|(_, column)| *column == wanted);
            let fills = [Column::Source, Column::Rule, Column::Constant, Column::Type];
            (has(Column::Target) && fills.into_iter().any(has)).then_some(made)
        })
}

/// What a header cell says, as a whole or in the first of its parts that is known: `Rule /
/// transformation`, `Pflicht (J/N)`.
fn column(cell: &str) -> Option<Column> {
    known(cell).or_else(|| cell.split(['/', '(', ',', '\n']).find_map(known))
}

fn known(words: &str) -> Option<Column> {
    let word: String = crate::suggest::folded(words)
        .chars()
        .filter(|sign| sign.is_alphanumeric())
        .collect();
    WORDS
        .iter()
        .find(|(_, words)| words.contains(&word.as_str()))
        .map(|(column, _)| *column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_with_several_words_is_known_by_the_first_that_is() {
        assert_eq!(column("Rule / transformation"), Some(Column::Rule));
        assert_eq!(column("Pflicht (J/N)"), Some(Column::Required));
        assert_eq!(column("Mandatory/Optional"), Some(Column::Required));
        assert_eq!(column("SAP-Feld (Tabelle VBAK)"), Some(Column::Source));
        assert_eq!(column("Reviewed by / on"), None);
    }
}
