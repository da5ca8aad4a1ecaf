//! PostgreSQL: a session on a link of ours, rows through a portal in one read-only transaction.
//!
//! Invariants: a query sees one state of the data from its first to its last row; the server is told to
//! stop a query that nobody waits for; no message larger than [`frames`] allows is taken.

pub(super) mod capture;
mod changes;
mod frames;
mod values;

use std::sync::Arc;

use futures_util::TryStreamExt;
use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_postgres::config::SslMode;
use tokio_postgres::{CancelToken, Client, Config, IsolationLevel, NoTls};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::link::Server;
use super::page::{PageSender, PageWriter, awaited, opened};
use super::statement::Statement;
use crate::connection::{CONNECT_TIMEOUT, config_problem};
pub(super) use changes::transact;
use frames::{Limited, Link};
use values::{Bound, Raw};

/// Rows that are asked for at a time; the time limit of a statement starts anew with each.
const FETCH_ROWS: i32 = 5_000;
/// A statement may take as long as a call of a guest into the host; a lock is waited for less long, since
/// the platform tries again by itself.
const SETTINGS: &str = "SET statement_timeout = 60000; SET lock_timeout = 20000; SET TimeZone = 'UTC'; \
     SET default_transaction_read_only = on";

/// A session; ends at the server when it is dropped.
pub(super) struct Session {
    client: Client,
}

/// Logs in.
pub(super) async fn open(server: &Server) -> Result<Session, Problem> {
    tokio::time::timeout(CONNECT_TIMEOUT, connect(server))
        .await
        .unwrap_or_else(|_| Err(server.late("did not finish the login")))
}

async fn connect(server: &Server) -> Result<Session, Problem> {
    let link = Limited::new(link(server).await?);
    let mut config = Config::new();
    config
        .user(&server.user)
        .password(server.password.expose_secret())
        .dbname(&server.database)
        .application_name("tributary")
        // the link is protected already, or meant to be in clear
        .ssl_mode(SslMode::Disable);
    let connected = config.connect_raw(link, NoTls).await;
    let (client, connection) = connected.map_err(|error| problem(server, &error))?;
    tokio::spawn(async move {
        // What breaks here is met by who waits for an answer.
        let _ = connection.await;
    });
    let set = client.batch_execute(SETTINGS).await;
    set.map_err(|error| problem(server, &error))?;
    Ok(Session { client })
}

/// The socket, with TLS by the server's own request ("SSLRequest", PostgreSQL manual, "SSL Session
/// Encryption").
async fn link(server: &Server) -> Result<Box<dyn Link>, Problem> {
    const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
    let mut stream: TcpStream = server.dial().await?;
    let Some(trust) = &server.tls else {
        return Ok(Box::new(stream));
    };
    let mut answer = [0];
    let asked = async {
        stream.write_all(&SSL_REQUEST).await?;
        stream.read_exact(&mut answer).await
    };
    asked.await.map_err(|error| server.broken(&error))?;
    if answer != *b"S" {
        return Err(server.distrusted(&"the server has no TLS"));
    }
    let config = trust.config().map_err(|error| server.distrusted(&error))?;
    let connector = tokio_rustls::TlsConnector::from(config);
    let tls = connector.connect(trust.name()?, stream).await;
    match tls {
        Ok(tls) => Ok(Box::new(tls)),
        Err(error) if error.get_ref().is_some() => Err(server.distrusted(&error)),
        Err(error) => Err(server.broken(&error)),
    }
}

/// Runs a query and sends its pages.
pub(super) async fn query(server: Arc<Server>, statement: Statement, sender: PageSender) {
    let Some(mut session) = opened(&sender, open(&server)).await else {
        return;
    };
    let token = session.client.cancel_token();
    let reading = read(&server, &mut session.client, &statement, &sender);
    awaited(&sender, reading, stop(&server, token)).await;
}

/// Asks the server to end what the session does. If that fails, its statement time-out ends it.
async fn stop(server: &Server, token: CancelToken) {
    let asked = async {
        let link = link(server).await.ok()?;
        token.cancel_query_raw(link, NoTls).await.ok()
    };
    let _ = tokio::time::timeout(CONNECT_TIMEOUT, asked).await;
}

async fn read(
    server: &Server,
    client: &mut Client,
    statement: &Statement,
    sender: &PageSender,
) -> Result<(), Problem> {
    let failed = |error: tokio_postgres::Error| problem(server, &error);
    let transaction = client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await
        .map_err(failed)?;
    let prepared = transaction.prepare(&statement.text).await.map_err(failed)?;
    let wanted = prepared.params().len();
    if wanted != statement.params.len() {
        return Err(params_problem(wanted, statement.params.len()));
    }
    let names = prepared.columns().iter().map(|column| column.name());
    let mut writer = PageWriter::new(names)?;
    for column in prepared.columns() {
        values::check(column.name(), column.type_())?;
    }
    let params: Vec<Bound> = statement.params.iter().map(Bound::of).collect();
    let portal = transaction
        .bind_raw(&prepared, params)
        .await
        .map_err(failed)?;
    loop {
        let rows = transaction.query_portal_raw(&portal, FETCH_ROWS).await;
        let mut rows = std::pin::pin!(rows.map_err(failed)?);
        let mut count = 0;
        while let Some(row) = rows.try_next().await.map_err(failed)? {
            count += 1;
            write_row(&row, &mut writer)?;
            if let Some(page) = writer.end_row()?
                && sender.send(Ok(page)).await.is_err()
            {
                return Ok(());
            }
        }
        if count < FETCH_ROWS {
            break;
        }
    }
    if let Some(page) = writer.finish() {
        let _ = sender.send(Ok(page)).await;
    }
    Ok(())
}

fn write_row(row: &tokio_postgres::Row, writer: &mut PageWriter) -> Result<(), Problem> {
    for (index, column) in row.columns().iter().enumerate() {
        let raw: Option<Raw<'_>> = row.try_get(index).ok().flatten();
        let written = values::write(column.type_(), raw.map(|raw| raw.0), writer.value());
        if written.is_none() {
            let detail = format!(
                "a value of the column {:?} is not of its type {}",
                column.name(),
                column.type_().name()
            );
            return Err(Problem::new(ErrorCode::SourceProtocol, detail));
        }
    }
    Ok(())
}

pub(super) fn params_problem(wanted: usize, given: usize) -> Problem {
    let detail = format!("the statement has places for {wanted} parameters, {given} were given");
    Problem::new(ErrorCode::ConfigInvalid, detail)
}

/// What a failure means. The server's own words are the message: they hold names of the tenant's own
/// database and, at most, its own values.
fn problem(server: &Server, error: &tokio_postgres::Error) -> Problem {
    let Some(said) = error.as_db_error() else {
        let cause =
            std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
        return server.broken(&cause);
    };
    let state = said.code().code();
    let code = code_of(state);
    let detail = format!("{}: {} ({state})", server.place(), said.message());
    match code {
        ErrorCode::ConfigInvalid => Problem::new(code, detail)
            .hint("correct the statement, or the names in the configuration"),
        ErrorCode::ConnectionAuth => config_auth(detail),
        code => Problem::new(code, detail),
    }
}

fn config_auth(detail: String) -> Problem {
    let mut problem = config_problem("/endpoint/auth", detail);
    problem.code = ErrorCode::ConnectionAuth;
    let info = problem.code.info();
    info.hint.clone_into(&mut problem.hint);
    problem.owner = info.owner;
    problem
}

/// SQLSTATE (PostgreSQL manual, appendix A) to the platform's codes.
fn code_of(state: &str) -> ErrorCode {
    match state {
        "42501" => ErrorCode::SourcePermission,
        "42P01" | "3F000" | "3D000" => ErrorCode::SourceNotFound,
        "57014" => ErrorCode::ConnectionTimeout,
        "25006" => ErrorCode::ConnectorDenied,
        _ => match state.get(..2) {
            Some("28") => ErrorCode::ConnectionAuth,
            Some("42" | "0A" | "26") => ErrorCode::ConfigInvalid,
            Some("22") => ErrorCode::ConfigInvalid,
            // connections, resources, interference of an operator, system errors, serialization
            Some("08" | "53" | "57" | "58" | "40" | "55") => ErrorCode::ConnectionUnreachable,
            _ => ErrorCode::SourceProtocol,
        },
    }
}
