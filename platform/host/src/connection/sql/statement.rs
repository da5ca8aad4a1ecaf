//! A statement with its parameters, as a guest hands it over, and which statements are let through.
//!
//! Invariant: what reads is read-only twice over: only statements that begin like a query pass, and
//! they run in a read-only transaction (SQLite: on a read-only file).

use serde_json::value::RawValue;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

/// Longest statement, bytes.
const MAX_STATEMENT_BYTES: usize = 1 << 20;
/// Most parameters: what PostgreSQL's protocol can count.
const MAX_PARAMS: usize = 65_535;

/// What queries begin with.
const READING: [&str; 5] = ["select", "with", "values", "table", "show"];
/// What a target's statements begin with.
const CHANGING: [&str; 6] = ["insert", "update", "delete", "replace", "merge", "with"];

/// A value that is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Param {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    /// text, other numbers as written, JSON
    Text(String),
}

/// A query.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub(crate) text: String,
    pub(crate) params: Vec<Param>,
}

impl Statement {
    /// A query of a guest; `params` is a JSON array.
    pub(crate) fn reading(text: &str, params: &str) -> Result<Self, Problem> {
        check(text, &READING)?;
        let raw: Vec<&RawValue> = serde_json::from_str(params).map_err(|error| {
            let detail = format!("the parameters of a statement are no JSON array: {error}");
            Problem::new(ErrorCode::ConnectorFailed, detail)
        })?;
        Ok(Self {
            text: text.to_owned(),
            params: bound(&raw)?,
        })
    }
}

/// A statement that changes rows of tables, and nothing else.
pub(super) fn changing(text: &str) -> Result<(), Problem> {
    check(text, &CHANGING)
}

pub(super) fn bound(raw: &[&RawValue]) -> Result<Vec<Param>, Problem> {
    if raw.len() > MAX_PARAMS {
        let detail = format!(
            "a statement has {} parameters, at most {MAX_PARAMS} are taken",
            raw.len()
        );
        return Err(Problem::new(ErrorCode::ConnectorLimit, detail));
    }
    Ok(raw.iter().map(|value| param(value.get())).collect())
}

fn param(json: &str) -> Param {
    match json.as_bytes().first() {
        Some(b'n') => Param::Null,
        Some(b't') => Param::Bool(true),
        Some(b'f') => Param::Bool(false),
        Some(b'"') => Param::Text(serde_json::from_str(json).unwrap_or_default()),
        _ => match (json.parse(), json.parse()) {
            (Ok(int), _) => Param::Int(int),
            (_, Ok(uint)) => Param::Uint(uint),
            _ => Param::Text(json.to_owned()),
        },
    }
}

fn check(text: &str, words: &[&str]) -> Result<(), Problem> {
    if text.len() > MAX_STATEMENT_BYTES {
        let detail = format!(
            "a statement has {} bytes, at most {MAX_STATEMENT_BYTES} are taken",
            text.len()
        );
        return Err(Problem::new(ErrorCode::ConnectorLimit, detail));
    }
    let word = first_word(text);
    if words.contains(&word.as_str()) {
        return Ok(());
    }
    let detail = format!(
        "a statement that begins with {:?} is not let through; these are: {}",
        word.chars().take(40).collect::<String>(),
        words.join(", ")
    );
    Err(Problem::new(ErrorCode::ConnectorDenied, detail))
}

/// Lower case; comments, blanks and brackets before it are passed over.
fn first_word(text: &str) -> String {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
        let after = match rest.get(..2) {
            Some("--") => rest.split_once('\n').map(|(_, tail)| tail),
            // what MySQL reads inside /*! … */ is no comment
            Some("/*") if !rest.starts_with("/*!") && !rest.starts_with("/*M!") => {
                rest.split_once("*/").map(|(_, tail)| tail)
            }
            _ => break,
        };
        rest = after.unwrap_or_default();
    }
    let end = rest
        .find(|c: char| !c.is_alphabetic())
        .unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_queries_read_and_only_changes_of_rows_change() {
        for text in [
            "select 1",
            " \n(SELECT 1)",
            "-- said\nselect 1",
            "/* said */ With a as (select 1) select * from a",
            "values (1)",
            "show server_version",
        ] {
            assert!(Statement::reading(text, "[]").is_ok(), "{text}");
        }
        for text in [
            "",
            "insert into a values (1)",
            "/*! set a = 1 */ select 1",
            "/*M! drop table a */ select 1",
            "set session transaction read write",
            "commit",
            "copy a to program 'x'",
            "call a()",
            "selectx",
            "-- select",
            "do $$ begin end $$",
        ] {
            let refused = Statement::reading(text, "[]").unwrap_err();
            assert_eq!(refused.code, ErrorCode::ConnectorDenied, "{text}");
        }
        assert!(changing("INSERT INTO a VALUES (1)").is_ok());
        assert!(changing("delete from a").is_ok());
        for text in [
            "drop table a",
            "select 1",
            "truncate a",
            "alter table a",
            "grant all",
        ] {
            assert!(changing(text).is_err(), "{text}");
        }
    }

    #[test]
    fn parameters_keep_their_digits() {
        let params = r#"[null, true, -5, 18446744073709551615, 1.10, 1e400, "a\"\u00e9", {"a":1}]"#;
        let statement = Statement::reading("select 1", params).unwrap();
        let text = |text: &str| Param::Text(text.to_owned());
        assert_eq!(
            statement.params,
            [
                Param::Null,
                Param::Bool(true),
                Param::Int(-5),
                Param::Uint(u64::MAX),
                text("1.10"),
                text("1e400"),
                text("a\"é"),
                text("{\"a\":1}"),
            ]
        );
        assert!(Statement::reading("select 1", "{}").is_err());
    }
}
