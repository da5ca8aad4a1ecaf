//! Tables, views and queries of a database: PostgreSQL, MySQL and MariaDB, SQLite. Streams, keys and schemas
//! come out of the database's own catalogue; the configuration says what grows with a change.
//!
//! A span is read by one statement, so it sees one state of the data; its rows never enter this memory.
//! Changes are asked for from the newest cursor on, that value included: rows that share it can't be
//! missed, and what comes again is found unchanged by its content. A read goes on behind the last row's
//! cursor and key.
//!
//! | file | does |
//! |---|---|
//! | `config` | the configuration and what its schema can't say |
//! | `shape` | columns, key and cursor of a stream, asked of the database |
//! | `span`, `plan` | parts of a stream, and where the next run starts |
//! | `capture`, `logs` | the database's log instead of a cursor, and whether it can be read |
//! | `statement`, `read` | what a part is read by, page after page |

mod capture;
mod config;
mod logs;
mod plan;
mod read;
mod shape;
mod span;
mod statement;

use tributary_sdk::{
    CheckStep, Connection, Result, Selection, Source, StreamInfo, connections, serde_json, sql,
};
use tributary_sql_tables::catalog;
use tributary_sql_tables::dialect::Dialect;
use tributary_sql_tables::steps::{hinted, reached};

use config::{Config, Stream};
use shape::Shape;
use span::{Checkpoint, Span};

/// Label of the connection in the manifest.
const CONNECTION: &str = "database";

/// The connector.
pub struct Sql;

impl Source for Sql {
    type Config = Config;
    type Partition = Span;

    fn check(config: &Config) -> Result<Vec<CheckStep>> {
        if let Err(error) = config.check() {
            return Ok(vec![CheckStep::failed("configuration", &error)]);
        }
        let connection = connections::get(CONNECTION)?;
        let (dialect, mut steps) = match reached(&connection) {
            Ok(reached) => reached,
            Err(steps) => return Ok(steps),
        };
        if config.streams.is_empty() {
            let tables = catalog::tables(&connection, dialect);
            steps.push(match tables {
                Ok(tables) => CheckStep::ok("list", format!("{} tables and views", tables.len())),
                Err(error) => CheckStep::failed("list", &error),
            });
        }
        for (name, stream) in &config.streams {
            match first_row(&connection, dialect, name, stream) {
                Ok((said, shape)) => {
                    steps.push(CheckStep::ok(name, said));
                    if let Some(capture) = &stream.changes {
                        steps.extend(logs::check(&connection, &shape, (name, stream), capture));
                    }
                }
                Err(error) => {
                    let step = CheckStep::failed(name, &error);
                    let hint = "the account needs the right SELECT on what the stream reads";
                    steps.push(hinted(step, hint));
                    break;
                }
            }
        }
        Ok(steps)
    }

    fn discover(config: &Config) -> Result<Vec<StreamInfo>> {
        config.check()?;
        let connection = connections::get(CONNECTION)?;
        let dialect = Dialect::of(&connection)?;
        if config.streams.is_empty() {
            let tables = catalog::tables(&connection, dialect)?;
            let info = |table: &catalog::Table| {
                let stream = Stream::of_table(table.schema.as_deref(), &table.name);
                let from = dialect.table(table.schema.as_deref(), &table.name);
                let name = table.title();
                let shape = Shape::made(dialect, from, table, &name, &stream)?;
                Ok(info(&name, &shape, table.key.clone()))
            };
            return tables.iter().map(info).collect();
        }
        let mut streams = Vec::new();
        for (name, stream) in &config.streams {
            let shape = Shape::of(&connection, dialect, name, stream)?;
            let key = shape.key.iter().map(|column| column.name.clone()).collect();
            streams.push(info(name, &shape, key));
        }
        Ok(streams)
    }

    fn partitions(config: &Config, selection: &Selection) -> Result<Vec<Span>> {
        config.check()?;
        let stream = config.stream(&selection.stream)?;
        let connection = connections::get(CONNECTION)?;
        let dialect = Dialect::of(&connection)?;
        let shape = Shape::of(&connection, dialect, &selection.stream, &stream)?;
        plan::spans(&connection, &shape, &stream, selection)
    }

    fn read(config: &Config, selection: &Selection) -> Result<()> {
        let stream = config.stream(&selection.stream)?;
        let state = selection.resume(|last: &mut Checkpoint| &mut last.span)?;
        if state.done {
            return Ok(());
        }
        let connection = connections::get(CONNECTION)?;
        let dialect = Dialect::of(&connection)?;
        let shape = Shape::of(&connection, dialect, &selection.stream, &stream)?;
        match (&stream.changes, &state.span.until) {
            (Some(capture), Some(_)) => {
                capture::run(&connection, &shape, (&stream, capture), state)
            }
            _ => read::run(&connection, &shape, &stream, state),
        }
    }
}

fn info(name: &str, shape: &Shape, primary_key: Vec<String>) -> StreamInfo {
    StreamInfo {
        name: name.to_owned(),
        schema: shape.schema(),
        primary_key,
        cursor_field: match shape.captured {
            true => Some(format!("{}position", capture::PREFIX)),
            false => shape.cursor.as_ref().map(|cursor| cursor.name.clone()),
        },
        full: true,
        incremental: shape.captured || shape.cursor.is_some(),
        partitioned: !shape.key.is_empty(),
    }
}

/// What a stream would read, tried on one row.
fn first_row(
    connection: &Connection,
    dialect: Dialect,
    name: &str,
    stream: &Stream,
) -> Result<(String, Shape)> {
    let shape = Shape::of(connection, dialect, name, stream)?;
    let asked = statement::read(&shape, &Span::default(), None, None)?;
    let params = serde_json::to_string(&asked.params)?;
    sql::fetch(connection, &format!("{} LIMIT 1", asked.text), &params)?;
    let key: Vec<&str> = shape
        .key
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    let said = match key.is_empty() {
        true => format!(
            "{} columns, no key: a break begins anew",
            shape.columns.len()
        ),
        false => format!("{} columns, key {}", shape.columns.len(), key.join(", ")),
    };
    Ok((said, shape))
}

#[cfg(target_arch = "wasm32")]
tributary_sdk::export_source!(Sql);
