//! RFC 9535 queries of the document, parsed by `jsonpath-rust` and cut down to what the reader's
//! trie can do: names and indexes, and a final `[*]` in `each`.

use jsonpath_rust::parser::model::{Segment, Selector};
use jsonpath_rust::parser::parse_json_path;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Name(String),
    Index(u64),
}

/// A path that gives at most one value.
pub(crate) type Path = Vec<Step>;

/// Why a path cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PathError {
    /// no RFC 9535 query
    Invalid(String),
    /// a query that can give more than one value, or counts from the end
    Unsupported(String),
}

/// Parses a path that gives at most one value.
pub(crate) fn parse_singular(text: &str) -> Result<Path, PathError> {
    let (path, many) = parse(text)?;
    if many {
        return Err(PathError::Unsupported(format!(
            "{text} gives more than one value"
        )));
    }
    Ok(path)
}

/// Parses the path of an array: `$.items` or `$.items[*]`.
pub(crate) fn parse_array(text: &str) -> Result<Path, PathError> {
    parse(text).map(|(path, _)| path)
}

fn parse(text: &str) -> Result<(Path, bool), PathError> {
    let query = parse_json_path(text).map_err(|error| {
        let first_line = error
            .to_string()
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned();
        PathError::Invalid(first_line)
    })?;
    let mut path = Vec::with_capacity(query.segments.len());
    let last = query.segments.len().saturating_sub(1);
    for (place, segment) in query.segments.iter().enumerate() {
        match segment {
            // the parser takes more than the RFC as a name without quotes
            Segment::Selector(Selector::Name(name))
                if !is_shorthand(name) && !text.contains(['\'', '"']) =>
            {
                return Err(PathError::Invalid(format!(
                    "the name {name:?} needs quotes"
                )));
            }
            Segment::Selector(Selector::Name(name)) => path.push(Step::Name(name.clone())),
            Segment::Selector(Selector::Index(index)) if *index >= 0 => {
                path.push(Step::Index(index.unsigned_abs()));
            }
            Segment::Selector(Selector::Wildcard) if place == last => return Ok((path, true)),
            _ => {
                return Err(PathError::Unsupported(format!(
                    "{text} uses a wildcard, slice, filter, '..' or an index from the end"
                )));
            }
        }
    }
    Ok((path, false))
}

/// The path as normalized RFC 9535 text, after a prefix.
pub(crate) fn write_path(prefix: &str, path: &[Step]) -> String {
    let mut text = prefix.to_owned();
    for step in path {
        match step {
            Step::Name(name) if is_shorthand(name) => {
                text.push('.');
                text.push_str(name);
            }
            Step::Name(name) => {
                let escaped = name.replace('\\', "\\\\").replace('\'', "\\'");
                text.push_str(&format!("['{escaped}']"));
            }
            Step::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

fn is_shorthand(name: &str) -> bool {
    let mut signs = name.chars();
    signs
        .next()
        .is_some_and(|sign| sign.is_alphabetic() || sign == '_')
        && signs.all(|sign| sign.is_alphanumeric() || sign == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn singular_paths_round_trip() {
        for text in [
            "$",
            "$.order_no",
            "$['Order No']",
            "$.a.b[0].c",
            "$['it\\'s']",
        ] {
            assert_eq!(write_path("$", &parse_singular(text).unwrap()), text);
        }
        assert_eq!(
            parse_singular("$[\"a\"]").unwrap(),
            [Step::Name("a".to_owned())]
        );
    }

    #[test]
    fn what_gives_many_values_is_told_apart_from_nonsense() {
        for text in [
            "$..a",
            "$.a[?@.b]",
            "$.a[1:2]",
            "$.*.a",
            "$.a[*]",
            "$[-1]",
            "$['a','b']",
        ] {
            assert!(
                matches!(parse_singular(text), Err(PathError::Unsupported(_))),
                "{text}"
            );
        }
        for text in ["order_no", "$.", "$[", "$.a-b", "$.a b c'"] {
            assert!(
                matches!(parse_singular(text), Err(PathError::Invalid(_))),
                "{text}"
            );
        }
        assert_eq!(parse_array("$.a[*]").unwrap(), parse_array("$.a").unwrap());
    }
}
