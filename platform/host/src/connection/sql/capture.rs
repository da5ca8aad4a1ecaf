//! What tables of a database went through, out of its own log: what a guest asks for, and the form that a
//! changed row has. How a log is read is each database's own (`postgres::capture`, `mysql::capture`).
//!
//! A row has the columns of its table, in the forms that a query gives them, and five of ours ([`OP`] and so
//! on). A deleted row has null where the log does not tell what was there; it tells the key at least.
//!
//! Invariants: the position is where a read may begin anew without losing this row, so it is the one of the
//! row's transaction, which then comes again whole. Decision 0020 says more.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json as object;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::json;
use super::page::{PageSender, PageWriter, SqlPage};

/// What happened to the row.
const OP: &str = "_change_op";
/// The name of its table, without the schema.
const TABLE: &str = "_change_table";
/// See the module.
const POSITION: &str = "_change_position";
/// When it was committed, ISO 8601, UTC.
const TIME: &str = "_change_time";
/// Columns whose values an update did not touch and the log does not have: the row has them not.
const UNCHANGED: &str = "_change_unchanged";

/// How often who waits for a slow log hears of it; well within the time limit of a host call.
pub(super) const BEAT: Duration = Duration::from_secs(15);
/// Most tables of one read.
const MAX_TABLES: usize = 100;

/// What keeps the log for a reader; each database has its own of these.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    /// PostgreSQL: the logical replication slot
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) slot: Option<String>,
    /// PostgreSQL: the publication
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) publication: Option<String>,
}

/// A table whose changes are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CapturedTable {
    /// none: where the account looks first
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) schema: Option<String>,
    pub(crate) table: String,
    /// none: all
    pub(crate) columns: Vec<String>,
    /// what names a row: an update that changes it is told as a delete and an update
    pub(crate) key: Vec<String>,
}

/// One read of a log.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) log: Log,
    pub(crate) tables: Vec<CapturedTable>,
    pub(crate) from: String,
    pub(crate) until: String,
}

impl Log {
    /// As a guest hands it over.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        serde_json::from_str(text).map_err(|error| not_understood("the log", &error))
    }
}

impl Asked {
    /// As a guest hands it over.
    pub(crate) fn parse(log: &str, tables: &str, places: (&str, &str)) -> Result<Self, Problem> {
        let tables: Vec<CapturedTable> =
            serde_json::from_str(tables).map_err(|error| not_understood("the tables", &error))?;
        if tables.is_empty() || tables.len() > MAX_TABLES {
            let detail = format!(
                "changes of {} tables are asked for; it must be 1 to {MAX_TABLES}",
                tables.len()
            );
            return Err(Problem::new(ErrorCode::ConnectorLimit, detail));
        }
        Ok(Self {
            log: Log::parse(log)?,
            tables,
            from: places.0.to_owned(),
            until: places.1.to_owned(),
        })
    }
}

fn not_understood(what: &str, error: &serde_json::Error) -> Problem {
    let detail = format!("{what} that changes are asked of is not understood: {error}");
    Problem::new(ErrorCode::ConnectorFailed, detail)
}

/// A database that has no log.
pub(super) fn none() -> Problem {
    let detail = "changes can be asked of PostgreSQL and MariaDB only";
    Problem::new(ErrorCode::ConfigInvalid, detail)
}

/// A page without rows: everything before this place has been told.
pub(super) fn mark(position: &str) -> SqlPage {
    let place = object!({ POSITION: position });
    SqlPage {
        mark: Some(Bytes::from(place.to_string())),
        ..SqlPage::default()
    }
}

/// Waits for a slow log, and lets who waits for its rows know that it is not forgotten.
pub(super) async fn patient<T>(
    work: impl Future<Output = T>,
    sender: &PageSender,
    position: &str,
) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(BEAT) => {
                // Who does not listen any more ends the whole read elsewhere.
                let _ = sender.send(Ok(mark(position))).await;
            }
        }
    }
}

/// The log no longer has, or never had, what comes after a place.
pub(super) fn gone(detail: String) -> Problem {
    Problem::new(ErrorCode::ChangesGone, detail)
}

/// What happened to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Insert,
    Update,
    Delete,
    /// of a table: all rows went
    Truncate,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Truncate => "truncate",
        }
    }
}

/// The transaction that a row belongs to.
#[derive(Debug, Clone, Default)]
pub(super) struct Transaction {
    pub(super) position: String,
    /// ISO 8601, UTC
    pub(super) committed_at: String,
}

/// Writes our own columns and ends the row; gives a page if one is full.
pub(super) fn end_row(
    writer: &mut PageWriter,
    (operation, table): (Operation, &str),
    transaction: &Transaction,
    unchanged: &[&str],
) -> Result<Option<SqlPage>, Problem> {
    json::text(writer.field(OP), operation.name());
    json::text(writer.field(TABLE), table);
    json::text(writer.field(POSITION), &transaction.position);
    json::text(writer.field(TIME), &transaction.committed_at);
    let out = writer.field(UNCHANGED);
    if unchanged.is_empty() {
        json::null(out);
    } else {
        json::raw(out, &object!(unchanged).to_string());
    }
    writer.end_row()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_read_strictly() {
        let log = r#"{"slot": "s", "publication": "p"}"#;
        let tables = r#"[{"table": "a", "key": ["id"]}]"#;
        let asked = Asked::parse(log, tables, ("1", "2")).unwrap();
        assert_eq!(asked.log.slot.as_deref(), Some("s"));
        assert_eq!(asked.tables[0].key, ["id"]);
        for (log, tables) in [
            ("[]", tables),
            (r#"{"slott": "s"}"#, tables),
            (log, "[]"),
            (log, r#"[{"tabel": "a"}]"#),
        ] {
            assert!(
                Asked::parse(log, tables, ("1", "2")).is_err(),
                "{log} {tables}"
            );
        }
    }

    #[test]
    fn a_row_tells_what_happened_to_it() {
        let mut writer = PageWriter::new(std::iter::empty()).unwrap();
        json::raw(writer.field("id"), "7");
        let transaction = Transaction {
            position: "0/1".to_owned(),
            committed_at: "2026-11-20T09:33:45Z".to_owned(),
        };
        let unchanged = ["a\"b", "c"];
        end_row(
            &mut writer,
            (Operation::Update, "t"),
            &transaction,
            &unchanged,
        )
        .unwrap();
        end_row(&mut writer, (Operation::Truncate, "t"), &transaction, &[]).unwrap();
        let page = writer.finish().unwrap();
        let text = String::from_utf8(page.bytes.to_vec()).unwrap();
        let rows: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let own = |op: &str, unchanged: serde_json::Value| {
            object!({"_change_op": op, "_change_table": "t", "_change_position": "0/1",
                "_change_time": "2026-11-20T09:33:45Z", "_change_unchanged": unchanged})
        };
        let mut first = own("update", object!(["a\"b", "c"]));
        first["id"] = object!(7);
        assert_eq!(rows, [first, own("truncate", object!(null))]);
    }
}
