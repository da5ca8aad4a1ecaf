//! MySQL and MariaDB: rows of one statement in one read-only transaction.
//!
//! Invariants: the driver dials addresses that egress checked just before, and no other way (no local
//! socket); it never hands a file of ours to the server (`LOAD DATA LOCAL` has no handler); a query that
//! nobody waits for is killed at the server; a packet has a limit.

pub(super) mod capture;
mod changes;
mod values;

use std::sync::Arc;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder, Params, SslOpts};
use secrecy::ExposeSecret;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::link::Server;
use super::page::{PageSender, PageWriter, awaited, opened};
use super::statement::Statement;
use crate::connection::CONNECT_TIMEOUT;
pub(super) use changes::transact;

/// Largest packet: a row as it comes.
const MAX_PACKET: usize = 16 << 20;
/// How long the driver believes in an idle link; sessions here are not kept.
const IDLE_SECONDS: usize = 600;
/// Instants in UTC; what does not fit is refused, not cut; the server waits for a slow reader.
const SETTINGS: &str = "SET SESSION time_zone = '+00:00', \
     sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), net_write_timeout = 3600, \
     innodb_lock_wait_timeout = 20";
const READ_ONLY: &str = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
const SNAPSHOT: &str = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

/// Logs in.
pub(super) async fn open(server: &Server) -> Result<Conn, Problem> {
    let opening = async {
        let mut session = Conn::new(options(server).await?)
            .await
            .map_err(|error| problem(server, &error))?;
        let set = session.query_drop(SETTINGS).await;
        set.map_err(|error| problem(server, &error))?;
        Ok(session)
    };
    tokio::time::timeout(CONNECT_TIMEOUT, opening)
        .await
        .unwrap_or_else(|_| Err(server.late("did not finish the login")))
}

/// The addresses are resolved and checked here, each time; the driver takes them as they are.
async fn options(server: &Server) -> Result<Opts, Problem> {
    let addresses = server.egress.resolve(&server.host, server.port).await;
    let addresses = addresses.map_err(|error| error.problem())?;
    let ips: Vec<std::net::IpAddr> = addresses.iter().map(std::net::SocketAddr::ip).collect();
    let tls = server.tls.as_ref().map(|trust| {
        // The driver takes the process' provider; either is aws-lc-rs.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        SslOpts::default()
            .with_disable_built_in_roots(true)
            .with_root_certs(
                trust
                    .roots()
                    .iter()
                    .map(|root| root.to_vec().into())
                    .collect(),
            )
            .with_danger_tls_hostname_override(Some(trust.server_name().to_owned()))
    });
    let options = OptsBuilder::default()
        .ip_or_hostname(server.host.clone())
        .resolved_ips(Some(ips))
        .tcp_port(server.port)
        .user(Some(server.user.clone()))
        .pass(Some(server.password.expose_secret().to_owned()))
        .db_name(Some(server.database.clone()))
        .prefer_socket(false)
        .tcp_nodelay(true)
        .stmt_cache_size(64)
        .max_allowed_packet(Some(MAX_PACKET))
        .wait_timeout(Some(IDLE_SECONDS))
        .tcp_keepalive(Some(Duration::from_secs(20)))
        .ssl_opts(tls);
    Ok(options.into())
}

/// Runs a query and sends its pages.
pub(super) async fn query(server: Arc<Server>, statement: Statement, sender: PageSender) {
    let Some(mut session) = opened(&sender, open(&server)).await else {
        return;
    };
    let id = session.id();
    let reading = read(&server, &mut session, &statement, &sender);
    awaited(&sender, reading, stop(&server, id)).await;
}

/// Ends what a session does, from another one: the protocol has no other way.
pub(super) async fn stop(server: &Server, id: u32) {
    let asked = async {
        let mut other = open(server).await.ok()?;
        other.query_drop(format!("KILL {id}")).await.ok()?;
        other.disconnect().await.ok()
    };
    let _ = tokio::time::timeout(CONNECT_TIMEOUT, asked).await;
}

async fn read(
    server: &Server,
    session: &mut Conn,
    statement: &Statement,
    sender: &PageSender,
) -> Result<(), Problem> {
    let failed = |error: mysql_async::Error| problem(server, &error);
    session.query_drop(READ_ONLY).await.map_err(failed)?;
    session.query_drop(SNAPSHOT).await.map_err(failed)?;
    let prepared = session.prep(&statement.text).await.map_err(failed)?;
    let wanted = usize::from(prepared.num_params());
    if wanted != statement.params.len() {
        return Err(params_problem(wanted, statement.params.len()));
    }
    let params = Params::Positional(statement.params.iter().map(values::bound).collect());
    let mut result = session.exec_iter(prepared, params).await.map_err(failed)?;
    let columns = result.columns().unwrap_or_default();
    let names: Vec<String> = columns.iter().map(|c| c.name_str().into_owned()).collect();
    let mut writer = PageWriter::new(names.iter().map(String::as_str))?;
    while let Some(row) = result.next().await.map_err(failed)? {
        for (index, column) in columns.iter().enumerate() {
            let value = row.as_ref(index).unwrap_or(&mysql_async::Value::NULL);
            values::write(column, value, writer.value());
        }
        if let Some(page) = writer.end_row()?
            && sender.send(Ok(page)).await.is_err()
        {
            return Ok(());
        }
    }
    if let Some(page) = writer.finish() {
        let _ = sender.send(Ok(page)).await;
    }
    Ok(())
}

fn params_problem(wanted: usize, given: usize) -> Problem {
    let detail = format!("the statement has places for {wanted} parameters, {given} were given");
    Problem::new(ErrorCode::ConfigInvalid, detail)
}

/// What a failure means.
fn problem(server: &Server, error: &mysql_async::Error) -> Problem {
    use mysql_async::{DriverError, Error, IoError};
    match error {
        Error::Server(said) => {
            let detail = format!("{}: {} ({})", server.place(), said.message, said.code);
            let code = code_of(said.code, &said.state);
            match code {
                ErrorCode::ConnectionAuth => Problem::new(code, detail).at("/endpoint/auth"),
                code => Problem::new(code, detail),
            }
        }
        Error::Io(IoError::Tls(cause)) => server.distrusted(cause),
        Error::Io(IoError::Io(cause))
            if cause.get_ref().is_some_and(|e| e.is::<rustls::Error>()) =>
        {
            server.distrusted(cause)
        }
        Error::Driver(DriverError::NoClientSslFlagFromServer) => {
            server.distrusted(&"the server has no TLS")
        }
        Error::Driver(DriverError::UnknownAuthPlugin { name }) => {
            let detail = format!(
                "{} asks for a login by {name:?}, which is not spoken here",
                server.place()
            );
            Problem::new(ErrorCode::ConnectionAuth, detail).at("/endpoint/auth")
        }
        Error::Driver(DriverError::PacketTooLarge) => {
            let detail = format!("{}: a row has more than {MAX_PACKET} bytes", server.place());
            Problem::new(ErrorCode::RowTooLarge, detail).hint("leave large columns out")
        }
        other => server.broken(other),
    }
}

/// Error numbers (MariaDB Server documentation, "MariaDB Error Codes"; the same in MySQL) and SQLSTATE.
fn code_of(number: u16, state: &str) -> ErrorCode {
    match number {
        1045 | 1044 | 1698 | 1820 | 1862 => ErrorCode::ConnectionAuth,
        1142 | 1143 | 1227 | 1370 => ErrorCode::SourcePermission,
        1049 | 1146 => ErrorCode::SourceNotFound,
        1792 | 1290 => ErrorCode::ConnectorDenied,
        1317 | 1969 | 3024 => ErrorCode::ConnectionTimeout,
        // too many sessions, shutdown, lock waits, deadlocks, killed
        1040 | 1053 | 1203 | 1205 | 1213 | 1226 | 1927 => ErrorCode::ConnectionUnreachable,
        _ => match state.get(..2) {
            Some("42" | "22") => ErrorCode::ConfigInvalid,
            Some("08" | "40") => ErrorCode::ConnectionUnreachable,
            _ => ErrorCode::SourceProtocol,
        },
    }
}
