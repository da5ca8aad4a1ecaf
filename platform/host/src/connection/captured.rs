//! Changes of a database behind a connection: asked of the database itself, or played. A played one answers
//! to statements that no database has, so a cassette keeps them among the queries.

use serde_json::{Value, json};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::sql::{self, Asked, Log, SqlRows};
use super::{Connection, OtherSide, Protocol};

/// How a cassette names what is asked of a log.
const END: &str = "CHANGES END";
const START: &str = "CHANGES START";
const RELEASE: &str = "CHANGES RELEASE";
const READ: &str = "CHANGES READ";

impl Connection {
    /// Where the log of the database behind it ends now.
    pub(crate) async fn log_end(&self, log: &Log) -> Result<String, Problem> {
        match &self.endpoint {
            Protocol::Sql(sql) => sql.log_end().await,
            Protocol::Played(other) => place(other.as_ref(), END, json!([log])).await,
            _ => Err(self.wrong_kind("sql")),
        }
    }

    /// Where to read changes from, after tables that are read whole from now on.
    pub(crate) async fn log_start(&self, log: &Log) -> Result<String, Problem> {
        match &self.endpoint {
            Protocol::Sql(sql) => sql.log_start(log).await,
            Protocol::Played(other) => place(other.as_ref(), START, json!([log])).await,
            _ => Err(self.wrong_kind("sql")),
        }
    }

    /// Lets the database drop its log before a place.
    pub(crate) async fn log_release(&self, log: &Log, until: &str) -> Result<(), Problem> {
        match &self.endpoint {
            Protocol::Sql(sql) => sql.log_release(log, until).await,
            Protocol::Played(other) => {
                let params = json!([log, until]).to_string();
                other.query(RELEASE, &params).await.map(|_| ())
            }
            _ => Err(self.wrong_kind("sql")),
        }
    }

    /// Begins a read of changes. What fails before its first page fails here.
    pub(crate) async fn changes(&self, asked: Asked) -> Result<SqlRows, Problem> {
        match &self.endpoint {
            Protocol::Sql(sql) => sql.changes(asked).await,
            Protocol::Played(other) => {
                let params = json!([asked.log, asked.tables, asked.from, asked.until]);
                sql::played(other.query(READ, &params.to_string()).await?).await
            }
            _ => Err(self.wrong_kind("sql")),
        }
    }

    /// What a recorder asks in a cassette's words; `None`: this is no question to a log.
    pub(super) async fn recorded(
        &self,
        statement: &str,
        params: &str,
    ) -> Option<Result<SqlRows, Problem>> {
        match statement {
            END | START | RELEASE | READ => Some(self.asked_anew(statement, params).await),
            _ => None,
        }
    }

    async fn asked_anew(&self, statement: &str, params: &str) -> Result<SqlRows, Problem> {
        let params: Vec<Value> = serde_json::from_str(params).unwrap_or_default();
        let param = |index: usize| params.get(index).cloned().unwrap_or_default();
        let text = |index: usize| param(index).as_str().unwrap_or_default().to_owned();
        let log = Log::parse(&param(0).to_string())?;
        let answer = match statement {
            END => json!({ "position": self.log_end(&log).await? }),
            START => json!({ "position": self.log_start(&log).await? }),
            // a recording is no run: what it read stays where it is
            RELEASE => json!({}),
            _ => {
                let (tables, from, until) = (param(1).to_string(), text(2), text(3));
                let asked = Asked::parse(&param(0).to_string(), &tables, (&from, &until))?;
                return self.changes(asked).await;
            }
        };
        let rows = format!("{answer}\n").into_bytes().into();
        sql::played(super::QueryAnswer { rows, broken: None }).await
    }
}

/// A position that is played.
async fn place(other: &dyn OtherSide, statement: &str, params: Value) -> Result<String, Problem> {
    let answer = other.query(statement, &params.to_string()).await?;
    if let Some(problem) = answer.broken {
        return Err(problem);
    }
    let said = || {
        let line = answer.rows.split(|byte| *byte == b'\n').next()?;
        let row: Value = serde_json::from_slice(line).ok()?;
        Some(row.get("position")?.as_str()?.to_owned())
    };
    said().ok_or_else(|| {
        let detail = format!("the answer to {statement:?} has no position");
        Problem::new(ErrorCode::SourceProtocol, detail)
    })
}
