//! Databases: queries for sources, changes for targets; PostgreSQL, MySQL and MariaDB, SQLite.
//!
//! A query has a session of its own and runs beside its reader ([`page`]); what a target sends is one
//! transaction ([`calls`]). Decision 0016 says why the drivers are these.
//!
//! Invariants: guests hold neither address nor account; values are bound, never put into a statement by
//! the host; a query changes nothing ([`statement`]); only checked addresses are dialled ([`link`]); only
//! files of the tenant's own folder are opened ([`sqlite`]).
//!
//! | file | does |
//! |---|---|
//! | `statement` | what a guest hands over, and which statements pass |
//! | `link` | socket, TLS, trust |
//! | `postgres`, `mysql`, `sqlite` | a file or folder per database: session, rows, changes |
//! | `page`, `json` | rows to pages of NDJSON, values to JSON |
//! | `capture` | what tables went through, out of the database's own log |
//! | `changes`, `calls` | a target's batch, in the words of HTTP |

mod calls;
mod capture;
mod changes;
mod json;
mod link;
mod mysql;
mod page;
mod postgres;
mod sqlite;
mod statement;

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use tributary_model::document::{ConnectionDocument, Endpoint, SqlDriver};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::credential::{Redactor, Secrets};
use super::other_side::QueryAnswer;
use super::{ConnectionPorts, config_problem};
pub(crate) use capture::{Asked, Log};
use link::Server;
pub(crate) use page::{SqlPage, SqlRows};
pub(crate) use statement::Statement;

/// Largest answer that a guest may look at, rows and bytes.
const MAX_FETCH_ROWS: u32 = 10_000;
const MAX_FETCH_BYTES: usize = 4 << 20;
/// Rows of a page that is played: few, so that reads that are killed between pages can be tried.
const PLAYED_ROWS: usize = 10;

/// A database. What it says is looked through for our secrets, as an answer of an API is.
pub(crate) struct SqlEndpoint {
    database: Database,
    redactor: Arc<Redactor>,
}

enum Database {
    Postgres(Arc<Server>),
    Mysql(Arc<Server>),
    Sqlite(Arc<sqlite::File>),
}

impl SqlEndpoint {
    /// Of a document whose endpoint is a database.
    pub(crate) fn of(
        document: &ConnectionDocument,
        secrets: &Secrets,
        ports: &ConnectionPorts,
    ) -> Result<Self, Problem> {
        let Endpoint::Sql {
            driver,
            host,
            port,
            database,
            tls,
            auth,
        } = &document.endpoint
        else {
            return Err(config_problem(
                "/endpoint/kind",
                "the endpoint is no database",
            ));
        };
        if database.is_empty() {
            let detail = "the database has no name";
            return Err(config_problem("/endpoint/database", detail));
        }
        let place = (
            host.as_str(),
            port.unwrap_or(driver.usual_port()),
            database.as_str(),
        );
        let server = || Server::new(place, tls, auth, secrets, &ports.egress).map(Arc::new);
        let database = match driver {
            SqlDriver::Postgres => Database::Postgres(server()?),
            SqlDriver::Mysql => Database::Mysql(server()?),
            SqlDriver::Sqlite => {
                let folder: Option<&Path> = ports.databases.as_deref();
                Database::Sqlite(Arc::new(sqlite::File::new(folder, database)?))
            }
        };
        let redactor = Arc::new(Redactor::new(secrets));
        Ok(Self { database, redactor })
    }

    fn covered(&self, mut problem: Problem) -> Problem {
        problem.detail = self.redactor.text(&problem.detail);
        problem
    }

    /// Begins a query. What fails before its first page fails here.
    pub(crate) async fn query(&self, statement: Statement) -> Result<SqlRows, Problem> {
        let started = match &self.database {
            Database::Postgres(server) => {
                let server = Arc::clone(server);
                SqlRows::start(|sender| postgres::query(server, statement, sender)).await
            }
            Database::Mysql(server) => {
                let server = Arc::clone(server);
                SqlRows::start(|sender| mysql::query(server, statement, sender)).await
            }
            Database::Sqlite(file) => {
                let file = Arc::clone(file);
                SqlRows::start(|sender| async move {
                    let work = move || sqlite::query(&file, &statement, &sender);
                    // It tells of its failures itself.
                    let _ = tokio::task::spawn_blocking(work).await;
                })
                .await
            }
        };
        let rows = started.map_err(|problem| self.covered(problem))?;
        Ok(rows.covered(&self.redactor))
    }
}

impl SqlEndpoint {
    /// Where the log ends now.
    pub(crate) async fn log_end(&self) -> Result<String, Problem> {
        let end = match &self.database {
            Database::Postgres(server) => postgres::capture::end(server).await,
            Database::Mysql(server) => mysql::capture::end(server).await,
            Database::Sqlite(_) => Err(capture::none()),
        };
        end.map_err(|problem| self.covered(problem))
    }

    /// Where to read changes from, after tables that are read whole from now on.
    pub(crate) async fn log_start(&self, log: &Log) -> Result<String, Problem> {
        let start = match &self.database {
            Database::Postgres(server) => postgres::capture::start(server, log).await,
            Database::Mysql(server) => mysql::capture::start(server).await,
            Database::Sqlite(_) => Err(capture::none()),
        };
        start.map_err(|problem| self.covered(problem))
    }

    /// Lets the database drop its log before a place.
    pub(crate) async fn log_release(&self, log: &Log, until: &str) -> Result<(), Problem> {
        let released = match &self.database {
            Database::Postgres(server) => postgres::capture::release(server, log, until).await,
            // keeps its log as long as it is told, whoever reads it
            Database::Mysql(_) => Ok(()),
            Database::Sqlite(_) => Err(capture::none()),
        };
        released.map_err(|problem| self.covered(problem))
    }

    /// Begins a read of changes. What fails before its first page fails here.
    pub(crate) async fn changes(&self, asked: Asked) -> Result<SqlRows, Problem> {
        let started = match &self.database {
            Database::Postgres(server) => {
                let server = Arc::clone(server);
                SqlRows::start(|sender| postgres::capture::read(server, asked, sender)).await
            }
            Database::Mysql(server) => {
                let server = Arc::clone(server);
                SqlRows::start(|sender| mysql::capture::read(server, asked, sender)).await
            }
            Database::Sqlite(_) => Err(capture::none()),
        };
        let rows = started.map_err(|problem| self.covered(problem))?;
        Ok(rows.covered(&self.redactor))
    }
}

/// A small answer as one JSON array of objects.
pub(crate) async fn fetch(mut rows: SqlRows) -> Result<String, Problem> {
    let mut count = 0;
    let mut text = String::from("[");
    while let Some(page) = rows.next().await? {
        count += page.rows;
        if count > MAX_FETCH_ROWS || text.len() + page.bytes.len() > MAX_FETCH_BYTES {
            let detail = format!(
                "an answer that is looked at has more than {MAX_FETCH_ROWS} rows or {MAX_FETCH_BYTES} bytes"
            );
            let problem = Problem::new(ErrorCode::ConnectorLimit, detail);
            return Err(problem.hint("query for rows instead, which stay in the host"));
        }
        for line in String::from_utf8_lossy(&page.bytes).lines() {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(line);
        }
    }
    text.push(']');
    Ok(text)
}

/// The rows of an answer that is played.
pub(crate) async fn played(answer: QueryAnswer) -> Result<SqlRows, Problem> {
    let lines: Vec<&[u8]> = answer.rows.split_inclusive(|byte| *byte == b'\n').collect();
    let page = |lines: &[&[u8]]| SqlPage {
        rows: u32::try_from(lines.len()).unwrap_or(u32::MAX),
        bytes: Bytes::from(lines.concat()),
        mark: None,
    };
    let pages = lines.chunks(PLAYED_ROWS).map(page).collect();
    SqlRows::of(pages, answer.broken).await
}
