//! Whether a database's log can be read for a stream: one step for each setting and right that is needed,
//! with the statement that mends what is missing.

use serde_json::Value;
use tributary_sdk::{CheckStep, Connection, Error, Result, sql};
use tributary_sql_tables::dialect::Dialect;
use tributary_sql_tables::steps::hinted;

use crate::capture::row;
use crate::config::{Capture, Stream, at};
use crate::shape::Shape;

/// What was found, or what is missing and how it is mended.
type Found = std::result::Result<String, (String, String)>;

type Step = fn(&Asked<'_>) -> Result<Found>;

struct Asked<'a> {
    connection: &'a Connection,
    shape: &'a Shape,
    name: &'a str,
    /// as a statement names it
    table: String,
    slot: &'a str,
    publication: &'a str,
}

/// The steps up to the first that failed.
pub fn check(
    connection: &Connection,
    shape: &Shape,
    (name, stream): (&str, &Stream),
    capture: &Capture,
) -> Vec<CheckStep> {
    let asked = Asked {
        connection,
        shape,
        name,
        table: shape.dialect.table(stream.schema.as_deref(), &shape.table),
        slot: capture.slot.as_deref().unwrap_or_default(),
        publication: capture.publication.as_deref().unwrap_or_default(),
    };
    let steps: &[(&str, Step)] = match shape.dialect {
        Dialect::Postgres => &[
            ("names", names),
            ("wal_level", wal_level),
            ("replication", replication),
            ("publication", publication),
            ("slot", slot),
            ("identity", identity),
        ],
        Dialect::Mysql => &[
            ("log_bin", log_bin),
            ("binlog_format", binlog_format),
            ("binlog_row_image", binlog_row_image),
            ("replication", replication_slave),
        ],
        // refused with the configuration
        Dialect::Sqlite => &[],
    };
    let mut done = Vec::new();
    for (title, step) in steps {
        let title = format!("{name}: {title}");
        let step = match step(&asked) {
            Ok(Ok(said)) => CheckStep::ok(&title, said),
            Ok(Err((said, hint))) => {
                let error = Error::config(&at(name, "changes"), said);
                hinted(CheckStep::failed(&title, &error), &hint)
            }
            Err(error) => CheckStep::failed(&title, &error),
        };
        let failed = !step.ok;
        done.push(step);
        if failed {
            break;
        }
    }
    done
}

/// The value of the answer's first row as text.
fn value(asked: &Asked<'_>, text: &str, params: &[&str]) -> Result<Option<String>> {
    let row = row(asked.connection, text, params)?;
    Ok(row.and_then(|row| match row.get("value")? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }))
}

fn missing(said: impl Into<String>, hint: impl Into<String>) -> Found {
    Err((said.into(), hint.into()))
}

fn names(asked: &Asked<'_>) -> Result<Found> {
    Ok(match asked.slot.is_empty() {
        true => missing(
            "PostgreSQL needs a slot and a publication",
            "name them in the stream's changes",
        ),
        false => Ok(format!(
            "slot {}, publication {}",
            asked.slot, asked.publication
        )),
    })
}

fn wal_level(asked: &Asked<'_>) -> Result<Found> {
    let level = value(asked, "SELECT current_setting('wal_level') AS value", &[])?;
    Ok(match level.as_deref() {
        Some("logical") => Ok("logical".to_owned()),
        other => missing(
            format!("wal_level is {}", other.unwrap_or("not known")),
            "ALTER SYSTEM SET wal_level = logical, then restart the server",
        ),
    })
}

fn replication(asked: &Asked<'_>) -> Result<Found> {
    let text = "SELECT r.rolname::text AS name, r.rolreplication OR r.rolsuper OR EXISTS (\
        SELECT FROM pg_catalog.pg_roles m WHERE m.rolname = 'rds_replication' \
        AND pg_catalog.pg_has_role(r.oid, m.oid, 'MEMBER')) AS value \
        FROM pg_catalog.pg_roles r WHERE r.rolname = current_user";
    let row = row(asked.connection, text, &[])?.unwrap_or_default();
    let name = row.get("name").and_then(Value::as_str).unwrap_or_default();
    Ok(match row.get("value") {
        Some(Value::Bool(true)) => Ok(format!("{name} may read the log")),
        _ => missing(
            format!("{name} may not read the log"),
            format!(
                "ALTER ROLE {} REPLICATION",
                asked.shape.dialect.quoted(name)
            ),
        ),
    })
}

fn publication(asked: &Asked<'_>) -> Result<Found> {
    let (publication, table) = (asked.publication, &asked.table);
    let text = "SELECT EXISTS (SELECT FROM pg_catalog.pg_publication_tables t, pg_catalog.pg_class c \
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE t.pubname = p.pubname \
        AND c.oid = pg_catalog.to_regclass($2) AND t.schemaname = n.nspname AND t.tablename = c.relname\
        )::text AS value FROM pg_catalog.pg_publication p WHERE p.pubname = $1";
    let found = value(asked, text, &[publication, table])?;
    Ok(match found.as_deref() {
        Some("true") => Ok(format!("{publication} has {table}")),
        Some(_) => missing(
            format!("the publication {publication} does not have {table}"),
            format!("ALTER PUBLICATION {publication} ADD TABLE {table}"),
        ),
        None => missing(
            format!("there is no publication {publication}"),
            format!("CREATE PUBLICATION {publication} FOR TABLE {table}"),
        ),
    })
}

fn slot(asked: &Asked<'_>) -> Result<Found> {
    let slot = asked.slot;
    let create = format!("SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')");
    let text = "SELECT CASE WHEN s.plugin IS DISTINCT FROM 'pgoutput' THEN 'it is not one of pgoutput' \
        WHEN s.database <> current_database() THEN 'it is one of another database' \
        WHEN s.wal_status = 'lost' THEN 'the server has given it up' ELSE 'ok' END AS value \
        FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = $1";
    let found = value(asked, text, &[slot])?;
    Ok(match found.as_deref() {
        Some("ok") => Ok(format!("{slot} keeps the log")),
        Some(wrong) => missing(
            format!("the slot {slot} can't be used: {wrong}"),
            format!("SELECT pg_drop_replication_slot('{slot}'), if nobody needs it, then {create}"),
        ),
        None => missing(format!("there is no slot {slot}"), create),
    })
}

fn identity(asked: &Asked<'_>) -> Result<Found> {
    let table = &asked.table;
    let text = "SELECT c.relreplident::text AS value, pg_catalog.array_to_json(ARRAY(\
        SELECT a.attname::text FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a \
        ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) WHERE i.indrelid = c.oid \
        AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident ELSE false END\
        )) AS columns FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass($1)";
    let row = row(asked.connection, text, &[table])?.unwrap_or_default();
    if row.get("value").and_then(Value::as_str) == Some("f") {
        return Ok(Ok("whole rows".to_owned()));
    }
    let told: Vec<&str> = match row.get("columns").and_then(Value::as_array) {
        Some(columns) => columns.iter().filter_map(Value::as_str).collect(),
        None => Vec::new(),
    };
    let key = asked.shape.key.iter().map(|column| column.name.as_str());
    let lost: Vec<&str> = key.filter(|name| !told.contains(name)).collect();
    Ok(match lost.is_empty() {
        true => Ok(format!(
            "deleted rows have {}; large values that an update does not touch are left out (REPLICA IDENTITY FULL tells them)",
            told.join(", ")
        )),
        false => missing(
            format!(
                "deleted rows of {} would not have {}",
                asked.name,
                lost.join(", ")
            ),
            format!("ALTER TABLE {table} REPLICA IDENTITY FULL"),
        ),
    })
}

fn log_bin(asked: &Asked<'_>) -> Result<Found> {
    let on = value(asked, "SELECT @@global.log_bin AS value", &[])?;
    Ok(match on.as_deref() {
        Some("1") => Ok("on".to_owned()),
        _ => missing(
            "the server writes no binary log",
            "put log_bin and server_id into its configuration and restart it",
        ),
    })
}

fn binlog_format(asked: &Asked<'_>) -> Result<Found> {
    let format = value(asked, "SELECT @@global.binlog_format AS value", &[])?;
    Ok(match format.as_deref() {
        Some("ROW") => Ok("ROW".to_owned()),
        other => missing(
            format!("binlog_format is {}", other.unwrap_or("not known")),
            "SET GLOBAL binlog_format = 'ROW', and the same in the server's configuration; sessions that are open keep their own",
        ),
    })
}

fn binlog_row_image(asked: &Asked<'_>) -> Result<Found> {
    let image = value(asked, "SELECT @@global.binlog_row_image AS value", &[])?;
    Ok(match image.as_deref() {
        Some("FULL") => Ok("FULL".to_owned()),
        other => missing(
            format!("binlog_row_image is {}", other.unwrap_or("not known")),
            "SET GLOBAL binlog_row_image = 'FULL', and the same in the server's configuration",
        ),
    })
}

fn replication_slave(asked: &Asked<'_>) -> Result<Found> {
    let answer = sql::fetch(asked.connection, "SHOW GRANTS", "[]")?;
    let rows: Vec<Value> = serde_json::from_str(&answer)?;
    let texts = rows.iter().filter_map(Value::as_object);
    let mut grants = texts.flat_map(|row| row.values()).filter_map(Value::as_str);
    let everywhere = |grant: &str| {
        let (rights, _) = grant.split_once(" ON *.* ")?;
        let may = ["REPLICATION SLAVE", "REPLICATION REPLICA", "ALL PRIVILEGES"];
        may.iter().find(|right| rights.contains(**right)).copied()
    };
    Ok(match grants.find_map(everywhere) {
        Some(right) => Ok(format!("the account has {right}")),
        None => missing(
            "the account may not read the binary log",
            "GRANT REPLICATION SLAVE ON *.* TO the account",
        ),
    })
}
