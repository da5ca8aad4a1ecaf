//! Records as rows of a table: PostgreSQL, MySQL and MariaDB, SQLite. A record replaces the row of its key, so
//! the same batch sent twice has one effect.
//!
//! The host does the writing (contract: `POST transaction` on a connection with a database): all rows of
//! a batch in one transaction, those that the database refuses left out and told one by one.

mod config;
mod prepare;
mod settle;
mod statements;

use tributary_sdk::{
    Batch, Call, CheckStep, Error, ErrorKind, Result, RowOutcome, Target, TargetResponse,
    connections,
};
use tributary_sql_tables::catalog;
use tributary_sql_tables::dialect::Dialect;
use tributary_sql_tables::steps::{hinted, reached};

use config::Config;

/// Label of the connection in the manifest.
const CONNECTION: &str = "database";

/// The connector.
pub struct SqlTarget;

impl Target for SqlTarget {
    type Config = Config;

    /// Looks only: whether the account may write shows when it does.
    fn check(config: &Config) -> Result<Vec<CheckStep>> {
        if let Err(error) = config.check() {
            return Ok(vec![CheckStep::failed("configuration", &error)]);
        }
        let connection = connections::get(CONNECTION)?;
        let (dialect, mut steps) = match reached(&connection) {
            Ok(reached) => reached,
            Err(steps) => return Ok(steps),
        };
        if dialect != config.dialect() {
            let message = "the connection's database speaks another SQL than `dialect` says";
            let error = Error::config("/config/dialect", message);
            steps.push(CheckStep::failed("dialect", &error));
            return Ok(steps);
        }
        let found = catalog::table(
            &connection,
            dialect,
            config.schema.as_deref(),
            &config.table,
        );
        steps.push(match found.and_then(|table| fits(config, dialect, table)) {
            Ok(said) => CheckStep::ok("table", said),
            Err(error) => {
                let hint = "the account needs the rights SELECT, INSERT, UPDATE (and DELETE) on it";
                hinted(CheckStep::failed("table", &error), hint)
            }
        });
        Ok(steps)
    }

    fn prepare(config: &Config, batch: &Batch, keys: &[String]) -> Result<Vec<Call>> {
        config.check()?;
        prepare::calls(config, &batch.data, keys)
    }

    fn settle(config: &Config, call: &Call, response: &TargetResponse) -> Result<Vec<RowOutcome>> {
        settle::outcomes(config, call, response)
    }
}

fn fits(config: &Config, dialect: Dialect, table: Option<catalog::Table>) -> Result<String> {
    let Some(table) = table else {
        let message = format!(
            "there is no table {:?} that the account may read",
            config.table
        );
        let mut error = Error::new(ErrorKind::NotFound, message);
        error.field = Some("/config/table".to_owned());
        return Err(error);
    };
    for (index, column) in config.columns.iter().enumerate() {
        let field = format!("/config/columns/{index}");
        table.needed(column.name(), &field)?;
        if column.bytes() && dialect == Dialect::Sqlite {
            return Err(Error::config(&field, "SQLite has no bytes out of base64"));
        }
    }
    let mut key = config.key.clone();
    let mut primary = table.key.clone();
    key.sort();
    primary.sort();
    let kind = match key == primary {
        true => "its primary key",
        // PostgreSQL and SQLite refuse a key without a unique index when they are written to
        false if dialect == Dialect::Mysql => {
            let message = "the key is not the table's primary key: MySQL would replace by that one";
            return Err(Error::config("/config/key", message));
        }
        false => "which needs a unique index",
    };
    Ok(format!(
        "{} has {} of the columns; the key is {}, {kind}",
        table.title(),
        config.columns.len(),
        config.key.join(", ")
    ))
}

#[cfg(target_arch = "wasm32")]
tributary_sdk::export_target!(SqlTarget);
