//! SQLite: a file below the folder that the operator gave the tenant, opened in this process on a
//! thread of its own.
//!
//! Invariants: without such a folder nothing is opened; the path cannot leave the folder, by `..`, by
//! being absolute, or by a link; a file is never made; no other file can be attached; a query that
//! nobody waits for ends at the next thousand steps of the database's machine.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::limits::Limit;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error, ErrorCode as Failed, OpenFlags};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::changes::{Changes, Failure, Refusal, RowResult};
use super::json;
use super::page::{PageSender, PageWriter};
use super::statement::{Param, Statement};
use crate::connection::config_problem;
use crate::rows::MAX_ROW_BYTES;

/// A lock of another program is waited for no longer: the platform tries again by itself.
const BUSY: Duration = Duration::from_millis(800);
/// Steps of the database's machine between two looks at whether it is to end.
const STEPS: i32 = 1_000;

/// A file that a tenant may use.
#[derive(Debug)]
pub(crate) struct File {
    folder: PathBuf,
    /// below it
    path: PathBuf,
}

impl File {
    /// `folder` is the tenant's, if the operator gave one.
    pub(crate) fn new(folder: Option<&Path>, path: &str) -> Result<Self, Problem> {
        let Some(folder) = folder else {
            let detail = "files of databases can be used only where the operator gave a folder for them (egress.allow with sqlite:FOLDER)";
            return Err(Problem::new(ErrorCode::ConnectionRefused, detail).at("/endpoint/driver"));
        };
        let below = Path::new(path);
        let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        if path.is_empty() || path.contains('\0') || !below.components().all(plain) {
            let detail = format!("{path:?} is no path below the folder of databases");
            return Err(config_problem("/endpoint/database", detail));
        }
        Ok(Self {
            folder: folder.to_owned(),
            path: below.to_owned(),
        })
    }

    fn open(&self, access: OpenFlags) -> Result<Connection, Problem> {
        let missing = || {
            let detail = format!("there is no database {:?}", self.path);
            Problem::new(ErrorCode::SourceNotFound, detail).at("/endpoint/database")
        };
        // The folder is the operator's and may be reached by links; what lies below may not.
        let folder = self.folder.canonicalize().map_err(|_| missing())?;
        let path = folder.join(&self.path);
        if path.canonicalize().ok().as_deref() != Some(&path) || !path.is_file() {
            return Err(missing());
        }
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let opened = Connection::open_with_flags(&path, flags).and_then(|session| {
            let most = i32::try_from(MAX_ROW_BYTES).unwrap_or(i32::MAX);
            session.set_limit(Limit::SQLITE_LIMIT_LENGTH, most)?;
            session.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
            session.busy_timeout(BUSY)?;
            Ok(session)
        });
        opened.map_err(|error| problem(&error))
    }
}

/// Runs a query and sends its pages; blocks.
pub(super) fn query(file: &File, statement: &Statement, sender: &PageSender) {
    if let Err(problem) = read(file, statement, sender) {
        let _ = sender.blocking_send(Err(problem));
    }
}

fn read(file: &File, statement: &Statement, sender: &PageSender) -> Result<(), Problem> {
    let session = file.open(OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let failed = |error: Error| problem(&error);
    let watched = sender.clone();
    let unwanted = move || watched.is_closed();
    session
        .progress_handler(STEPS, Some(unwanted))
        .map_err(failed)?;
    let mut prepared = session.prepare(&statement.text).map_err(failed)?;
    bind(&mut prepared, &statement.params)?;
    let names: Vec<String> = prepared
        .column_names()
        .iter()
        .map(ToString::to_string)
        .collect();
    let mut writer = PageWriter::new(names.iter().map(String::as_str))?;
    let mut rows = prepared.raw_query();
    while let Some(row) = rows.next().map_err(failed)? {
        for (index, name) in names.iter().enumerate() {
            let value = row.get_ref(index).map_err(failed)?;
            write(name, value, writer.value())?;
        }
        if let Some(page) = writer.end_row()?
            && sender.blocking_send(Ok(page)).is_err()
        {
            return Ok(());
        }
    }
    if let Some(page) = writer.finish() {
        let _ = sender.blocking_send(Ok(page));
    }
    Ok(())
}

/// Does a target's changes; blocks. A row that is refused undoes itself and nothing else.
pub(super) fn transact(
    file: &File,
    changes: &Changes,
    stopped: &Arc<AtomicBool>,
) -> Result<Vec<RowResult>, Failure> {
    let undone = |error: Error| Failure::Undone(problem(&error));
    let opened = file.open(OpenFlags::SQLITE_OPEN_READ_WRITE);
    let mut session = opened.map_err(Failure::Undone)?;
    let watched = Arc::clone(stopped);
    let unwanted = move || watched.load(Ordering::Relaxed);
    session
        .progress_handler(STEPS, Some(unwanted))
        .map_err(undone)?;
    let behaviour = rusqlite::TransactionBehavior::Immediate;
    let transaction = session
        .transaction_with_behavior(behaviour)
        .map_err(undone)?;
    let mut results = Vec::with_capacity(changes.rows.len());
    {
        let mut statements = Vec::new();
        for text in &changes.statements {
            statements.push(transaction.prepare(text).map_err(undone)?);
        }
        for (place, params) in &changes.rows {
            let Some(statement) = statements.get_mut(*place) else {
                continue;
            };
            bind(statement, params).map_err(Failure::Undone)?;
            match statement.raw_execute() {
                Ok(changed) => results.push(RowResult::Done {
                    changed: changed as u64,
                }),
                Err(error) => match refusal(&error) {
                    Some(refusal) => results.push(RowResult::Refused(refusal)),
                    None => return Err(undone(error)),
                },
            }
        }
    }
    transaction.commit().map_err(undone)?;
    Ok(results)
}

fn bind(statement: &mut rusqlite::Statement<'_>, params: &[Param]) -> Result<(), Problem> {
    let wanted = statement.parameter_count();
    if wanted != params.len() {
        let given = params.len();
        let detail =
            format!("the statement has places for {wanted} parameters, {given} were given");
        return Err(Problem::new(ErrorCode::ConfigInvalid, detail));
    }
    for (index, param) in params.iter().enumerate() {
        let value = match param {
            Param::Null => Value::Null,
            Param::Bool(value) => Value::Integer(i64::from(*value)),
            Param::Int(value) => Value::Integer(*value),
            Param::Uint(value) => Value::Text(value.to_string()),
            Param::Text(text) => Value::Text(text.clone()),
        };
        let set = statement.raw_bind_parameter(index + 1, value);
        set.map_err(|error| problem(&error))?;
    }
    Ok(())
}

fn write(column: &str, value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Problem> {
    match value {
        ValueRef::Null => json::null(out),
        ValueRef::Integer(value) => json::raw(out, &value.to_string()),
        ValueRef::Real(value) => json::double(out, value),
        ValueRef::Blob(value) => json::bytes(out, value),
        ValueRef::Text(value) => {
            let text = std::str::from_utf8(value).map_err(|_| {
                let detail = format!("a text in the column {column:?} is not UTF-8");
                let problem = Problem::new(ErrorCode::EncodingInvalid, detail);
                problem.hint(format!("read its bytes: CAST(\"{column}\" AS BLOB)"))
            })?;
            json::text(out, text);
        }
    }
    Ok(())
}

fn refusal(error: &Error) -> Option<Refusal> {
    let Error::SqliteFailure(failed, message) = error else {
        return None;
    };
    let about_row = matches!(
        failed.code,
        Failed::ConstraintViolation | Failed::TypeMismatch | Failed::TooBig
    );
    about_row.then(|| Refusal {
        code: failed.extended_code.to_string(),
        message: message.clone().unwrap_or_else(|| failed.to_string()),
        column: None,
    })
}

fn problem(error: &Error) -> Problem {
    let (code, message) = match error {
        Error::SqliteFailure(failed, message) => {
            let message = message.clone().unwrap_or_else(|| failed.to_string());
            let code = match failed.code {
                Failed::DatabaseBusy
                | Failed::DatabaseLocked
                | Failed::FileLockingProtocolFailed => ErrorCode::ConnectionUnreachable,
                Failed::OperationInterrupted => ErrorCode::RunCancelled,
                Failed::PermissionDenied
                | Failed::ReadOnly
                | Failed::AuthorizationForStatementDenied => ErrorCode::SourcePermission,
                Failed::TooBig => ErrorCode::RowTooLarge,
                Failed::CannotOpen => ErrorCode::SourceNotFound,
                Failed::Unknown if message.starts_with("no such table") => {
                    ErrorCode::SourceNotFound
                }
                Failed::Unknown => ErrorCode::ConfigInvalid,
                _ => ErrorCode::SourceProtocol,
            };
            (code, message)
        }
        Error::SqlInputError { msg, .. } if msg.starts_with("no such table") => {
            (ErrorCode::SourceNotFound, msg.clone())
        }
        Error::SqlInputError { msg, .. } => (ErrorCode::ConfigInvalid, msg.clone()),
        other => (ErrorCode::ConfigInvalid, other.to_string()),
    };
    Problem::new(code, format!("the database: {message}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below_the_folder_and_without_one_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let tenant = root.join("acme");
        std::fs::create_dir_all(tenant.join("sub")).unwrap();
        for file in ["other.db", "acme/own.db", "acme/sub/deep.db"] {
            let session = Connection::open(root.join(file)).unwrap();
            session.execute_batch("create table a (b)").unwrap();
        }
        std::os::unix::fs::symlink(root.join("other.db"), tenant.join("link.db")).unwrap();
        std::os::unix::fs::symlink(&root, tenant.join("up")).unwrap();
        let opened = |path: &str| {
            let file = File::new(Some(&tenant), path)?;
            file.open(OpenFlags::SQLITE_OPEN_READ_ONLY).map(|_| ())
        };
        assert_eq!(opened("own.db"), Ok(()));
        assert_eq!(opened("sub/deep.db"), Ok(()));
        for path in [
            "",
            "/etc/passwd",
            "../other.db",
            "sub/../../other.db",
            "link.db",
            "up/other.db",
            "sub",
            "none.db",
            "own.db\0",
            ":memory:",
            "file:own.db?mode=rwc",
            "./own.db/..",
            "own.db/",
        ] {
            // "own.db/" is spelled oddly, but it is the tenant's own file
            let refused = opened(path);
            assert!(refused.is_err() || path == "own.db/", "{path:?}");
        }
        let none = File::new(None, "own.db").unwrap_err();
        assert_eq!(none.code, ErrorCode::ConnectionRefused);
        assert!(!tenant.join("none.db").exists());
    }
}
