//! What tables of MariaDB and MySQL went through, out of the binary log: a session that reads as a replica
//! does, up to the end of the log and no further.
//!
//! Invariants: nothing is registered that stays at the server; a log that was purged is `changes_gone`; the
//! log is read up to the place that was asked for, or the read fails.
//!
//! | file | does |
//! |---|---|
//! | `place` | file and byte |
//! | `columns` | the catalogue's side of a table, and values to JSON |
//! | `rows` | events to rows |

mod columns;
mod place;
mod rows;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use mysql_async::prelude::Queryable;
use mysql_async::{BinlogStream, BinlogStreamRequest, Conn, Row};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::super::capture::{Asked, BEAT, gone, mark, patient};
use super::super::link::Server;
use super::super::page::{PageSender, awaited, opened};
use super::{open, problem, stop};
use place::Place;
use rows::Rows;

/// ER_MASTER_FATAL_ERROR_READING_BINLOG: the file is not there any more, or not that long.
const NO_SUCH_PLACE: u16 = 1236;
/// How long a commit may be written and not be seen yet, where the server does not tell.
const SETTLE: Duration = Duration::from_secs(2);
/// Our number among the replicas: the session's own, in a range that people do not use.
const REPLICA: u32 = 0x7500_0000;

/// Where the log ends now.
pub(in super::super) async fn end(server: &Server) -> Result<String, Problem> {
    let mut session = open(server).await?;
    let (place, _) = committed(server, &mut session).await?;
    let _ = session.disconnect().await;
    Ok(place)
}

/// Where to read from after tables that are read whole from now on.
pub(in super::super) async fn start(server: &Server) -> Result<String, Problem> {
    let mut session = open(server).await?;
    settings(server, &mut session).await?;
    let (place, seen) = committed(server, &mut session).await?;
    if !seen {
        tokio::time::sleep(SETTLE).await;
    }
    let _ = session.disconnect().await;
    Ok(place)
}

/// Reads changes and sends their pages.
pub(in super::super) async fn read(server: Arc<Server>, asked: Asked, sender: PageSender) {
    let Some(session) = opened(&sender, open(&server)).await else {
        return;
    };
    let id = session.id();
    let reading = read_all(&server, session, &asked, &sender);
    awaited(&sender, reading, stop(&server, id)).await;
}

async fn read_all(
    server: &Server,
    mut session: Conn,
    asked: &Asked,
    sender: &PageSender,
) -> Result<(), Problem> {
    let (from, until) = (Place::parse(&asked.from)?, Place::parse(&asked.until)?);
    settings(server, &mut session).await?;
    let mut tables = Vec::new();
    for wanted in &asked.tables {
        let params = (wanted.schema.clone(), wanted.table.clone());
        let found: Result<Vec<Row>, _> = session.exec(columns::CATALOGUE, params).await;
        let found = found.map_err(|error| problem(server, &error))?;
        if found.is_empty() {
            let detail = format!(
                "{}: there is no table {:?} that the account may read",
                server.place(),
                wanted.table
            );
            return Err(Problem::new(ErrorCode::SourceNotFound, detail));
        }
        tables.push(columns::table(wanted, &found)?);
    }
    if from.reaches(&until) {
        let _ = sender.send(Ok(mark(&from.text()))).await;
        return Ok(());
    }
    let request = BinlogStreamRequest::new(REPLICA | (session.id() & 0x00ff_ffff))
        .with_filename(from.file.as_bytes())
        .with_pos(from.offset)
        .with_non_blocking();
    let stream = session.get_binlog_stream(request).await;
    let mut stream = stream.map_err(|error| unread(server, &from, &error))?;
    let mut rows = Rows::new(tables, from)?;
    let outcome = follow(server, &mut stream, &until, (&mut rows, sender)).await;
    // a link that is closed already is as good
    let _ = stream.close().await;
    outcome
}

/// Takes events up to a place.
async fn follow(
    server: &Server,
    stream: &mut BinlogStream,
    until: &Place,
    (rows, sender): (&mut Rows, &PageSender),
) -> Result<(), Problem> {
    let mut told = Instant::now();
    while !rows.place().reaches(until) {
        let place = rows.place().clone();
        let event = patient(stream.next(), sender, &place.text()).await;
        let Some(event) = event else {
            let detail = format!("the binary log ended at {}", place.text());
            return Err(server.broken(&detail));
        };
        let event = event.map_err(|error| unread(server, &place, &error))?;
        let mut pages = rows.take(&event, |id| stream.get_tme(id).cloned())?;
        if told.elapsed() >= BEAT && pages.is_empty() {
            pages.extend(rows.cut());
            pages.push(mark(&rows.place().text()));
        }
        for page in pages {
            told = Instant::now();
            if sender.send(Ok(page)).await.is_err() {
                return Ok(());
            }
        }
    }
    for page in rows.cut().into_iter().chain([mark(&rows.place().text())]) {
        if sender.send(Ok(page)).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// The end of the last transaction, and whether everybody sees it: MariaDB tells the place behind the last
/// commit that is done; MySQL tells where the log ends, which may be ahead of that.
async fn committed(server: &Server, session: &mut Conn) -> Result<(String, bool), Problem> {
    let failed = |error: mysql_async::Error| problem(server, &error);
    let text =
        "SHOW STATUS WHERE Variable_name IN ('Binlog_snapshot_file', 'Binlog_snapshot_position')";
    let told: Vec<(String, String)> = session.query(text).await.map_err(failed)?;
    let of = |name: &str| {
        let mut found = told
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found
            .next()
            .map(|(_, value)| value.clone())
            .filter(|value| !value.is_empty())
    };
    if let (Some(file), Some(offset)) = (of("Binlog_snapshot_file"), of("Binlog_snapshot_position"))
    {
        return Ok((format!("{file}:{offset}"), true));
    }
    let row: Option<Row> = match session.query_first("SHOW BINARY LOG STATUS").await {
        Ok(row) => row,
        Err(_) => session
            .query_first("SHOW MASTER STATUS")
            .await
            .map_err(failed)?,
    };
    let text = |index| row.as_ref().and_then(|row| row.get::<String, _>(index));
    match (text(0), text(1)) {
        (Some(file), Some(offset)) => Ok((format!("{file}:{offset}"), false)),
        _ => Err(wrong(server, "writes no binary log", LOG_BIN)),
    }
}

const LOG_BIN: &str = "put log_bin and server_id into the server's configuration and restart it";

/// What the log must hold for rows to be told from it.
async fn settings(server: &Server, session: &mut Conn) -> Result<(), Problem> {
    let text = "SELECT @@global.log_bin, @@global.binlog_format, @@global.binlog_row_image";
    let row: Option<(u8, String, String)> = session
        .query_first(text)
        .await
        .map_err(|error| problem(server, &error))?;
    let (on, format, image) = row.unwrap_or_default();
    if on == 0 {
        return Err(wrong(server, "writes no binary log", LOG_BIN));
    }
    if format != "ROW" {
        let said = format!("writes its binary log as {format}, not by rows");
        return Err(wrong(server, &said, "SET GLOBAL binlog_format = 'ROW'"));
    }
    if image != "FULL" {
        let said = format!("writes its binary log with the row image {image}");
        return Err(wrong(server, &said, "SET GLOBAL binlog_row_image = 'FULL'"));
    }
    Ok(())
}

fn wrong(server: &Server, said: &str, hint: &str) -> Problem {
    let detail = format!("{} {said}", server.place());
    Problem::new(ErrorCode::ConfigInvalid, detail).hint(hint)
}

fn unread(server: &Server, place: &Place, error: &mysql_async::Error) -> Problem {
    match error {
        mysql_async::Error::Server(said) if said.code == NO_SUCH_PLACE => gone(format!(
            "{}: the binary log does not have {} any more: {}",
            server.place(),
            place.text(),
            said.message
        )),
        error => problem(server, error),
    }
}
