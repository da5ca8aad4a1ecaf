//! What tables of PostgreSQL went through, by logical decoding over plain SQL: the customer's slot keeps the
//! log, a temporary copy of it reads, so a read changes nothing that the next one needs.
//!
//! Invariants: the customer's slot moves in [`release`] only; a read that breaks leaves nothing behind (the
//! copy ends with its session); a transaction comes whole, in the order of the commits, or not at all. A
//! place in the log that the slot no longer keeps is `changes_gone`, never a silent gap.
//!
//! | file | does |
//! |---|---|
//! | `pgoutput` | bytes to messages |
//! | `rows` | messages to rows |
//! | `text` | printed values to JSON |

mod pgoutput;
mod rows;
mod text;

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::super::capture::{Asked, CapturedTable, Log, gone, mark, patient};
use super::super::link::Server;
use super::super::page::{PageSender, awaited, opened};
use super::values::Raw;
use super::{FETCH_ROWS, Session, open, problem, stop};
use rows::{Rows, Table, lsn_text};
use text::Types;

/// How the session prints values; what [`text`] reads.
///
/// A statement may take long, since a transaction is decoded whole: who waits for it hears of it meanwhile
/// ([`patient`]).
const SETTINGS: &str = "SET DateStyle = 'ISO, MDY'; SET IntervalStyle = 'iso_8601'; \
     SET bytea_output = 'hex'; SET extra_float_digits = 1; SET lc_monetary = 'C'; \
     SET statement_timeout = 3600000";
/// Log that one statement goes through; more where it has no rows for us, so that a transaction longer
/// than this is not looked through again and again.
const STEP_BYTES: u64 = 256 << 20;
/// How long transactions that were under way are waited for before a table is read whole.
const SETTLE: Duration = Duration::from_secs(10);
const SETTLE_PAUSE: Duration = Duration::from_millis(50);
const SLOT: &str = "SELECT s.slot_type, s.plugin::text, s.database = pg_catalog.current_database(), s.wal_status, \
     s.confirmed_flush_lsn::text FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = $1::text::name";
const TABLE: &str = "SELECT c.oid, n.nspname::text, c.relkind = 'p' AND NOT p.pubviaroot, \
     EXISTS (SELECT FROM pg_catalog.pg_publication_tables t WHERE t.pubname = p.pubname \
     AND t.schemaname = n.nspname AND t.tablename = c.relname) \
     FROM pg_catalog.pg_publication p, pg_catalog.pg_class c \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE p.pubname = $1::text::name AND c.relname = $2::text::name AND c.relkind IN ('r', 'p') \
     AND CASE WHEN $3::text IS NULL THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname = $3::text::name END";
const BASES: &str = "SELECT oid, typbasetype FROM pg_catalog.pg_type WHERE typtype = 'd' UNION ALL \
     SELECT oid, CASE typname WHEN 'citext' THEN 25::oid ELSE 1009::oid END FROM pg_catalog.pg_type \
     WHERE oid >= 16384 AND typname IN ('citext', '_citext')";
const COPY: &str = "SELECT slot_name::text FROM pg_catalog.pg_copy_logical_replication_slot($1::text::name, \
     ('tributary_read_' || pg_catalog.pg_backend_pid())::name, true)";
const ADVANCE: &str =
    "SELECT FROM pg_catalog.pg_replication_slot_advance($1::text::name, $2::text::pg_lsn)";
const CHANGES: &str = "SELECT data FROM pg_catalog.pg_logical_slot_get_binary_changes($1::text::name, \
     $2::text::pg_lsn, NULL, 'proto_version', '1', 'publication_names', pg_catalog.quote_ident($3::text))";

/// Where the log ends now.
pub(in super::super) async fn end(server: &Server) -> Result<String, Problem> {
    let session = open(server).await?;
    Ok(lsn_text(flushed(server, &session.client).await?))
}

/// Where to read from after tables that are read whole from now on: a query that begins after this sees
/// every transaction whose commit is written before the place.
pub(in super::super) async fn start(server: &Server, log: &Log) -> Result<String, Problem> {
    let failed = |error: tokio_postgres::Error| problem(server, &error);
    let session = open(server).await?;
    let client = &session.client;
    let kept = slot(server, client, log).await?;
    let place = flushed(server, client).await?;
    // A commit can be written and not be seen yet: whoever wrote one before the place is still among
    // those under way now, or is seen by everybody.
    let newest = "SELECT pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot())";
    let newest: i64 = client.query_one(newest, &[]).await.map_err(failed)?.get(0);
    let oldest = "SELECT pg_catalog.txid_snapshot_xmin(pg_catalog.txid_current_snapshot())";
    let deadline = tokio::time::Instant::now() + SETTLE;
    loop {
        let under_way: i64 = client.query_one(oldest, &[]).await.map_err(failed)?.get(0);
        if under_way >= newest {
            return Ok(lsn_text(place));
        }
        if tokio::time::Instant::now() >= deadline {
            // A long one: then from where the slot keeps the log, which is surely before it.
            return Ok(lsn_text(kept.min(place)));
        }
        tokio::time::sleep(SETTLE_PAUSE).await;
    }
}

/// Lets the server drop the log before a place.
pub(in super::super) async fn release(
    server: &Server,
    log: &Log,
    until: &str,
) -> Result<(), Problem> {
    let session = open(server).await?;
    let client = &session.client;
    let kept = slot(server, client, log).await?;
    let until = lsn(until)?;
    if until <= kept || until > flushed(server, client).await? {
        return Ok(());
    }
    let (slot, _) = names(log)?;
    let mut reached = kept;
    while reached < until {
        // in steps: what was done stays done if the time is not enough
        reached = reached.saturating_add(STEP_BYTES).min(until);
        let moved = client.execute(ADVANCE, &[&slot, &lsn_text(reached)]).await;
        moved.map_err(|error| problem(server, &error))?;
    }
    Ok(())
}

/// Reads changes and sends their pages.
pub(in super::super) async fn read(server: Arc<Server>, asked: Asked, sender: PageSender) {
    let Some(mut session) = opened(&sender, open(&server)).await else {
        return;
    };
    let token = session.client.cancel_token();
    let reading = read_all(&server, &mut session, &asked, &sender);
    awaited(&sender, reading, stop(&server, token)).await;
}

async fn read_all(
    server: &Server,
    session: &mut Session,
    asked: &Asked,
    sender: &PageSender,
) -> Result<(), Problem> {
    let failed = |error: tokio_postgres::Error| problem(server, &error);
    let client = &mut session.client;
    let (from, until) = (lsn(&asked.from)?, lsn(&asked.until)?);
    let (slot_name, publication) = names(&asked.log)?;
    let kept = slot(server, client, &asked.log).await?;
    let end = flushed(server, client).await?;
    if from < kept || from > end {
        return Err(out_of_reach(server, &asked.log, (from, kept, end)));
    }
    let mut tables = Vec::new();
    for wanted in &asked.tables {
        tables.push(table(server, client, publication, wanted).await?);
    }
    client.batch_execute(SETTINGS).await.map_err(failed)?;
    let mut rows = Rows::new(tables, types(server, client).await?)?;
    let copy = client.query_one(COPY, &[&slot_name]).await;
    let copy: String = copy.map_err(failed)?.get(0);
    let place = lsn_text(from);
    let params: [&(dyn ToSql + Sync); 2] = [&copy, &place];
    let moved = patient(client.execute(ADVANCE, &params), sender, &asked.from).await;
    moved.map_err(failed)?;
    let mut reached = from;
    let mut step = STEP_BYTES;
    while reached < until {
        let upto = reached.saturating_add(step).min(until);
        let place = (copy.as_str(), (reached, upto), publication);
        if !step_through(server, client, place, &mut rows, sender).await? {
            return Ok(());
        }
        step = match rows.take_any() {
            true => STEP_BYTES,
            false => step.saturating_mul(2),
        };
        reached = upto;
        // Whatever was committed before this place is in the pages: from here a read can go on.
        for page in rows.cut().into_iter().chain([mark(&lsn_text(reached))]) {
            if sender.send(Ok(page)).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// One statement's part of the log; false if nobody wants more.
async fn step_through(
    server: &Server,
    client: &mut Client,
    (slot, (from, until), publication): (&str, (u64, u64), &str),
    rows: &mut Rows,
    sender: &PageSender,
) -> Result<bool, Problem> {
    let failed = |error: tokio_postgres::Error| problem(server, &error);
    let (from, until) = (lsn_text(from), lsn_text(until));
    let transaction = client.transaction().await.map_err(failed)?;
    let prepared = transaction.prepare(CHANGES).await.map_err(failed)?;
    let params: [&(dyn ToSql + Sync); 3] = [&slot, &until, &publication];
    let portal = transaction.bind(&prepared, &params).await.map_err(failed)?;
    loop {
        let answer = transaction.query_portal_raw(&portal, FETCH_ROWS).await;
        let mut answer = std::pin::pin!(answer.map_err(failed)?);
        let mut count = 0;
        // the server decodes before its first row comes
        let mut next = patient(answer.try_next(), sender, &from).await;
        while let Some(row) = next.map_err(failed)? {
            count += 1;
            let data: Option<Raw<'_>> = row.try_get(0).ok().flatten();
            for page in rows.take(data.map_or(&[], |data| data.0))? {
                if sender.send(Ok(page)).await.is_err() {
                    return Ok(false);
                }
            }
            next = answer.try_next().await;
        }
        if count < FETCH_ROWS {
            break;
        }
    }
    transaction.commit().await.map_err(failed)?;
    Ok(true)
}

/// Where the log ends; only the server that writes one has it.
async fn flushed(server: &Server, client: &Client) -> Result<u64, Problem> {
    let statement = "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL \
         ELSE pg_catalog.pg_current_wal_flush_lsn()::text END";
    let row = client.query_one(statement, &[]).await;
    let place: Option<String> = row.map_err(|error| problem(server, &error))?.get(0);
    match place {
        Some(place) => lsn(&place),
        None => Err(settings(
            server,
            "is a standby, whose log is not decoded here",
            "take the primary's address for this connection",
        )),
    }
}

/// The place from which the customer's slot keeps the log.
async fn slot(server: &Server, client: &Client, log: &Log) -> Result<u64, Problem> {
    let (name, _) = names(log)?;
    let create = format!("SELECT pg_create_logical_replication_slot('{name}', 'pgoutput')");
    let found = client.query_opt(SLOT, &[&name]).await;
    let Some(row) = found.map_err(|error| problem(server, &error))? else {
        let said = format!("has no replication slot {name:?}");
        return Err(settings(server, &said, &format!("create it: {create}")));
    };
    let text = |row: &Row, index| row.get::<_, Option<String>>(index).unwrap_or_default();
    let here: Option<bool> = row.get(2);
    if text(&row, 0) != "logical" || text(&row, 1) != "pgoutput" || here != Some(true) {
        let said = format!(
            "has a slot {name:?} that is not a logical one of pgoutput in the database {:?}",
            server.database
        );
        return Err(settings(
            server,
            &said,
            &format!("create another one: {create}"),
        ));
    }
    if text(&row, 3) == "lost" {
        let detail = format!(
            "{}: the slot {name:?} was given up by the server, because it kept more log than max_slot_wal_keep_size",
            server.place()
        );
        return Err(gone(detail).hint(format!(
            "drop the slot (SELECT pg_drop_replication_slot('{name}')), {create}, then run the integration once in full"
        )));
    }
    lsn(&text(&row, 4))
}

/// A table in the publication.
async fn table(
    server: &Server,
    client: &Client,
    publication: &str,
    wanted: &CapturedTable,
) -> Result<Table, Problem> {
    let params: [&(dyn ToSql + Sync); 3] = [&publication, &wanted.table, &wanted.schema];
    let found = client.query_opt(TABLE, &params).await;
    let found = found.map_err(|error| problem(server, &error))?;
    let name = match &wanted.schema {
        Some(schema) => format!("{schema}.{}", wanted.table),
        None => wanted.table.clone(),
    };
    let Some(row) = found else {
        let said = format!("has no publication {publication:?}, or no table {name:?}");
        let hint = format!("create it: CREATE PUBLICATION {publication} FOR TABLE {name}");
        return Err(settings(server, &said, &hint));
    };
    if row.get::<_, bool>(2) {
        let said = format!("publishes {name:?} by its partitions");
        let hint =
            format!("ALTER PUBLICATION {publication} SET (publish_via_partition_root = true)");
        return Err(settings(server, &said, &hint));
    }
    if !row.get::<_, bool>(3) {
        let said = format!("does not publish the table {name:?} in {publication:?}");
        let hint = format!("ALTER PUBLICATION {publication} ADD TABLE {name}");
        return Err(settings(server, &said, &hint));
    }
    Ok(Table {
        oid: row.get(0),
        schema: row.get(1),
        asked: wanted.clone(),
    })
}

async fn types(server: &Server, client: &Client) -> Result<Types, Problem> {
    let rows = client.query(BASES, &[]).await;
    let rows = rows.map_err(|error| problem(server, &error))?;
    Ok(Types {
        bases: rows.iter().map(|row| (row.get(0), row.get(1))).collect(),
    })
}

/// Slot and publication.
fn names(log: &Log) -> Result<(&str, &str), Problem> {
    match (&log.slot, &log.publication) {
        (Some(slot), Some(publication)) => Ok((slot, publication)),
        _ => {
            let detail = "changes of PostgreSQL need the names of a slot and a publication";
            Err(Problem::new(ErrorCode::ConfigInvalid, detail))
        }
    }
}

fn settings(server: &Server, said: &str, hint: &str) -> Problem {
    let detail = format!("{} {said}", server.place());
    Problem::new(ErrorCode::ConfigInvalid, detail).hint(hint)
}

fn out_of_reach(server: &Server, log: &Log, (from, kept, end): (u64, u64, u64)) -> Problem {
    let slot = log.slot.as_deref().unwrap_or_default();
    let place = server.place();
    gone(match from < kept {
        true => format!(
            "{place}: the slot {slot:?} keeps the log from {} on, and changes from {} on are needed: somebody else has moved it",
            lsn_text(kept),
            lsn_text(from)
        ),
        false => format!(
            "{place}: the log ends at {}, and changes from {} on are needed: this is another server than last time, or an older state of it",
            lsn_text(end),
            lsn_text(from)
        ),
    })
}

/// A place as it is written: two numbers in base 16.
fn lsn(text: &str) -> Result<u64, Problem> {
    let read = || {
        let (high, low) = text.split_once('/')?;
        let high = u32::from_str_radix(high, 16).ok()?;
        let low = u32::from_str_radix(low, 16).ok()?;
        Some(u64::from(high) << 32 | u64::from(low))
    };
    read().ok_or_else(|| {
        let detail = format!("{text:?} is no place in the log of PostgreSQL");
        Problem::new(ErrorCode::ConnectorFailed, detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_they_are_written() {
        for text in ["0/0", "0/16B3748", "16/B374D848", "FFFFFFFF/FFFFFFFF"] {
            assert_eq!(lsn_text(lsn(text).unwrap()), text);
        }
        for text in ["", "0", "/", "0/x", "100000000/0", "binlog.000001:4"] {
            assert!(lsn(text).is_err(), "{text}");
        }
    }
}
