//! What a target asks a database to do: rows for a few statements, in one transaction.
//!
//! Invariants: all rows are tried together; if the database refuses one, everything is undone and done
//! again with a mark before each row, so that what becomes of each is known. Whatever ends the work
//! otherwise leaves nothing behind, except that a commit whose answer is lost may have been made.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::statement::{Param, bound, changing};

/// Most statements of one call.
const MAX_STATEMENTS: usize = 64;
/// Most rows of one call.
const MAX_ROWS: usize = 10_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body<'a> {
    statements: Vec<String>,
    #[serde(borrow)]
    rows: Vec<(usize, Vec<&'a RawValue>)>,
}

/// Rows with the statements that they are for.
#[derive(Debug)]
pub(crate) struct Changes {
    pub(crate) statements: Vec<String>,
    /// place of the statement, and its parameters
    pub(crate) rows: Vec<(usize, Vec<Param>)>,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum RowResult {
    /// rows of the table that were changed
    Done {
        changed: u64,
    },
    Refused(Refusal),
}

/// What the database says about a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Refusal {
    /// SQLSTATE, or the database's own number
    pub(crate) code: String,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<String>,
}

/// Why nothing was done.
#[derive(Debug)]
pub(crate) enum Failure {
    /// the database said so, and everything is undone
    Undone(Problem),
    /// no word came; `sent`: the commit may have been made
    Lost { problem: Problem, sent: bool },
}

impl Changes {
    /// Reads the body of a call.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Problem> {
        let wrong = |what: String| Problem::new(ErrorCode::ConnectorFailed, what);
        let body: Body<'_> = serde_json::from_slice(body)
            .map_err(|error| wrong(format!("the changes are not in their form: {error}")))?;
        if body.statements.len() > MAX_STATEMENTS || body.rows.len() > MAX_ROWS {
            return Err(wrong(format!(
                "{} statements and {} rows in one call; at most {MAX_STATEMENTS} and {MAX_ROWS} are taken",
                body.statements.len(),
                body.rows.len()
            )));
        }
        for statement in &body.statements {
            changing(statement)?;
        }
        let mut rows = Vec::with_capacity(body.rows.len());
        for (place, params) in &body.rows {
            if *place >= body.statements.len() {
                return Err(wrong(format!("there is no statement {place}")));
            }
            rows.push((*place, bound(params)?));
        }
        Ok(Self {
            statements: body.statements,
            rows,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_checked() {
        let good =
            br#"{"statements": ["delete from a where b = $1"], "rows": [[0, ["x"]], [0, [1]]]}"#;
        let changes = Changes::parse(good).unwrap();
        assert_eq!(changes.rows[1], (0, vec![Param::Int(1)]));
        for (body, code) in [
            (
                r#"{"statements": ["drop table a"], "rows": []}"#,
                ErrorCode::ConnectorDenied,
            ),
            (
                r#"{"statements": ["delete from a"], "rows": [[1, []]]}"#,
                ErrorCode::ConnectorFailed,
            ),
            (
                r#"{"statements": [], "rows": [], "more": 1}"#,
                ErrorCode::ConnectorFailed,
            ),
            ("", ErrorCode::ConnectorFailed),
        ] {
            assert_eq!(
                Changes::parse(body.as_bytes()).unwrap_err().code,
                code,
                "{body}"
            );
        }
        let done = RowResult::Done { changed: 1 };
        assert_eq!(serde_json::to_string(&done).unwrap(), r#"{"changed":1}"#);
    }
}
