//! Rows of a target in one transaction. A row that is refused undoes itself and nothing else, so one
//! pass is enough.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Params};

use super::{params_problem, problem, values};
use crate::connection::sql::changes::{Changes, Failure, Refusal, RowResult};
use crate::connection::sql::link::Server;

/// Refusals of a row's values whose SQLSTATE is the general one.
const ABOUT_ROWS: [u16; 9] = [1265, 1292, 1364, 1366, 1411, 1690, 1644, 3819, 4025];

/// Does the changes.
pub(in crate::connection::sql) async fn transact(
    server: &Server,
    session: &mut Conn,
    changes: &Changes,
) -> Result<Vec<RowResult>, Failure> {
    let unsent = |error: Error| undone(server, &error, false);
    session
        .query_drop("START TRANSACTION READ WRITE")
        .await
        .map_err(unsent)?;
    let mut statements = Vec::new();
    for text in &changes.statements {
        statements.push(session.prep(text).await.map_err(unsent)?);
    }
    let mut results = Vec::with_capacity(changes.rows.len());
    for (place, params) in &changes.rows {
        let Some(statement) = statements.get(*place) else {
            continue;
        };
        let wanted = usize::from(statement.num_params());
        if wanted != params.len() {
            return Err(Failure::Undone(params_problem(wanted, params.len())));
        }
        let params = Params::Positional(params.iter().map(values::bound).collect());
        match session.exec_drop(statement, params).await {
            Ok(()) => results.push(RowResult::Done {
                changed: session.affected_rows(),
            }),
            Err(error) => match refusal(&error) {
                Some(refusal) => results.push(RowResult::Refused(refusal)),
                None => return Err(unsent(error)),
            },
        }
    }
    let committed = session.query_drop("COMMIT").await;
    committed.map_err(|error| undone(server, &error, true))?;
    Ok(results)
}

fn refusal(error: &Error) -> Option<Refusal> {
    let Error::Server(said) = error else {
        return None;
    };
    let class = said.state.get(..2);
    let about_row = matches!(class, Some("22" | "23" | "45")) || ABOUT_ROWS.contains(&said.code);
    about_row.then(|| Refusal {
        code: said.code.to_string(),
        message: said.message.clone(),
        column: None,
    })
}

/// A session that is dropped without a commit is undone by the server.
fn undone(server: &Server, error: &Error, committing: bool) -> Failure {
    let said = problem(server, error);
    match error {
        Error::Server(_) => Failure::Undone(said),
        _ => Failure::Lost {
            problem: said,
            sent: committing,
        },
    }
}
