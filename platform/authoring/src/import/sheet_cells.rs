//! Cells of a sheet that name fields: targets in the many ways of writing a path, sources with
//! alternatives and constants.

use serde_json::Value;

use super::sheet_rules::unquoted;

/// One step to a target field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TargetStep {
    Name(String),
    /// the elements of the array before it
    Elements,
}

/// The steps of `/lines/*/amount`, `lines[].amount`, `$.lines[*].amount`, `Lines > Amount`,
/// `lines/amount`. `None` for an empty cell.
pub(super) fn target_steps(cell: &str) -> Option<Vec<TargetStep>> {
    let text = cell.trim().trim_start_matches("$.").trim_start_matches('/');
    let separators: &[char] = if text.contains('>') {
        &['>']
    } else if text.contains('/') {
        &['/']
    } else {
        &['.']
    };
    let mut steps = Vec::new();
    for part in text
        .split(separators)
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        if part == "*" || (!steps.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())) {
            steps.push(TargetStep::Elements);
            continue;
        }
        let (name, brackets) = match part.split_once('[') {
            Some((name, rest)) => (name.trim(), Some(rest)),
            None => (part, None),
        };
        if !name.is_empty() {
            steps.push(TargetStep::Name(name.to_owned()));
        }
        if brackets.is_some() && !steps.is_empty() {
            steps.push(TargetStep::Elements);
        }
    }
    (!steps.is_empty()).then_some(steps)
}

/// What a source cell says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SourceCell {
    Empty,
    /// names or paths; of several the first non-null counts
    Names(Vec<String>),
    Constant(Value),
    /// more than a name: a sentence, a sum
    Unclear,
}

/// Words between alternatives, with a space on both sides.
const ELSE: [&str; 8] = [
    " else ",
    " sonst ",
    " falls leer ",
    " wenn leer ",
    " or else ",
    " otherwise ",
    " ?? ",
    " oder falls leer ",
];

/// Cells that say that there is no source.
const NOTHING: [&str; 10] = [
    "", "-", "--", "n/a", "na", "none", "keine", "kein", "leer", "tbd",
];

/// Reads a source cell. `known` tells whether a text is the name of a column.
pub(super) fn source_cell(cell: &str, known: impl Fn(&str) -> bool) -> SourceCell {
    let text = cell.trim();
    if known(text) {
        return SourceCell::Names(vec![text.to_owned()]);
    }
    if NOTHING.contains(&text.to_lowercase().as_str()) {
        return SourceCell::Empty;
    }
    if let Some(inner) = unquoted(text.trim_start_matches('=').trim()) {
        return SourceCell::Constant(Value::from(inner));
    }
    let mut parts = vec![text.to_owned()];
    for word in ELSE {
        parts = parts
            .iter()
            .flat_map(|part| part.split(word).map(|part| part.trim().to_owned()))
            .collect();
    }
    let clear = |name: &String| known(name) || is_name(name);
    if parts.iter().all(clear) {
        SourceCell::Names(parts)
    } else {
        SourceCell::Unclear
    }
}

/// One name or path: no signs of a formula, a list or a sentence.
fn is_name(text: &str) -> bool {
    let words = text.split_whitespace().count();
    !text.is_empty()
        && words <= 3
        && !text.contains(['+', '*', '(', ')', ',', ';', '\n', '=', '"', '?', ':'])
        || text.starts_with("$.") && !text.contains([' ', ','])
        || is_path_of_elements(text)
}

/// `lines[*].sku` has a `*` without being a product.
fn is_path_of_elements(text: &str) -> bool {
    text.contains("[*]") && !text.replace("[*]", "").contains(['*', '+', ' ', ','])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn targets_are_read_in_many_ways() {
        let steps = |text: &str| {
            let steps = target_steps(text).unwrap_or_default();
            let words: Vec<String> = steps
                .into_iter()
                .map(|step| match step {
                    TargetStep::Name(name) => name,
                    TargetStep::Elements => "*".to_owned(),
                })
                .collect();
            words.join("/")
        };
        for text in [
            "/lines/*/amount",
            "lines[].amount",
            "$.lines[*].amount",
            "lines[0].amount",
            "lines > [] > amount",
            "lines/0/amount",
        ] {
            assert_eq!(steps(text), "lines/*/amount", "{text}");
        }
        assert_eq!(steps("shipTo.city"), "shipTo/city");
        assert_eq!(steps("  "), "");
    }

    #[test]
    fn sources_are_names_constants_or_unclear() {
        let read = |text: &str| source_cell(text, |name| name == "a + b");
        assert_eq!(
            read("Kunden Nr"),
            SourceCell::Names(vec!["Kunden Nr".to_owned()])
        );
        assert_eq!(read("a + b"), SourceCell::Names(vec!["a + b".to_owned()]));
        assert_eq!(
            read("NAME1 sonst NAME2"),
            SourceCell::Names(vec!["NAME1".to_owned(), "NAME2".to_owned()])
        );
        assert_eq!(read("\"DE\""), SourceCell::Constant(json!("DE")));
        assert_eq!(read("NAME1 + NAME2"), SourceCell::Unclear);
        assert_eq!(
            read("siehe Tabelle im Anhang oder fragen"),
            SourceCell::Unclear
        );
        assert_eq!(read("n/a"), SourceCell::Empty);
    }
}
