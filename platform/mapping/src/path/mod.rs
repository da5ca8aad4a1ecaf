//! RFC 9535 JSONPath: every query of the RFC, parsed by `jsonpath-rust` and evaluated here.
//!
//! The parser is `jsonpath-rust`'s. Its grammar is wrong in some places and its evaluation in others
//! (`tests/mapping/json_path_suite.rs` lists them), so [`lexer`] reads the text before it, [`lower`] checks
//! its tree after it, and [`evaluate`] works on our own [`tree`], which borrows from the JSON text:
//! what is found are slices of the input, so numbers keep their digits.
//!
//! Invariants: nothing here panics, recurses without a bound or takes more than bounded memory and
//! steps, whatever the query and the value.
//!
//! Deliberately absent: changing values, functions beyond those of the RFC.

mod compare;
mod evaluate;
mod lexer;
mod lower;
mod number;
mod places;
mod query;
mod regexp;
mod tree;

#[cfg(test)]
mod tests;

pub(crate) use evaluate::QueryError;
pub(crate) use places::Places;
pub(crate) use query::Query;
pub(crate) use tree::Tree;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Name(String),
    Index(u64),
}

/// Which of two JSON numbers, given as their digits, is larger; exact, whatever their length.
pub(crate) fn compare_numbers(one: &str, other: &str) -> std::cmp::Ordering {
    number::NumberRef::new(one).compare(number::NumberRef::new(other))
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

/// A value that [`select`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// its normalized path (RFC 9535, section 2.7)
    pub path: String,
    /// the value as it stands in the JSON text
    pub text: String,
}

/// Why [`select`] gives no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// The query is none of RFC 9535.
    #[error("not an RFC 9535 query: {0}")]
    Query(String),
    /// The text is no JSON value, or the query gives too much on it.
    #[error("{0}")]
    Value(String),
}

/// Evaluates an RFC 9535 query on a JSON text.
///
/// # Errors
/// [`SelectError::Query`] for what is no query; [`SelectError::Value`] for what is no JSON, has an
/// object with a member twice, or when the query gives more than 100,000 values or takes too many steps.
pub fn select(query: &str, json: &str) -> Result<Vec<Selected>, SelectError> {
    let query = Query::parse(query).map_err(|error| match error {
        PathError::Invalid(why) | PathError::Unsupported(why) => SelectError::Query(why),
    })?;
    let value_error = |error: evaluate::QueryError| SelectError::Value(error.to_string());
    let tree = Tree::parse(json).map_err(value_error)?;
    let selection = query.select(&tree).map_err(value_error)?;
    Ok(selection
        .nodes()
        .map(|node| Selected {
            path: node.normalized_path(),
            text: node.text().to_owned(),
        })
        .collect())
}

/// Parses a path that gives at most one value.
pub(crate) fn parse_singular(text: &str) -> Result<Path, PathError> {
    Query::parse(text)?.singular().ok_or_else(|| {
        PathError::Unsupported(format!(
            "{text} can give more than one value, or counts from the end"
        ))
    })
}

/// Parses the path of an array: `$.items` or `$.items[*]`.
pub(crate) fn parse_array(text: &str) -> Result<Path, PathError> {
    Query::parse(text)?.array().ok_or_else(|| {
        PathError::Unsupported(format!(
            "{text} is not one array: it uses a wildcard, slice, filter, '..' or an index from the end"
        ))
    })
}

/// The path as RFC 9535 text after a prefix, with names as short as they can be written.
pub(crate) fn write_path(prefix: &str, path: &[Step]) -> String {
    let mut text = prefix.to_owned();
    for step in path {
        match step {
            Step::Name(name) if is_shorthand(name) => {
                text.push('.');
                text.push_str(name);
            }
            _ => write_step(step, &mut text),
        }
    }
    text
}

/// The normalized path, RFC 9535, section 2.7.
fn write_normalized(path: &[Step]) -> String {
    let mut text = "$".to_owned();
    for step in path {
        write_step(step, &mut text);
    }
    text
}

/// A step in brackets.
fn write_step(step: &Step, out: &mut String) {
    match step {
        Step::Index(index) => out.push_str(&format!("[{index}]")),
        Step::Name(name) => {
            out.push_str("['");
            for sign in name.chars() {
                match sign {
                    '\u{8}' => out.push_str("\\b"),
                    '\t' => out.push_str("\\t"),
                    '\n' => out.push_str("\\n"),
                    '\u{c}' => out.push_str("\\f"),
                    '\r' => out.push_str("\\r"),
                    '\'' => out.push_str("\\'"),
                    '\\' => out.push_str("\\\\"),
                    _ if sign < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(sign))),
                    _ => out.push(sign),
                }
            }
            out.push_str("']");
        }
    }
}

fn is_shorthand(name: &str) -> bool {
    let mut signs = name.chars();
    signs
        .next()
        .is_some_and(|sign| sign.is_alphabetic() || sign == '_')
        && signs.all(|sign| sign.is_alphanumeric() || sign == '_')
}
