//! Rows of a target in one transaction. Rows of the first try are sent ahead of their answers, so
//! that a batch costs few round trips.

use futures_util::future::try_join_all;
use tokio_postgres::{Statement, Transaction};
use tributary_model::error_code::ErrorCode;

use super::values::Bound;
use super::{Session, params_problem, problem};
use crate::connection::sql::changes::{Changes, Failure, Refusal, RowResult};
use crate::connection::sql::link::Server;

/// Rows that are on their way at a time.
const AHEAD: usize = 100;

/// Why a try ended.
enum End {
    /// a row was refused
    Row,
    All(Failure),
}

/// Does the changes.
pub(in crate::connection::sql) async fn transact(
    server: &Server,
    session: &mut Session,
    changes: &Changes,
) -> Result<Vec<RowResult>, Failure> {
    let client = &mut session.client;
    let started = client.build_transaction().read_only(false).start().await;
    let transaction = started.map_err(|error| unsent(server, &error))?;
    let mut statements = Vec::new();
    for text in &changes.statements {
        let prepared = transaction.prepare(text).await;
        statements.push(prepared.map_err(|error| unsent(server, &error))?);
    }
    for (place, params) in &changes.rows {
        let wanted = statements.get(*place).map_or(0, |s| s.params().len());
        if wanted != params.len() {
            return Err(Failure::Undone(params_problem(wanted, params.len())));
        }
    }
    let results = match together(server, &transaction, &statements, changes).await {
        Ok(results) => results,
        Err(End::All(failure)) => return Err(failure),
        Err(End::Row) => {
            let undone = transaction.rollback().await;
            undone.map_err(|error| unsent(server, &error))?;
            let again = client.build_transaction().read_only(false).start().await;
            let again = again.map_err(|error| unsent(server, &error))?;
            let results = singly(server, &again, &statements, changes).await?;
            again.commit().await.map_err(|error| lost(server, &error))?;
            return Ok(results);
        }
    };
    transaction
        .commit()
        .await
        .map_err(|error| lost(server, &error))?;
    Ok(results)
}

async fn together(
    server: &Server,
    transaction: &Transaction<'_>,
    statements: &[Statement],
    changes: &Changes,
) -> Result<Vec<RowResult>, End> {
    let mut results = Vec::with_capacity(changes.rows.len());
    for rows in changes.rows.chunks(AHEAD) {
        let mut sent = Vec::with_capacity(rows.len());
        for (place, params) in rows {
            let Some(statement) = statements.get(*place) else {
                continue;
            };
            let params: Vec<Bound> = params.iter().map(Bound::of).collect();
            sent.push(transaction.execute_raw(statement, params));
        }
        let counts = try_join_all(sent).await;
        let counts = counts.map_err(|error| match refusal(&error) {
            Some(_) => End::Row,
            None => End::All(unsent(server, &error)),
        })?;
        results.extend(
            counts
                .into_iter()
                .map(|changed| RowResult::Done { changed }),
        );
    }
    Ok(results)
}

async fn singly(
    server: &Server,
    transaction: &Transaction<'_>,
    statements: &[Statement],
    changes: &Changes,
) -> Result<Vec<RowResult>, Failure> {
    let mark = async |text: &str| {
        let marked = transaction.batch_execute(text).await;
        marked.map_err(|error| unsent(server, &error))
    };
    let mut results = Vec::with_capacity(changes.rows.len());
    for (place, params) in &changes.rows {
        let Some(statement) = statements.get(*place) else {
            continue;
        };
        mark("SAVEPOINT row").await?;
        let params: Vec<Bound> = params.iter().map(Bound::of).collect();
        match transaction.execute_raw(statement, params).await {
            Ok(changed) => {
                mark("RELEASE SAVEPOINT row").await?;
                results.push(RowResult::Done { changed });
            }
            Err(error) => {
                let Some(refusal) = refusal(&error) else {
                    return Err(unsent(server, &error));
                };
                mark("ROLLBACK TO SAVEPOINT row").await?;
                results.push(RowResult::Refused(refusal));
            }
        }
    }
    Ok(results)
}

/// A refusal of this row's values, which another row need not share: data (22), constraints (23),
/// checks of views (44), what a trigger raises (P0).
fn refusal(error: &tokio_postgres::Error) -> Option<Refusal> {
    let said = error.as_db_error()?;
    let code = said.code().code();
    let about_row = matches!(code.get(..2), Some("22" | "23" | "44" | "P0"));
    about_row.then(|| Refusal {
        code: code.to_owned(),
        message: match said.detail() {
            Some(detail) => format!("{}: {detail}", said.message()),
            None => said.message().to_owned(),
        },
        column: said.column().map(str::to_owned),
    })
}

/// The transaction was not committed.
fn unsent(server: &Server, error: &tokio_postgres::Error) -> Failure {
    let mut said = problem(server, error);
    if error.as_db_error().is_none() {
        return Failure::Lost {
            problem: said,
            sent: false,
        };
    }
    if said.code == ErrorCode::ConnectorDenied {
        said.code = ErrorCode::SourcePermission; // a server that is a read-only copy
    }
    Failure::Undone(said)
}

/// The commit was on its way.
fn lost(server: &Server, error: &tokio_postgres::Error) -> Failure {
    match error.as_db_error() {
        // such as a deferred constraint: the server undid everything
        Some(_) => unsent(server, error),
        None => Failure::Lost {
            problem: problem(server, error),
            sent: true,
        },
    }
}
